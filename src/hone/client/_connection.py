"""Where runs, spans and scores go: a server, or this very process. One for the whole program."""

import atexit
import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

from msgspec import Struct

from hone.client._reply import Reply
from hone.core import Span

log = logging.getLogger("hone.client")

PAUSE_SECONDS = 5.0


class RunRequest(Struct, frozen=True, kw_only=True):
    """One run of a task, by named input or by one text. `trace` is (trace id, parent span id) of the span around it."""

    task: str
    input: dict[str, Any] | None = None
    text: str | None = None
    session: str | None = None
    user: str | None = None
    tags: tuple[str, ...] = ()
    trace: tuple[str, str] | None = None
    cache: bool = True  # false: the answer is neither taken from the cache nor kept in it
    messages: tuple[Mapping[str, Any], ...] | None = None  # a call of a model, in place of text or input
    validate: bool = False  # the answer against the `response_format` among the parameters, whoever answers
    models: tuple[str, ...] = ()  # asked in place of those of the task's variant
    parameters: dict[str, Any] = {}  # such as temperature; they win over the variant's

    @property
    def body(self) -> dict[str, Any]:
        """The fields of the chat completion that says this."""
        beside: dict[str, Any] = {} if self.cache else {"cache": False}
        if self.models:
            beside["models"] = list(self.models)
        if self.validate:
            beside["validate"] = True
        if self.messages is not None:
            told = {"model": self.task, "messages": list(self.messages)}
            return self.parameters | told | ({"hone": beside} if beside else {})
        if self.text is not None:
            fields = {"model": self.task, "messages": [{"role": "user", "content": self.text}]}
            return self.parameters | fields | ({"hone": beside} if beside else {})
        beside = {"input": self.input or {}, **beside}
        return self.parameters | {"model": self.task, "messages": [], "hone": beside}


class Connection(Protocol):
    """What the SDK needs of a hone, near or far."""

    @property
    def project(self) -> str: ...

    def run(self, request: RunRequest) -> Reply: ...

    async def arun(self, request: RunRequest) -> Reply: ...

    def record(self, spans: Sequence[Span]) -> None:
        """Take spans without making the caller wait, and without ever raising."""
        ...

    def score(self, score: Mapping[str, Any]) -> str:
        """Add a score, as `POST /api/scores` takes it; its id, once it is durable."""
        ...

    def flush(self, timeout: float) -> bool:
        """Wait until everything recorded so far is durable.

        False if that took longer than `timeout` seconds, or if spans had to be dropped since the last flush.
        """
        ...

    def close(self) -> None: ...


class _Failure(Struct, frozen=True):
    """Why no connection could be made, and until when recording takes that for an answer."""

    said: str
    until: float


_lock = threading.Lock()
_current: Connection | None = None
_failure: _Failure | None = None
_left_to_the_parent: list[Connection | None] = []


def connection() -> Connection:
    """The program's connection, made on first use.

    Raises:
        ProjectError: no `HONE_URL` is set and there is no project here.
    """
    global _current, _failure  # noqa: PLW0603 - one per program, as with a logging configuration
    if _current is None:
        with _lock:
            if _current is None:
                _current = _make()
                _failure = None
    return _current


def connection_for_spans() -> Connection | None:
    """The connection; None if it cannot be made, which is said once and held true for `PAUSE_SECONDS`.

    A program makes many spans, and opening a broken project again for each of them would slow it down.
    """
    global _failure  # noqa: PLW0603
    if _current is None and _failure is not None and time.monotonic() < _failure.until:
        return None
    try:
        return connection()
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        if _failure is None or _failure.said != said:
            log.warning("spans are not recorded: %s", said)
        _failure = _Failure(said, time.monotonic() + PAUSE_SECONDS)
        return None


def connect(made: Connection) -> None:
    """Use `made` from now on, in place of what the environment would choose. A forked child has to connect anew."""
    global _current  # noqa: PLW0603
    with _lock:
        _current = made


def disconnect() -> None:
    """Flush and close the connection; the next use makes a new one."""
    global _current, _failure  # noqa: PLW0603
    with _lock:
        old, _current = _current, None
        _failure = None
    if old is not None:
        old.flush(10.0)
        old.close()


def _make() -> Connection:
    url = os.environ.get("HONE_URL")
    if url:
        from hone.client._remote import Remote

        return Remote(url, os.environ.get("HONE_API_KEY"))
    # Named by a string, so that the SDK stays free of everything a whole hone needs.
    made: Connection = import_module("hone.local").open_here()
    return made


def _begin_anew() -> None:
    """In a forked child: the threads behind the connection stayed in the parent, and so does what waits there.

    It is kept, not closed: its files and sockets are the parent's, and a destructor would end what the parent uses.
    """
    global _lock, _current, _failure  # noqa: PLW0603
    _lock = threading.Lock()  # another thread may have held it at that moment
    _left_to_the_parent.append(_current)
    _current = _failure = None


atexit.register(disconnect)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
