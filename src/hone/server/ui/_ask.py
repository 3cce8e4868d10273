"""The Ask page: a person is the user of a task, sees what it answered from, and says whether it helped."""

from collections.abc import Callable
from contextlib import suppress

from msgspec import Raw
from msgspec.json import encode

from hone.core import Span, new_span_id, new_trace_id
from hone.errors import HoneError
from hone.gateway import Call
from hone.local import House
from hone.project import Task
from hone.server.ui._face import Asked
from hone.server.ui._scored import quality_metric
from hone.server.ui._shapes import AskPage
from hone.server.ui._span import span_view
from hone.server.ui._trace import THUMBS
from hone.server.ui._waterfall import flat
from hone.traces import TraceDetail, passages_in

TAG = "ask"  # on every call made here, so that the page's calls can be told from the application's


def ask(house: House) -> Callable[[Asked], AskPage]:
    """`?trace=` shows the answer of a call that was made: the URL is the state."""

    def view(asked: Asked) -> AskPage:
        tasks = [name for name, task in house.project.tasks.items() if _takes_one_text(task)]
        task = asked.query.get("task") or (tasks[0] if tasks else None)
        page = AskPage(
            tasks=tasks, task=task, metric=quality_metric(house) or THUMBS, question=asked.query.get("question", "")
        )
        trace_id = asked.query.get("trace")
        return _answered(page, house.traces.show(trace_id)) if trace_id else page

    return view


async def answer(house: House, task: str, question: str) -> str:
    """Ask as the page's form does where there is no script; the trace id. What goes wrong is in the trace."""
    trace_id = new_trace_id()
    call = Call(
        model=task,
        fields={"messages": Raw(encode([{"role": "user", "content": question}]))},
        start=house.clock(),
        trace_id=trace_id,
        span_id=new_span_id(),
        tags=(TAG,),
    )
    with suppress(HoneError):
        await house.gateway.chat(call)
    return trace_id


def _answered(page: AskPage, detail: TraceDetail) -> AskPage:
    spans = [one.node.span for one in flat(detail.roots)]
    root = spans[0]
    seen = span_view(root, [])
    return AskPage(
        tasks=page.tasks,
        task=root.task or page.task,
        metric=page.metric,
        trace_id=detail.trace_id,
        span_id=root.span_id,
        question=_question(root) or page.question,
        answer=seen.answer[0].text if seen.answer else None,
        error=root.error,
        variant=root.variant,
        model=next((span.model for span in spans if span.model and span.status == "ok"), None),
        duration=root.duration,
        cost=detail.cost,
        sources=[passage for span in spans for passage in passages_in(span)],
        scores=detail.scores,
    )


def _question(root: Span) -> str:
    seen = span_view(root, [])
    said = [turn.text for turn in seen.turns if turn.role == "user"] or [turn.text for turn in seen.values]
    return said[-1] if said else ""


def _takes_one_text(task: Task) -> bool:
    """Only such a task can be asked with one box."""
    return isinstance(task.input, dict) and (not task.input or list(task.input.values()) == ["string"])
