"""Spans of the user's own code: `with hone.span(...)`, sync and async.

The span around the running code is kept in a context variable, so children find their parent through calls, awaits
and tasks. A span is recorded when it ends; recording never raises and never waits.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Self

from hone.client._connection import connection_for_spans
from hone.core import Span, from_json, new_span_id, new_trace_id, now_ns, to_json

log = logging.getLogger("hone.client")

_current: ContextVar["Step | None"] = ContextVar("hone_span", default=None)


def current_context() -> tuple[str, str] | None:
    """(trace id, span id) of the span around the running code."""
    step = _current.get()
    return None if step is None else (step.trace_id, step.span_id)


class Step:
    """A span that is going on. Set `output`, or `attributes`, before it ends.

    Around a call of a model, say what was called: `model`, `provider`, the tokens. A span of kind `llm` is then priced,
    unless `cost` (in dollars) is set too.
    """

    __slots__ = (
        "_start",
        "_token",
        "attributes",
        "cost",
        "input",
        "input_tokens",
        "kind",
        "model",
        "name",
        "output",
        "output_tokens",
        "parent_id",
        "provider",
        "span_id",
        "trace_id",
    )

    def __init__(self, name: str, kind: str, input: Any) -> None:
        self.name = name
        self.kind = kind
        self.input = None if input is None else to_json(input)  # now: the code may change what it was given
        self.output: Any = None
        self.attributes: dict[str, Any] = {}
        self.model: str | None = None
        self.provider: str | None = None
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self.cost: float | None = None
        self.span_id = new_span_id()
        self.trace_id = ""
        self.parent_id: str | None = None
        self._start = 0
        self._token: Token[Step | None] | None = None

    def __enter__(self) -> Self:
        self.begin()
        self._token = _current.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._token is not None:
            _leave(self._token)
            self._token = None
        self.end(error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, at)

    def begin(self) -> None:
        """Take the span around the running code as parent, and the time."""
        parent = _current.get()
        self.trace_id = parent.trace_id if parent is not None else new_trace_id()
        self.parent_id = None if parent is None else parent.span_id
        self._start = now_ns()

    @contextmanager
    def active(self) -> Iterator[None]:
        """Stand around a part of the running code. Generators need it: between two items their caller's code runs."""
        token = _current.set(self)
        try:
            yield
        finally:
            _leave(token)

    def end(self, error: BaseException | None) -> None:
        """Record the span."""
        end = now_ns()
        try:
            to = connection_for_spans()
            if to is not None:
                to.record([self._span(to.project, end, error)])
        except Exception:
            # Telemetry never breaks the program it watches.
            log.warning("span %s of trace %s is not recorded", self.span_id, self.trace_id, exc_info=True)

    def _span(self, project: str, end: int, error: BaseException | None) -> Span:
        return Span(
            project=project,
            trace_id=self.trace_id,
            span_id=self.span_id,
            parent_id=self.parent_id,
            kind=self.kind,
            name=self.name,
            start=self._start,
            end=end,
            status=_status(error),
            error=None if error is None else _one_line(error),
            model=self.model,
            provider=self.provider,
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cost=self.cost,
            input=self.input,
            output=None if self.output is None else to_json(self.output),
            attributes=from_json(to_json(self.attributes)),  # any object may be in there
        )


def _leave(token: Token[Step | None]) -> None:
    # Async generators and frameworks may end a block in another context than it began in, where nothing is to be reset.
    with suppress(ValueError):
        _current.reset(token)


def _one_line(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}".replace("\n", " ")
    except Exception:
        return type(error).__name__


def _status(error: BaseException | None) -> Any:
    if error is None or isinstance(error, GeneratorExit):
        return "ok"
    return "error" if isinstance(error, Exception) else "cancelled"


def span(name: str, /, *, kind: str = "step", **input: Any) -> Step:
    """A span around a block, sync or async: `with hone.span("retrieve", query=q) as step: step.output = docs`."""
    return Step(name, kind, input or None)
