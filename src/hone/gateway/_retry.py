"""Whether a failed attempt is made again at the same model, and after how long."""

import random

from hone.errors import UpstreamError, UpstreamRefused

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""Statuses that may be another one in a moment. Any other error says the same thing twice."""

_FIRST, _LONGEST = 0.5, 8.0  # seconds; the step doubles with every attempt
_RANDOM = random.SystemRandom()


def passing(error: UpstreamError) -> bool:
    """May the same request go better a moment later?"""
    return error.status in AGAIN if isinstance(error, UpstreamRefused) else True


def retry_after(error: UpstreamError) -> float | None:
    """Seconds that the upstream asks to stay away; None where it does not say, or says it as a date."""
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(error.details[name]) / scale
        except (KeyError, ValueError):
            continue
        if 0 <= seconds < 1e6:
            return seconds
    return None


def pause_before(attempt: int, error: UpstreamError, *, retries: int, left: float) -> float | None:
    """Seconds to wait before attempt number `attempt` (the first retry is 1); None when there is to be none.

    What the upstream asks for is honoured with a tenth on top, so that callers who were refused together do not come
    back together; without a word from it, a random time up to a step that doubles ("full jitter", M. Brooker, 2015).
    A pause that does not fit into the time that is `left` is no retry but a fallback.
    """
    if attempt > retries or not passing(error):
        return None
    asked = retry_after(error)
    if asked is None:
        pause = _RANDOM.uniform(0, min(_LONGEST, _FIRST * 2 ** (attempt - 1)))
    else:
        pause = asked * _RANDOM.uniform(1, 1.1)
    return pause if pause < left else None
