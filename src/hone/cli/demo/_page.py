"""The report as one HTML file that needs nothing beside it: no script, no font, no picture from elsewhere."""

import os
from pathlib import Path

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hone.cli.demo import _picture
from hone.cli.demo._failures import KINDS, MEANING
from hone.cli.demo._project import CARELESS
from hone.cli.demo._story import Story
from hone.core import utc
from hone.errors import ProjectError
from hone.evals import sentence
from hone.server.ui import stylesheet


def page(story: Story) -> str:
    """The report. Every number that a test counts again stands in an element with `data-number`."""
    made = Environment(
        loader=PackageLoader("hone.cli.demo", "templates"),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {"share": _share, "sentence": sentence, "utc": utc}
    style = Markup(stylesheet())  # noqa: S704 - our own file
    return made.get_template("report.html").render(
        story=story, draw=_picture, style=style, kinds=KINDS, meaning=MEANING, careless=CARELESS,
        calls=_calls(story),
    )  # fmt: skip


def _share(value: float) -> str:
    return f"{value * 100:.1f} %"


def _calls(story: Story) -> dict[str, int]:
    """How many answers of live traffic each phase's variant was judged by."""
    return {f"{phase.name}/{one.name}": one.n for phase in story.phases for one in phase.variants}


def save(story: Story, path: Path) -> None:
    """Write the report whole or not at all.

    Raises:
        ProjectError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(page(story), encoding="utf-8")
        beside.replace(path)
    except OSError as problem:
        raise ProjectError(
            f"cannot write {path} ({problem.strerror})", hint="name another file with --report"
        ) from None
    finally:
        beside.unlink(missing_ok=True)


def as_json(story: Story, report: Path, project: Path | None) -> dict[str, object]:
    """What `--json` prints."""
    return {
        "questions": story.questions,
        "variants": story.variants,
        "comparison": story.turns[0].comparison,
        "released": story.released,
        "rolled_back": story.rolled_back,
        "report": str(report),
        "project": None if project is None else str(project),
        "run": story.run,
        "model": story.model,
        "chunks": story.chunks,
        "turns": [
            {
                "against": turn.against,
                "chosen": turn.chosen,
                "failures": turn.failures.counts,
                "dev": turn.dev,
                "held_out": turn.held_out,
                "comparison": turn.comparison,
                "released": turn.released,
            }
            for turn in story.turns
        ],
        "traffic": story.phases,
        "ab": story.ab,
        "canary": {name: value for name, value in msgspec.to_builtins(story.canary).items() if name != "right"},
        "seconds": round(story.seconds, 1),
        "cost": story.cost,
    }
