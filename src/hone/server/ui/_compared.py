"""Two variants compared case by case: the verdict first, then the differences, then the cases by how much changed."""

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from hone.evals import Comparison, Run, Slice, load, sentence
from hone.local import House
from hone.server.ui._case import CaseRow, CaseView, cases_of, opened
from hone.server.ui._face import Asked
from hone.server.ui._forest import ForestGroup, also, forest
from hone.server.ui._kept import Kept
from hone.store import Experiment

SIZE = 50
_KEPT = 200  # comparisons
_LOOKED_AT = 200  # experiments, newest first

Show = Literal["all", "wins", "losses", "ties"]


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
    also: list[str]  # what else is surely so: of cost and latency
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
        metric = asked.query.get("metric") or run.settled_by or (metrics[0] if metrics else "")
        apart = bool(metrics) and (a != b or theirs is not run)
        order = sorted(metrics, key=lambda name: name != metric) if metric in metrics else [metric, *metrics]
        found = [_compared(kept, run, theirs, a, b, name) for name in order] if apart else []
        rows = cases_of(run, theirs, a, b, metric) if found else []
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
            also=also(found[1:]),
            comparisons=found,
            forest=forest(found, run.experiment),
            slices=run.slices(a, b, metric, other=theirs) if found else [],
            show=show,
            counts={name: sum(_outcome(each) == name for each in rows) for name in ("wins", "losses", "ties")},
            cases=seen[(at - 1) * SIZE : at * SIZE],
            page=at,
            pages=pages,
            open=opened(run, theirs, a, b, rows, seen[(at - 1) * SIZE :], asked.query.get("case")) if found else None,
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
