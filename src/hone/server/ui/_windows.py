"""Windows of time that figures are counted over, cut into stretches for the small lines beside them."""

from msgspec import Struct

from hone.errors import CallError

_MINUTE = 60_000_000_000
_WINDOWS = {
    "1h": (5 * _MINUTE, 12),
    "24h": (60 * _MINUTE, 24),
    "7d": (6 * 60 * _MINUTE, 28),
    "30d": (24 * 60 * _MINUTE, 30),
}
NAMES = list(_WINDOWS)


class Window(Struct, frozen=True):
    """`since` is a multiple of `bucket`, so that every stretch but the running one is whole."""

    name: str
    since: int
    until: int
    before: int  # where the window before this one began
    bucket: int

    @property
    def stretches(self) -> list[int]:
        return list(range(self.since, self.until, self.bucket))


def window(name: str | None, now: int) -> Window:
    """
    Raises:
        CallError: there is no such window.
    """
    name = name or "24h"
    if name not in _WINDOWS:
        raise CallError(f"there is no window {name!r}", hint=f"one of {', '.join(NAMES)}")
    bucket, count = _WINDOWS[name]
    since = (now // bucket - count + 1) * bucket
    # As much time as has passed of this window, so that the change compares like with like.
    return Window(name, since, now + 1, since - (now + 1 - since), bucket)
