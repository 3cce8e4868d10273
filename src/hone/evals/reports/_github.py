"""A run on GitHub: annotations where a case stands, and the summary of a job in Markdown.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from collections.abc import Iterator, Mapping, Sequence

from hone.core import text_in
from hone.evals.reports._story import Story
from hone.evals.statistics._compare import shown
from hone.store import Judgement, Result

_MOST = 10  # GitHub shows as many of each kind for a step
_SIGNS = {"pass": "✅", "fail": "❌", "cannot_tell": "❔", None: "📏"}


def annotations(told: Story, *, file: str | None = None, lines: Mapping[str, int] | None = None) -> list[str]:
    """Workflow commands: the verdict as a notice, a warning or an error, then the calls that failed and the wrong
    answers. `file` is the dataset's, `lines` where each example stands in it.
    """
    kind = {"fail": "error", "cannot_tell": "warning"}.get(told.verdict or "", "notice")
    made = [_command(kind, "hone evals", told.sentence)]
    found = list(_problems(told, file, lines or {}))
    left = len(found) - _MOST
    more = [_command("notice", "hone evals", f"{left} more cases are wrong: see the summary")] if left > 0 else []
    return [*made, *found[:_MOST], *more]


def _problems(told: Story, file: str | None, lines: Mapping[str, int]) -> Iterator[str]:
    task = told.run.experiment.task
    for each in told.failed:
        title = f"{task}@{each.variant} {each.example}: the call failed"
        yield _command("error", title, str(each.error), file, lines.get(each.example))
    for each, said in told.wrong:
        if each.error is None:
            names = ", ".join(one.name for one in said)
            title = f"{task}@{each.variant} {each.example}: {names}"
            yield _command("error", title, _why(each, said), file, lines.get(each.example))


def _why(result: Result, said: tuple[Judgement, ...]) -> str:
    reasons = "\n".join(one.explanation for one in said if one.explanation)
    return f"{text_in(result.input)[:200]}\n→ {result.output[:300]}\n{reasons[:300]}".rstrip()


def _command(kind: str, title: str, message: str, file: str | None = None, line: int | None = None) -> str:
    places = {"file": file, "line": None if file is None or line is None else str(line), "title": title}
    properties = ",".join(f"{name}={_property(value)}" for name, value in places.items() if value is not None)
    return f"::{kind} {properties}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def job_summary(told: Story) -> str:
    """Markdown for `$GITHUB_STEP_SUMMARY`: the verdict, the numbers with their intervals, the cases that changed."""
    at = told.run.experiment
    word = f"**{shown(told.verdict)}** · " if told.verdict else ""
    parts = [f"## {_SIGNS[told.verdict]} {_cell(at.task)} over {_cell(at.dataset)}", f"{word}{_cell(told.sentence)}"]
    parts += [f"It ended before all was asked: {_cell(at.note)}"] if at.note else []
    parts += [_cell(str(each)) for each in told.run.broken]
    parts += [_table(("variant", "metric", "mean", "95 % interval", "n"), _means(told))]
    if told.comparisons:
        columns = ("a", "b", "metric", "difference", "95 % interval", "p", "p of all", "verdict")
        parts.append(_table(columns, _differences(told)))
    changed = [case for case in told.cases if case.change]
    if changed:
        rows = [(case.example, case.input[:160], f"{case.change:+.3g}") for case in changed[:_MOST]]
        parts += [f"### Cases by change in {_cell(told.metric or '')}", _table(("case", "input", "change"), rows)]
    if told.failed:
        rows = [(each.variant, each.example, str(each.error)[:200]) for each in told.failed[:_MOST]]
        parts += [f"### {len(told.failed)} calls failed", _table(("variant", "case", "error"), rows)]
    return "\n\n".join(parts) + "\n"


def _means(told: Story) -> list[tuple[str, ...]]:
    means = [
        (each.variant, each.metric, _number(each.mean), _ends(each.low, each.high), str(each.n))
        for each in told.summaries
    ]
    whole = [
        (variant, each.name, _number(each.value), _ends(each.low, each.high), str(each.n))
        for variant, each in told.figures
    ]
    return [*means, *whole]


def _differences(told: Story) -> list[tuple[str, ...]]:
    return [
        (
            each.a,
            each.b,
            each.metric,
            _number(each.difference, "+"),
            _ends(each.low, each.high, "+"),
            _number(each.p),
            _number(adjusted),
            shown(each.verdict) if each is told.comparisons[0] else "",
        )
        for each, adjusted in zip(told.comparisons, told.adjusted, strict=True)
    ]


def _number(value: float | None, sign: str = "") -> str:
    return "" if value is None else f"{value:{sign}.4g}"


def _ends(low: float | None, high: float | None, sign: str = "") -> str:
    return "" if low is None or high is None else f"{low:{sign}.3g} to {high:{sign}.3g}"


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(_cell, row))} |" for row in rows)])


def _cell(text: str) -> str:
    """Text that can break neither the table nor the page."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for letter in "\\|`*_[]#@":
        flat = flat.replace(letter, f"\\{letter}" if letter != "@" else "@&#8203;")
    return flat
