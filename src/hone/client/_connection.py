"""Where runs, spans and scores go: a server, or this very process. One for the whole program."""

import atexit
import os
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

from msgspec import Struct

from hone.client._reply import Reply
from hone.core import Span


class RunRequest(Struct, frozen=True, kw_only=True):
    """One run of a task, by named input or by one text. `trace` is (trace id, parent span id) of the span around it."""

    task: str
    input: dict[str, Any] | None = None
    text: str | None = None
    session: str | None = None
    user: str | None = None
    tags: tuple[str, ...] = ()
    trace: tuple[str, str] | None = None

    @property
    def body(self) -> dict[str, Any]:
        """The fields of the chat completion that says this."""
        if self.text is not None:
            return {"model": self.task, "messages": [{"role": "user", "content": self.text}]}
        return {"model": self.task, "messages": [], "hone": {"input": self.input or {}}}


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
        """Wait until everything recorded so far is durable; False if that took longer than `timeout` seconds."""
        ...

    def close(self) -> None: ...


_lock = threading.Lock()
_current: Connection | None = None


def connection() -> Connection:
    """The program's connection, made on first use.

    Raises:
        ProjectError: no `HONE_URL` is set and there is no project here.
    """
    global _current  # noqa: PLW0603 - one per program, as with a logging configuration
    if _current is None:
        with _lock:
            if _current is None:
                _current = _make()
    return _current


def connect(made: Connection) -> None:
    """Use `made` from now on, in place of what the environment would choose."""
    global _current  # noqa: PLW0603
    with _lock:
        _current = made


def disconnect() -> None:
    """Flush and close the connection; the next use makes a new one."""
    global _current
    with _lock:
        old, _current = _current, None
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


atexit.register(disconnect)
