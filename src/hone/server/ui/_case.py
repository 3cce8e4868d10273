"""Cases of a comparison: by how much each changed, and one of them with both answers and what differs between them."""

from collections.abc import Sequence

from msgspec import Struct

from hone.core import Change, diff, text_in
from hone.evals import Run
from hone.store import Result

_SHOWN = 200  # characters of an input in a row
_ALIKE = 0.3  # the share of common words under which marks on every word would only be in the way
_LONGEST = 8_000  # characters; the words of longer answers are not compared, since that takes quadratic time


class CaseRow(Struct, frozen=True, kw_only=True):
    """One example under both. `change` is a less b, `better` whether that is an improvement, None for a tie."""

    id: str
    input: str
    a: float
    b: float
    change: float
    better: bool | None


class Side(Struct, frozen=True, kw_only=True):
    """The answer of one variant to the case that is open. `changes` are against the other side's answer."""

    variant: str
    value: float
    output: str
    error: str | None
    reasons: dict[str, str]  # by metric
    trace_id: str | None
    seconds: float | None
    cost: float | None


class CaseView(Struct, frozen=True, kw_only=True):
    """The case that is open. `changes` lead from b's answer to a's; None where they are too long or too different for
    marks on words to say anything."""

    row: CaseRow
    input: str
    a: Side
    b: Side
    changes: list[Change] | None


def cases_of(run: Run, theirs: Run, a: str, b: str, metric: str) -> list[CaseRow]:
    """The cases that both have, the largest change first."""
    first, second = run.values(a, metric), theirs.values(b, metric)
    up = run.experiment.metrics[metric].direction == "up"
    inputs = {each.example: each.input for each in run.results if each.variant == a}
    rows = [
        _row(id, text_in(inputs[id])[:_SHOWN], float(first[id]), float(second[id]), up)
        for id in first  # noqa: A001
        if id in second
    ]
    return sorted(rows, key=lambda row: (-abs(row.change), row.better is not False, row.id))


def _row(id: str, text: str, a: float, b: float, up: bool) -> CaseRow:
    change = a - b
    return CaseRow(id=id, input=text, a=a, b=b, change=change, better=None if change == 0 else (change > 0) == up)


def opened(
    run: Run, theirs: Run, a: str, b: str, rows: Sequence[CaseRow], seen: Sequence[CaseRow], wanted: str | None
) -> CaseView | None:
    """The case that was asked for, else the first that is seen."""
    row = next((each for each in rows if each.id == wanted), next(iter(seen), None))
    if row is None:
        return None
    ours, others = _answer(run, a, row.id), _answer(theirs, b, row.id)
    return CaseView(
        row=row,
        input=text_in(ours.input),
        a=_side(ours, row.a),
        b=_side(others, row.b),
        changes=_changes(others.output, ours.output),
    )


def _changes(old: str, new: str) -> list[Change] | None:
    if max(len(old), len(new)) > _LONGEST:
        return None
    found = diff(old, new).changes
    same = sum(len(each.text.split()) for each in found if each.kind == "same")
    return found if same >= _ALIKE * max(len(old.split()), len(new.split())) else None


def _answer(run: Run, variant: str, example: str) -> Result:
    """The first one, where it was asked several times."""
    return min((e for e in run.results if (e.variant, e.example) == (variant, example)), key=lambda e: e.repeat)


def _side(answer: Result, value: float) -> Side:
    return Side(
        variant=answer.variant,
        value=value,
        output=answer.output,
        error=answer.error,
        reasons={each.name: each.explanation for each in answer.judgements if each.explanation},
        trace_id=answer.trace_id,
        seconds=answer.seconds,
        cost=answer.cost,
    )
