"""What every report tells, whatever its form: the verdict, the numbers, the cases that changed most, what failed."""

from collections.abc import Sequence

from msgspec import Struct

from hone.core import text_in
from hone.evals._case import Figure
from hone.evals._verdict import wrong as wrong_among
from hone.evals.runs._report import Run, Summary
from hone.evals.statistics._compare import Comparison, Verdict, sentence
from hone.evals.statistics._corrections import benjamini_hochberg
from hone.store import Judgement, Result

PASS = "pass"  # noqa: S105 - the metric of a test that adds up several assertions
_SHOWN = 20  # metrics that are compared


class Side(Struct, frozen=True, kw_only=True):
    """One variant's answer to a case."""

    variant: str
    output: str
    error: str | None
    judgements: tuple[Judgement, ...]
    wrong: tuple[str, ...]  # the names of those that say that it is wrong
    value: bool | float | None  # of the metric that the report is about


class Case(Struct, frozen=True, kw_only=True):
    """One example with its answers. `change` is the first variant's value minus the second's."""

    example: str
    input: str
    sides: tuple[Side, ...]
    change: float | None


class Story(Struct, frozen=True, kw_only=True):
    """A run as it is told. `verdict` is None where nothing is compared."""

    run: Run
    metric: str | None  # that the verdict and the order of the cases are about
    verdict: Verdict | None
    sentence: str
    summaries: tuple[Summary, ...]
    figures: tuple[tuple[str, Figure], ...]  # numbers of a variant as a whole, each with its variant
    comparisons: tuple[Comparison, ...]  # the first is the one that the verdict is about
    adjusted: tuple[float | None, ...]  # their p values, corrected for how many they are (Benjamini-Hochberg)
    cases: tuple[Case, ...]  # the largest change first; wrong ones first where there is one variant
    failed: tuple[Result, ...]
    wrong: tuple[tuple[Result, tuple[Judgement, ...]], ...]  # answers that fail a metric of right and wrong


def story(run: Run, comparison: Comparison | None = None) -> Story:
    """The story of a run. With a `comparison` it is about that one; else the first variant against the second, if there
    is one, in the metric `pass` where tests have one, else the first.
    """
    metric = comparison.metric if comparison else _metric(run)
    compared = _comparisons(run, comparison, metric)
    first = compared[0] if compared else None
    return Story(
        run=run,
        metric=metric,
        verdict=first.verdict if first else None,
        sentence=sentence(first) if first else _alone(run, metric),
        summaries=tuple(run.summaries()),
        figures=tuple((variant, each) for variant, found in run.figures.items() for each in found),
        comparisons=tuple(compared),
        adjusted=_adjusted([each.p for each in compared]),
        cases=tuple(_cases(run, metric, first)),
        failed=tuple(run.errors),
        wrong=tuple((each, found) for each in run.results if (found := wrong(run, each))),
    )


def wrong(run: Run, result: Result) -> tuple[Judgement, ...]:
    """The judgements that say that an answer is wrong: `pass` where tests add up assertions, else every metric of
    right and wrong that is about the answer."""
    known = run.experiment.metrics
    deciding = {PASS: known[PASS]} if PASS in known else known
    return tuple(wrong_among(deciding, result.judgements))


def _metric(run: Run) -> str | None:
    known = run.experiment.metrics
    if run.settled_by is not None:
        return run.settled_by
    return PASS if PASS in known else next(iter(known), None)


def _comparisons(run: Run, given: Comparison | None, metric: str | None) -> list[Comparison]:
    found = [given] if given else []
    if len(run.variants) < 2 or metric is None:
        return found
    a, b = _pair(run, given)
    numbers = [name for name, each in run.experiment.metrics.items() if each.kind in ("boolean", "number")]
    ordered = [metric, *(name for name in numbers if name != metric)][:_SHOWN]
    known = {(each.a, each.b, each.metric) for each in found}
    for other in [b, *(each for each in run.variants if each not in (a, b))]:
        for name in ordered if other == b else [metric]:
            one = run.compare(a, other, name)
            found += [] if (one.a, one.b, one.metric) in known or not one.n else [one]
    return found


def _adjusted(ps: Sequence[float | None]) -> tuple[float | None, ...]:
    tested = {at: p for at, p in enumerate(ps) if p is not None}
    found = dict(zip(tested, benjamini_hochberg(list(tested.values())), strict=True))
    return tuple(found.get(at) for at in range(len(ps)))


def _pair(run: Run, given: Comparison | None) -> tuple[str, str]:
    """The variants of the comparison, where both are of this run; else its first two."""
    if given is not None:
        a, b = given.a.partition("@")[2], given.b.partition("@")[2]
        if a in run.variants and b in run.variants:
            return a, b
    return run.variants[0], run.variants[1]


def _alone(run: Run, metric: str | None) -> str:
    if metric is None:
        return f"{run.experiment.task} was run over {run.experiment.examples} examples, and nothing judged it."
    found = run.summary(run.variants[0], metric)
    name = f"{run.experiment.task}@{found.variant}"
    if found.mean is None:
        return f"{name} has no value of {metric}."
    ends = "" if found.low is None or found.high is None else f", 95 % interval {found.low:.3g} to {found.high:.3g}"
    return f"{name} has {metric} {found.mean:.3g}{ends}, over {found.n:,} cases."


def _cases(run: Run, metric: str | None, first: Comparison | None) -> list[Case]:
    by_example: dict[str, dict[str, Result]] = {}
    for each in run.results:
        by_example.setdefault(each.example, {}).setdefault(each.variant, each)
    order = list(_pair(run, first)) if len(run.variants) > 1 else list(run.variants)
    order += [each for each in run.variants if each not in order]
    made = [
        _case(run, example, [found[v] for v in order if v in found], metric) for example, found in by_example.items()
    ]
    if len(run.variants) > 1:
        return sorted(made, key=lambda case: -abs(case.change or 0.0))
    return sorted(made, key=lambda case: _worth(case.sides))


def _case(run: Run, example: str, found: Sequence[Result], metric: str | None) -> Case:
    sides = tuple(
        Side(
            variant=each.variant, output=each.output, error=each.error, judgements=tuple(each.judgements),
            wrong=tuple(said.name for said in wrong_among(run.experiment.metrics, each.judgements)),
            value=next((s.value for s in each.judgements if s.name == metric and not isinstance(s.value, str)), None),
        )
        for each in found
    )  # fmt: skip
    values = [each.value for each in sides[:2]]
    change = None if len(values) < 2 or None in values else float(values[0] or 0) - float(values[1] or 0)
    return Case(example=example, input=text_in(found[0].input), sides=sides, change=change)


def _worth(sides: Sequence[Side]) -> float:
    return float("inf") if not sides or sides[0].value is None else float(sides[0].value)
