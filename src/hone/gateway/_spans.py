"""Spans of a call: built when it is over, from what went by."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from hone.core import Span, SpanStatus, new_span_id, to_json
from hone.errors import HoneError
from hone.gateway._admission import Grant
from hone.gateway._call import Call
from hone.gateway._estimate import Estimate
from hone.gateway._output import Output
from hone.gateway._route import Route
from hone.providers import Model

_NOT_PARAMETERS = {"messages", "model", "hone", "stream", "stream_options", "user"}
_MAX_ERROR = 2000
_MAX_TEXT = 8 * 1024 * 1024


def status_of(error: BaseException | None) -> SpanStatus:
    if error is None:
        return "ok"
    return "error" if isinstance(error, Exception) else "cancelled"


def error_line(error: BaseException | None) -> str | None:
    """One line; its first word is the class of error."""
    if error is None:
        return None
    if isinstance(error, Exception):
        said = error.message if isinstance(error, HoneError) else str(error)
        return f"{type(error).__name__}: {said}".replace("\n", " ")[:_MAX_ERROR]
    why = str(error) if isinstance(error, asyncio.CancelledError) else ""
    return f"Cancelled: {why or 'the caller left before the answer was complete'}"


class Story:
    """What happened to one call, told as spans that share its trace, session, user and tags."""

    def __init__(self, project: str, environment: str, config: str, call: Call) -> None:
        """`config` names the edition of the project's files that answers."""
        self.call = call
        self.spans: list[Span] = []
        self.route: Route | None = None
        self.prompt_version: str | None = None
        self.grant: Grant | None = None
        self.expected: Estimate | None = None
        self.attempts: list[tuple[Model, Span]] = []
        self.cache = "off"  # hit | miss | off
        self.recorded = False
        self.continued_from: str | None = None  # the model whose stream was cut, while another goes on with it
        self.answered: int | None = None  # ns; when the last attempt's whole answer was here
        self._project = project
        self._environment = environment
        self._shared = {"config": config} if call.key is None else {"config": config, "key": call.key.name}

    def model_call(
        self,
        model: Model,
        body: dict[str, msgspec.Raw],
        *,
        start: int,
        end: int,
        output: Output | None = None,
        first_token: int | None = None,
        cost: float | None = None,
        error: BaseException | None = None,
        given: str = "messages",
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        """One attempt at one model: a span of kind `llm`.

        `given` is the field of the body that holds what the model reads, `notes` are attributes.
        """
        usage = (output or Output()).usage
        self._add(
            span_id=new_span_id(),
            parent_id=self.call.span_id,
            kind="llm",
            name=model.alias,
            start=start,
            end=end,
            error=error,
            model=model.alias,
            provider=model.provider,
            response_model=output.model if output else None,
            stream=self.call.stream,
            finish=output.finish if output else None,
            first_token=None if first_token is None else first_token - start,
            input_tokens=usage.input,
            output_tokens=usage.output,
            cache_read_tokens=usage.cache_read,
            cache_write_tokens=usage.cache_write,
            reasoning_tokens=usage.reasoning,
            cost=cost,
            input=_clipped(bytes(body[given]).decode("utf-8", "replace") if given in body else None),
            output=_clipped(output.message if output else None),
            attributes=_parameters(body, given) | self._circumstances(model) | dict(notes or {}),
        )
        self.attempts.append((model, self.spans[-1]))

    @property
    def cost(self) -> float | None:
        """Dollars of every answer that came, those that could not be used included; None where one is unknown."""
        costs = [span.cost for _, span in self.attempts if span.output is not None]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if known and len(known) == len(costs) else None

    def retrieval(
        self, knowledge: str, query: str, *, start: int, end: int, found: Any, attributes: dict[str, Any]
    ) -> None:
        self._add(
            span_id=new_span_id(),
            parent_id=self.call.span_id,
            kind="retrieval",
            name=knowledge,
            start=start,
            end=end,
            input=to_json(query),
            output=to_json(found),
            attributes=attributes,
        )

    def _circumstances(self, model: Model) -> dict[str, Any]:
        cache = None if self.cache == "off" else self.cache
        found = {"balanced": model.balanced, "continued_from": self.continued_from, "cache": cache}
        return {name: value for name, value in found.items() if value is not None}

    def whole(self, *, end: int, values: Any, output: str | None, error: BaseException | None) -> None:
        """The story is over: give it its root. A model that was called without a task, and once, is the root itself."""
        if any(span.span_id == self.call.span_id for span in self.spans):
            return
        if self.route is not None and self.route.task is None and len(self.spans) == 1:
            self.spans[0] = replace(self.spans[0], span_id=self.call.span_id, parent_id=self.call.parent_id)
        else:
            self.root(end=end, values=values, output=output, error=error)

    def root(self, *, end: int, values: Any, output: str | None, error: BaseException | None) -> None:
        """The span of the task itself, or of a call that never reached a model."""
        task = self.route.task if self.route else None
        self._add(
            span_id=self.call.span_id,
            parent_id=self.call.parent_id,
            kind="task" if task else "step" if self.spans else "llm",
            name=task.name if task else self.call.model or "chat",
            start=self.call.start,
            end=end,
            error=error,
            model=None if task else self.call.model or None,
            stream=self.call.stream,
            input=_clipped(None if values is None else to_json(values)),
            output=_clipped(output),
        )

    def sum_up(self, *, end: int, error: BaseException | None) -> None:
        """What became of the whole call, in all its attempts: the attribute `call` of the span that stands for it."""
        asked = [span for _, span in self.attempts if "cached_trace" not in span.attributes]
        waited = waited_for(asked, self.answered)
        told = {
            "status": status_of(error),
            "duration": end - self.call.start,
            "overhead": max(0, end - self.call.start - waited),
            "attempts": len(asked),
        }
        for span in self.spans:
            if span.span_id == self.call.span_id:
                span.attributes["call"] = told

    def told(self) -> list[Span]:
        """The spans as they are kept: those of a private task without what was asked and answered."""
        task = self.route.task if self.route else None
        return self.spans if task is None or task.keeps_bodies else [_without_bodies(span) for span in self.spans]

    def _add(
        self, *, error: BaseException | None = None, attributes: dict[str, Any] | None = None, **fields: Any
    ) -> None:
        route, call = self.route, self.call
        self.spans.append(
            Span(
                project=self._project,
                trace_id=call.trace_id,
                status=status_of(error),
                error=error_line(error),
                environment=route.environment if route else self._environment,
                session=call.session,
                user=call.user,
                tags=call.tags,
                task=route.task.name if route and route.task else None,
                variant=route.variant.name if route and route.variant else None,
                prompt=route.variant.prompt if route and route.variant else None,
                prompt_version=self.prompt_version,
                attributes=self._shared | (attributes or {}),
                **fields,
            )
        )


def waited_for(attempts: list[Span], answered: int | None) -> int:
    """Nanoseconds in which an attempt at a model was going on; the rest of a call is the gateway's own.

    A whole answer is waited for until it is here (`answered`): reading it is the gateway's. A stream is to its end.
    """
    waited, until = 0, 0
    for span in sorted(attempts, key=lambda span: span.start):
        end = span.end if answered is None else min(span.end, answered)
        waited += max(0, end - max(span.start, until))
        until = max(until, end)
    return waited


def _without_bodies(span: Span) -> Span:
    """An error keeps its class alone, for a vendor may quote what it was sent; tools and schemas go with the bodies."""
    error = span.error.partition(":")[0] if span.error else None
    attributes = {name: value for name, value in span.attributes.items() if name != "parameters"}
    return replace(span, input=None, output=None, error=error, attributes=attributes)


def _parameters(body: dict[str, msgspec.Raw], given: str) -> dict[str, Any]:
    """What else was asked of the model: temperature, tools and the like, as sent."""
    asked = {name: msgspec.json.decode(raw) for name, raw in body.items() if name not in {*_NOT_PARAMETERS, given}}
    return {"parameters": asked} if asked else {}


def _clipped(text: str | None) -> str | None:
    """A body beyond the limit is kept in part, as a JSON string that says so."""
    if text is None or len(text) <= _MAX_TEXT:
        return text
    return to_json(f"{text[:_MAX_TEXT]} [cut by hone: {len(text):,} characters]")
