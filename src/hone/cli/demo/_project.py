"""The project that the demonstration works on: questions about Python, answered from its own documentation."""

import shutil
from pathlib import Path

from msgspec import Struct

from hone.cli.demo._model import Chosen
from hone.errors import ProjectError

_FILES = Path(__file__).with_name("project")

TASK, METRIC, KNOWLEDGE = "answer", "correct", "stdlib"
QUESTIONS, FAILURES = "questions", "failures"
PRECISE, CARELESS = "precise", "careless"


class Idea(Struct, frozen=True, kw_only=True):
    """A variant that may be better, and why anybody would think so."""

    name: str
    settings: str  # in hone.toml
    about: str


class Ideas(Struct, frozen=True, kw_only=True):
    """What the two turns of the loop try, beside the edited prompt."""

    first: Idea
    second: Idea


BY_MEANING = Ideas(
    first=Idea(name="hybrid", settings='search = "hybrid"', about="that prompt, and search by words and meaning"),
    second=Idea(name="deeper", settings='search = "hybrid"\nk = 20', about="the same with 20 passages instead of 5"),
)
BY_WORDS = Ideas(
    first=Idea(name="wider", settings="k = 10", about="that prompt, and 10 passages instead of 5"),
    second=Idea(name="deeper", settings="k = 30", about="the same with 30 passages"),
)
"""Without the model of semantic search."""

_MARK = "# Written by `hone demo`, which writes it anew each time.\n"

_TOML = """\
{mark}project = "python-docs"

[models.{model.alias}]
{model.settings}

[tasks.answer]
input = {{ question = "string" }}
models = ["{model.alias}"]
prompt = "answer"
knowledge = "stdlib"
threshold = 0.2
metrics = ["correct"]

[tasks.answer.variants.precise]     # the prompt, edited
prompt = "answer-precise"

[tasks.answer.variants.{first.name}]
prompt = "answer-precise"
{first.settings}

[tasks.answer.variants.{second.name}]
prompt = "answer-precise"
{second.settings}

[tasks.answer.variants.careless]    # bad on purpose: what a slip in a prompt does
prompt = "answer-careless"

[knowledge.stdlib]
sources = ["python:stdlib"]

[metrics.correct]
kind = "boolean"
direction = "up"

[releases.answer]
production = {{ baseline = 1 }}
gate = {{ metric = "correct", not_worse_by = 0 }}
rollback = {{ error_rate = 0.2, p95 = "60s" }}
"""


def write(folder: Path, model: Chosen, ideas: Ideas) -> None:
    """Write the project; the files of an earlier demonstration are replaced, its `.hone` is kept.

    Raises:
        ProjectError: something else is in the folder, or it cannot be written.
    """
    try:
        _check_ours(folder)
        for source in (path for path in _FILES.rglob("*") if path.is_file()):
            target = folder / source.relative_to(_FILES)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        (folder / "hone.toml").write_text(
            _TOML.format(mark=_MARK, model=model, first=ideas.first, second=ideas.second), encoding="utf-8"
        )
    except OSError as problem:
        raise ProjectError(
            f"cannot write to {folder} ({problem.strerror})", hint="name another folder with --keep"
        ) from None


def _check_ours(folder: Path) -> None:
    """A folder is taken when it is new, empty, or holds an earlier demonstration."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    toml = folder / "hone.toml"
    if not toml.is_file() or not toml.read_text("utf-8", "replace").startswith(_MARK):
        raise ProjectError(f"{folder} holds something else", hint="name an empty folder with --keep")
