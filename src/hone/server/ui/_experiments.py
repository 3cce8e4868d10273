"""Experiments: the list, and one of them: every metric of every variant with its interval, and what went wrong."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from hone.core import text_in
from hone.evals import Broken, Card, Figure, Run, Slice, Summary, judges_in, load
from hone.local import House, cards_of
from hone.server.ui._compared import pair
from hone.server.ui._face import Asked
from hone.server.ui._shapes import ExperimentList
from hone.store import Experiment

_MOST = 100
_FAILED = 20
_INPUT = 200  # characters of an input in a row


class Progress(Struct, frozen=True, kw_only=True):
    """How far a run is. `left` are seconds at the pace so far, None where nothing came yet or all is there; `quiet`
    are the seconds since the last answer of one that has not ended."""

    done: int
    total: int
    left: float | None
    quiet: float | None


class MetricRows(Struct, frozen=True, kw_only=True):
    """One metric of every variant on one scale from `least` to `most`."""

    metric: str
    direction: str
    by: str
    least: float
    most: float
    rows: list[Summary]


class VariantRow(Struct, frozen=True, kw_only=True):
    """What a variant took. `asked` answers were paid for here, the others are those of earlier runs; `seconds` is the
    mean of a call that was made here; `cost` is None where a price is unknown."""

    variant: str
    answers: int
    asked: int
    failed: int
    seconds: float | None
    cost: float | None
    figures: list[Figure]


class FailedRow(Struct, frozen=True, kw_only=True):
    variant: str
    example: str
    input: str
    error: str
    trace_id: str | None


class JudgeOf(Struct, frozen=True, kw_only=True):
    """The newest card of a judge; None where it was never held against people."""

    metric: str
    card: Card | None
    sentence: str


class ExperimentPage(Struct, frozen=True, kw_only=True):
    """`a`, `b` and `slices` are of the first two variants; there is nothing to compare where they are the same."""

    experiment: Experiment
    progress: Progress
    metrics: list[MetricRows]
    variants: list[VariantRow]
    cost: float | None
    failed: list[FailedRow]  # the first twenty
    failures: int
    broken: list[Broken]  # evaluators that failed: each counts as the worst
    judges: list[JudgeOf]
    a: str
    b: str
    metric: str
    slices: list[Slice]


def experiment_list(house: House) -> Callable[[Asked], ExperimentList]:
    def view(_: Asked) -> ExperimentList:
        return ExperimentList(house.experiments.latest(house.project.name, limit=_MOST))

    return view


def experiment(house: House) -> Callable[[Asked], ExperimentPage]:
    """`?metric=` chooses that of the slices."""

    def view(asked: Asked) -> ExperimentPage:
        run = load(house.experiments, house.project.name, asked.path["id"])
        a, b = pair(run)
        known = [name for name, each in run.experiment.metrics.items() if each.kind in ("boolean", "number")]
        metric = asked.query.get("metric") or (known[0] if known else "")
        return ExperimentPage(
            experiment=run.experiment,
            progress=_progress(run, house.clock()),
            metrics=[_metric(run, name) for name in known],
            variants=[_variant(run, name) for name in run.variants],
            cost=run.cost,
            failed=[
                FailedRow(
                    variant=each.variant, example=each.example, input=text_in(each.input)[:_INPUT],
                    error=each.error or "", trace_id=each.trace_id,
                )
                for each in run.errors[:_FAILED]
            ],
            failures=len(run.errors),
            broken=run.broken,
            judges=_judges(house, run.experiment),
            a=a,
            b=b,
            metric=metric,
            slices=run.slices(a, b, metric) if a != b and metric else [],
        )  # fmt: skip

    return view


def _progress(run: Run, now: int) -> Progress:
    at, done = run.experiment, len(run.results)
    total = at.examples * len(at.variants) * at.repeats
    if at.state != "running" or not done:
        return Progress(done=done, total=total, left=None, quiet=None)
    last = max(each.created for each in run.results)
    left = (last - at.created) / 1e9 / done * (total - done)
    return Progress(done=done, total=total, left=left, quiet=max(0.0, (now - last) / 1e9))


def _metric(run: Run, name: str) -> MetricRows:
    what, rows = run.experiment.metrics[name], [run.summary(variant, name) for variant in run.variants]
    ends = [end for each in rows for end in (each.mean, each.low, each.high) if end is not None]
    least, most = (0.0, 1.0) if what.kind == "boolean" or not ends else (min(ends), max(ends))
    return MetricRows(metric=name, direction=what.direction, by=what.by, least=least, most=most, rows=rows)


def _variant(run: Run, name: str) -> VariantRow:
    mine = [each for each in run.results if each.variant == name]
    asked = [each for each in mine if each.source is None]
    costs = [each.cost for each in asked if each.error is None]
    return VariantRow(
        variant=name,
        answers=len(mine),
        asked=len(asked),
        failed=sum(each.error is not None for each in mine),
        seconds=_mean([each.seconds for each in asked if each.seconds is not None]),
        cost=None if None in costs else sum(each for each in costs if each is not None),
        figures=run.figures.get(name, []),
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _judges(house: House, at: Experiment) -> list[JudgeOf]:
    """Each judge with the newest card of it as it was: another prompt or model is another judge, whatever its name."""
    never = "never held against people: hone judges calibrate {} --data LABELS"
    found = [(name, cards_of(house).of(key)) for key, name in judges_in(at.metrics).items()]
    return [
        JudgeOf(metric=name, card=card, sentence=never.format(name) if card is None else card.sentence)
        for name, card in found
    ]
