"""What evaluators say of answers, of those that came just now and of those that were kept."""

from collections.abc import Callable, Sequence

from hone.core import Span, to_json
from hone.datasets import Example
from hone.evals._case import Answer
from hone.evals.runs._plan import Plan
from hone.store import Details, Judgement, Result

_NOTHING = Details()

Spans = Callable[[str], Sequence[Span]]


async def judge(plan: Plan, example: Example, answer: Answer) -> list[Judgement]:
    """Every judgement of one answer. An evaluator of the example itself takes the place of one that all share."""
    own = plan.own.get(example.id, ()) if plan.own else ()
    taken = {measure.name for each in own for measure in each.measures}
    found: list[Judgement] = []
    for each in plan.evaluators:
        said = await each.said(example, answer)
        found += [one for one in said if one.name not in taken] if taken else said
    for each in own:
        found += await each.said(example, answer)
    return found


def details_of(answer: Answer) -> Details | None:
    """What is kept of an answer beside its text; None where there is nothing."""
    found = Details(
        finish_reason=answer.finish_reason,
        tool_calls=answer.tool_calls,
        usage=None if answer.usage is None else dict(answer.usage),
        logprobs=answer.logprobs,
        context=answer.context,
        messages=answer.messages,
    )
    return None if found == _NOTHING else found


def answer_of(result: Result, spans: Spans | None = None) -> Answer:
    """The answer of a kept result, as an evaluator reads it."""
    more, trace = result.details or Details(), result.trace_id
    return Answer(
        text=result.output,
        error=result.error,
        seconds=result.seconds,
        cost=result.cost,
        trace_id=trace,
        span_id=result.span_id,
        finish_reason=more.finish_reason,
        tool_calls=more.tool_calls,
        usage=more.usage,
        logprobs=more.logprobs,
        context=more.context,
        messages=more.messages,
        spans=None if spans is None or trace is None else lambda: spans(trace),
    )


def input_of(example: Example) -> str:
    """The input as a result keeps it, so that a report reads without the dataset."""
    return to_json(example.input)
