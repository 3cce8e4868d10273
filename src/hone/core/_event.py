"""An event: something that happened at one moment, such as a release or an alert, beside the spans."""

from typing import Any

from msgspec import Struct, field


class Event(Struct, frozen=True, kw_only=True):
    """The key is (project, id); the first write wins."""

    project: str
    id: str
    time: int  # nanoseconds since the epoch
    name: str
    subject: str | None = None  # the thing it happened to, such as `task:answer`
    attributes: dict[str, Any] = field(default_factory=dict)
