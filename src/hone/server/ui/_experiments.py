"""Experiments, and two variants of one compared: the verdict first, then the differences, then the cases."""

from collections.abc import Callable

from hone.core import text_in
from hone.evals import Run, load, sentence
from hone.local import House
from hone.server.ui._face import Asked
from hone.server.ui._shapes import CaseRow, ComparisonPage, ExperimentList
from hone.store import Result

_MOST = 100


def experiment_list(house: House) -> Callable[[Asked], ExperimentList]:
    def view(_: Asked) -> ExperimentList:
        return ExperimentList(house.experiments.latest(house.project.name, limit=_MOST))

    return view


def compared(house: House) -> Callable[[Asked], ComparisonPage]:
    """`?a=` against `?b=` by `?metric=`; by default another variant against the baseline, by the first metric."""

    def view(asked: Asked) -> ComparisonPage:
        run = load(house.experiments, house.project.name, asked.path["id"])
        a, b = _sides(run, asked.query.get("a"), asked.query.get("b"))
        metrics = [name for name, metric in run.experiment.metrics.items() if metric.kind in ("boolean", "number")]
        metric = asked.query.get("metric") or (metrics[0] if metrics else "")
        order = sorted(metrics, key=lambda name: name != metric)
        found = [run.compare(a, b, name) for name in order] if a != b else []
        return ComparisonPage(
            experiment=run.experiment,
            a=a,
            b=b,
            metric=metric,
            metrics=metrics,
            sentence=sentence(found[0]) if found else "",
            comparisons=found,
            cases=_cases(run, a, b, metric) if found else [],
        )

    return view


def _sides(run: Run, a: str | None, b: str | None) -> tuple[str, str]:
    names = run.variants
    b = b or ("baseline" if "baseline" in names and a != "baseline" else next(n for n in [*names, ""] if n != a))
    return a or next((name for name in names if name != b), b), b


def _cases(run: Run, a: str, b: str, metric: str) -> list[CaseRow]:
    """The cases that both have, the largest change first."""
    first, second = run.values(a, metric), run.values(b, metric)
    ours, theirs = _by_example(run, a), _by_example(run, b)
    rows = [
        CaseRow(
            id=key,
            input=text_in(ours[key].input),
            a=float(first[key]),
            b=float(second[key]),
            trace_a=ours[key].trace_id,
            trace_b=theirs[key].trace_id,
            reason=next((said.explanation for said in ours[key].judgements if said.name == metric), None),
        )
        for key in first
        if key in second
    ]
    return sorted(rows, key=lambda row: -abs(row.change))[:_MOST]


def _by_example(run: Run, variant: str) -> dict[str, Result]:
    return {each.example: each for each in run.results if each.variant == variant}
