"""The answers that a number of an experiment was counted from: those of one variant, the worst by a metric first."""

from collections.abc import Callable

from msgspec import Struct

from hone.core import text_in
from hone.errors import CallError
from hone.evals import Run, load
from hone.local import House
from hone.server.ui._face import Asked
from hone.store import Experiment, Judgement, Result

SIZE = 50
_SHOWN = 600  # characters of a text in a row


class AnswerRow(Struct, frozen=True, kw_only=True):
    """One answer, its texts cut short, with what was said of it by the metric. `value` is None where nothing was."""

    example: str
    input: str
    output: str
    error: str | None
    value: bool | float | str | None
    reason: str | None
    trace_id: str | None
    seconds: float | None
    cost: float | None


class AnswersPage(Struct, frozen=True, kw_only=True):
    """Page `page` of what is shown. `wrong` counts a yes-or-no metric's answers on its worse side, None of others."""

    experiment: Experiment
    variant: str
    metric: str
    metrics: list[str]
    show: str  # all | wrong | failed
    all: int
    wrong: int | None
    failed: int
    rows: list[AnswerRow]
    page: int
    pages: int


def answers(house: House) -> Callable[[Asked], AnswersPage]:
    """`?variant=&metric=` choose; `?show=wrong` or `failed` leaves the others out."""

    def view(asked: Asked) -> AnswersPage:
        run = load(house.experiments, house.project.name, asked.path["id"])
        variant = _one(asked.query.get("variant"), run.variants, "variant")
        metric = _one(asked.query.get("metric"), list(run.experiment.metrics), "metric")
        mine = [each for each in run.results if each.variant == variant]
        boolean = bool(metric) and run.experiment.metrics[metric].kind == "boolean"
        kinds: dict[str, list[Result]] = {
            "all": mine,
            "wrong": [each for each in mine if boolean and _is_wrong(run, each, metric)],
            "failed": [each for each in mine if each.error is not None],
        }
        show = asked.query.get("show") or "all"
        if show not in kinds:
            raise CallError(f"show={show!r} is none of {', '.join(kinds)}")
        shown = sorted(kinds[show], key=lambda each: (_rank(run, each, metric), each.example, each.repeat))
        pages = max(1, -(-len(shown) // SIZE))
        at = min(max(1, asked.number("page", 1)), pages)
        return AnswersPage(
            experiment=run.experiment,
            variant=variant,
            metric=metric,
            metrics=list(run.experiment.metrics),
            show=show,
            all=len(mine),
            wrong=len(kinds["wrong"]) if boolean else None,
            failed=len(kinds["failed"]),
            rows=[_row(each, metric) for each in shown[(at - 1) * SIZE : at * SIZE]],
            page=at,
            pages=pages,
        )

    return view


def _one(asked: str | None, known: list[str], what: str) -> str:
    if asked is not None and asked not in known:
        raise CallError(f"the experiment has no {what} {asked!r}", hint=f"it has: {', '.join(known) or 'none'}")
    return asked or next(iter(known), "")


def _said(answer: Result, metric: str) -> Judgement | None:
    return next((each for each in answer.judgements if each.name == metric), None)


def _is_wrong(run: Run, answer: Result, metric: str) -> bool:
    said = _said(answer, metric)
    return said is not None and bool(said.value) != (run.experiment.metrics[metric].direction == "up")


def _rank(run: Run, answer: Result, metric: str) -> float:
    """The worst first, and at the end those of which nothing was said, or words."""
    said = _said(answer, metric)
    if said is None or isinstance(said.value, str):
        return float("inf")
    return float(said.value) if run.experiment.metrics[metric].direction == "up" else -float(said.value)


def _row(answer: Result, metric: str) -> AnswerRow:
    said = _said(answer, metric)
    return AnswerRow(
        example=answer.example,
        input=text_in(answer.input)[:_SHOWN],
        output=answer.output[:_SHOWN],
        error=answer.error,
        value=None if said is None else said.value,
        reason=None if said is None else said.explanation,
        trace_id=answer.trace_id,
        seconds=answer.seconds,
        cost=answer.cost,
    )
