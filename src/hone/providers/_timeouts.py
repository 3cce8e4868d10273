"""How long a provider may wait for its server."""

from msgspec import Struct

CONNECT_SECONDS = 10.0


class Timeouts(Struct, frozen=True, kw_only=True):
    """In seconds; None is no limit here, because whoever asked keeps one."""

    connect: float = CONNECT_SECONDS  # until there is a connection
    head: float | None = 60.0  # from the request to the head of the answer, and to the end of a body that is read whole
    between: float | None = 60.0  # until each next piece of a stream
    end: float | None = None  # when all must be over, by the clock of the event loop


def timeouts_of(seconds: float | Timeouts) -> Timeouts:
    """One number bounds the head, and each next piece."""
    return seconds if isinstance(seconds, Timeouts) else Timeouts(head=seconds, between=seconds)
