"""What our own API answers where no room has a struct for it."""

from typing import Any

from msgspec import Struct


class Problem(Struct):
    """An error, as RFC 9457 writes it. `title` is a stable word for programs, `hint` the way out."""

    type: str
    title: str
    status: int
    detail: str
    hint: str | None = None


class Added(Struct):
    """The score that was added, or was there already."""

    id: str


class Written(Struct):
    """`repeated` spans were there already and have been left as they were."""

    written: int
    repeated: int


class Status(Struct):
    """`ok` or `ready`."""

    status: str


Document = dict[str, Any]
