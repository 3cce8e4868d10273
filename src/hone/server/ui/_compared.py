"""Two variants compared case by case: the verdict first, then the differences, then the cases by how much changed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from hone.core import Change, diff, text_in
from hone.evals import Comparison, Run, Slice, load, sentence
from hone.local import House
from hone.server.ui._face import Asked
from hone.server.ui._kept import Kept
from hone.server.ui._plots import reach_of
from hone.store import Experiment, Result

SIZE = 50
_KEPT = 200  # comparisons
_LOOKED_AT = 200  # experiments, newest first
_SHOWN = 200  # characters of an input in a row
_ALIKE = 0.3  # the share of common words under which marks on every word would only be in the way
_LONGEST = 8_000  # characters; the words of longer answers are not compared, since that takes quadratic time

Show = Literal["all", "wins", "losses", "ties"]


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


class ForestGroup(Struct, frozen=True, kw_only=True):
    """Differences on one scale from -`reach` to `reach`: in points of a share, or relative to the mean of b."""

    unit: Literal["points", "percent"]
    reach: float
    rows: list["ForestRow"]


class ForestRow(Struct, frozen=True, kw_only=True):
    """`at`, `low` and `high` are the difference and its interval in the unit of the group."""

    comparison: Comparison
    at: float | None
    low: float | None
    high: float | None


class ComparisonPage(Struct, frozen=True, kw_only=True):
    """Variant `a` against variant `b`, which is of `other` where that is another experiment over the same examples.

    `cases` are of `metric`: page `page` of those that are shown, the largest change first.
    """

    experiment: Experiment
    other: Experiment | None
    others: list[Experiment]  # that could be compared with
    a: str
    b: str
    a_names: list[str]
    b_names: list[str]
    metric: str
    metrics: list[str]
    sentence: str
    comparisons: list[Comparison]  # the chosen metric first
    forest: list[ForestGroup]
    slices: list[Slice]
    show: Show
    counts: dict[str, int]  # wins, losses, ties
    cases: list[CaseRow]
    page: int
    pages: int
    open: CaseView | None


def compared(house: House) -> Callable[[Asked], ComparisonPage]:
    """`?a=` against `?b=` by `?metric=`, `?with=` another experiment; `?show=wins` and `?case=ID` say what is seen."""

    kept: Kept[Comparison] = Kept(_KEPT)

    def view(asked: Asked) -> ComparisonPage:
        run = load(house.experiments, house.project.name, asked.path["id"])
        others = _others(house, run.experiment)
        wanted = asked.query.get("with") or run.experiment.id
        theirs = run if wanted == run.experiment.id else load(house.experiments, house.project.name, wanted)
        a, b = _sides(run, theirs, asked.query.get("a"), asked.query.get("b"))
        metrics = _metrics(run, theirs)
        metric = asked.query.get("metric") or (metrics[0] if metrics else "")
        apart = bool(metrics) and (a != b or theirs is not run)
        order = sorted(metrics, key=lambda name: name != metric) if metric in metrics else [metric, *metrics]
        found = [_compared(kept, run, theirs, a, b, name) for name in order] if apart else []
        rows = _cases(run, theirs, a, b, metric) if found else []
        show = _show(asked.query.get("show"))
        seen = [each for each in rows if show in ("all", _outcome(each))]
        pages = max(1, -(-len(seen) // SIZE))
        at = min(max(1, asked.number("page", 1)), pages)
        return ComparisonPage(
            experiment=run.experiment,
            other=None if theirs is run else theirs.experiment,
            others=others,
            a=a,
            b=b,
            a_names=run.variants,
            b_names=theirs.variants,
            metric=metric,
            metrics=metrics,
            sentence=sentence(found[0]) if found else "",
            comparisons=found,
            forest=_forest(found, run.experiment),
            slices=run.slices(a, b, metric, other=theirs) if found else [],
            show=show,
            counts={name: sum(_outcome(each) == name for each in rows) for name in ("wins", "losses", "ties")},
            cases=seen[(at - 1) * SIZE : at * SIZE],
            page=at,
            pages=pages,
            open=_open(run, theirs, a, b, rows, asked.query.get("case")) if found else None,
        )

    return view


def _compared(kept: Kept[Comparison], run: Run, theirs: Run, a: str, b: str, metric: str) -> Comparison:
    """Made once for the same values: the test of many numbers takes a second, and a look at a case should not."""
    values = (tuple(side.values(name, metric).items()) for side, name in ((run, a), (theirs, b)))
    key = (run.experiment.id, theirs.experiment.id, a, b, metric, *map(hash, values))
    return kept.of(key, lambda: run.compare(a, b, metric, other=theirs))


def _others(house: House, at: Experiment) -> list[Experiment]:
    """Over the same examples, newest first."""
    known = house.experiments.latest(house.project.name, task=at.task, limit=_LOOKED_AT)
    same = (at.dataset_sha256, at.split)
    return [each for each in known if each.id != at.id and (each.dataset_sha256, each.split) == same]


def _metrics(run: Run, theirs: Run) -> list[str]:
    """Those that both have, of yes and no or of numbers."""
    known = run.experiment.metrics.items()
    return [name for name, each in known if each.kind in ("boolean", "number") and name in theirs.experiment.metrics]


def _sides(run: Run, theirs: Run, a: str | None, b: str | None) -> tuple[str, str]:
    """By default another variant against the baseline, or a variant against itself in the other experiment."""
    if theirs is not run:
        a = a or next(iter(run.variants), "")
        return a, b or (a if a in theirs.variants else next(iter(theirs.variants), ""))
    return pair(run, a, b)


def pair(run: Run, a: str | None = None, b: str | None = None) -> tuple[str, str]:
    """The two variants of a run that are compared when nobody says which; the same twice where there is one alone."""
    names = run.variants
    b = b or ("baseline" if "baseline" in names and a != "baseline" else next(n for n in [*names, ""] if n != a))
    return a or next((name for name in names if name != b), b), b


def _show(asked: str | None) -> Show:
    known: dict[str, Show] = {"wins": "wins", "losses": "losses", "ties": "ties"}
    return known.get(asked or "", "all")


def _outcome(row: CaseRow) -> Show:
    return "ties" if row.better is None else "wins" if row.better else "losses"


def _cases(run: Run, theirs: Run, a: str, b: str, metric: str) -> list[CaseRow]:
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


def _open(run: Run, theirs: Run, a: str, b: str, rows: Sequence[CaseRow], wanted: str | None) -> CaseView | None:
    """The case that was asked for, else that of the largest change."""
    row = next((each for each in rows if each.id == wanted), next(iter(rows), None))
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


def _forest(found: Sequence[Comparison], at: Experiment) -> list[ForestGroup]:
    """Shares on one scale, and what has a unit of its own relative to b, so that rows can be compared by eye."""
    shares = [each for each in found if _is_share(each, at)]
    rest = [each for each in found if each not in shares]
    points = [_scaled(each, 100.0) for each in shares]
    percent = [_scaled(each, 100.0 / abs(each.mean_b) if each.mean_b else None) for each in rest]
    groups: Mapping[Literal["points", "percent"], list[ForestRow]] = {"points": points, "percent": percent}
    return [
        ForestGroup(
            unit=unit,
            reach=reach_of([end for row in rows for end in (row.at, row.low, row.high) if end is not None]),
            rows=rows,
        )
        for unit, rows in groups.items()
        if rows
    ]


def _is_share(found: Comparison, at: Experiment) -> bool:
    if at.metrics[found.metric].kind == "boolean":
        return True
    means = (found.mean_a, found.mean_b)
    return found.metric not in ("latency", "cost") and all(each is not None and 0 <= each <= 1 for each in means)


def _scaled(found: Comparison, by: float | None) -> ForestRow:
    def scaled(value: float | None) -> float | None:
        return None if value is None or by is None else value * by

    return ForestRow(comparison=found, at=scaled(found.difference), low=scaled(found.low), high=scaled(found.high))
