"""What a door hands to the gateway, and what it gets back."""

from collections.abc import AsyncGenerator
from typing import Any

import msgspec
from msgspec import Struct, field

from hone.gateway._key import Key
from hone.project import OnCut
from hone.providers import Dialect


class Call(Struct, frozen=True, kw_only=True):
    """One request for a chat completion. `fields` are the top-level fields of the body, unparsed."""

    model: str
    fields: dict[str, msgspec.Raw] = field(default_factory=dict)
    stream: bool = False
    input: dict[str, Any] | None = None  # the task's input, when it is given by name
    models: tuple[str, ...] = ()  # of a task: asked in place of those of its variant
    on_cut: OnCut | None = None  # wins over the task's
    start: int  # ns
    trace_id: str
    span_id: str  # of the span that stands for the whole call
    parent_id: str | None = None
    session: str | None = None
    user: str | None = None
    tags: tuple[str, ...] = ()
    key: Key | None = None  # that the caller showed
    validate: bool | None = None  # the answer against its `response_format`; None: where that is the default
    dialect: Dialect = "chat"  # what the caller spoke; `fields` are in the chat dialect all the same
    headers: dict[str, str] = field(default_factory=dict)  # of the caller's, those that go on to the model
    cache: float | bool | None = None  # seconds that an answer may be old; False: none is used or kept; None: not said
    refresh: bool = False  # ask again, and keep the new answer


class Reply(Struct, kw_only=True):
    """A whole `body` or a `stream` of server-sent events, with the contract's headers.

    Iterating `stream` to its end records the call. A stream that raises `HoneError` was cut, and what the caller gets
    must not look complete. `aclose()` a stream that is not read to its end; that tells the upstream to stop.
    """

    headers: dict[str, str]
    body: bytes | None = None
    stream: AsyncGenerator[bytes] | None = None
