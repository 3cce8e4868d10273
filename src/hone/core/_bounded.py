"""Memory of names that callers make up, such as `openai/anything`: it forgets the oldest before it grows for ever."""

from typing import Any

MOST = 1000


def forget_oldest(known: dict[str, Any] | dict[tuple[str, str], Any], most: int = MOST) -> None:
    """Call after an addition."""
    while len(known) > most:
        known.pop(next(iter(known)), None)  # type: ignore[call-overload]
