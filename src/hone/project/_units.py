"""Quantities as people write them in hone.toml: "20s", "8 MB", "5 USD / day", "20 / minute"."""

import re
from typing import Literal, get_args

from msgspec import Struct

Period = Literal["second", "minute", "hour", "day", "week", "month"]

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_BYTES = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_PERIODS = get_args(Period)
_NUMBER = r"(\d+(?:\.\d+)?)"


class Spend(Struct, frozen=True):
    """At most so many dollars in each period."""

    dollars: float
    per: Period


class Rate(Struct, frozen=True):
    """At most so many calls in each period."""

    count: int
    per: Period


def duration(text: str) -> float:
    """Seconds: "500ms", "20s", "1h", "30d".

    Raises:
        ValueError: the text is no duration, or is nothing at all.
    """
    found = re.fullmatch(_NUMBER + r"\s*(ms|s|m|h|d|w)", text.strip())
    if found is None or float(found[1]) == 0:
        raise ValueError(f'{text!r} is no duration; write "500ms", "20s", "5m", "1h" or "30d"')
    return float(found[1]) * _SECONDS[found[2]]


def size(text: str) -> int:
    """Bytes: "8 MB" is 8,000,000 of them, "8 MiB" is 8,388,608.

    Raises:
        ValueError: the text is no size, or is nothing at all.
    """
    found = re.fullmatch(_NUMBER + r"\s*(B|kB|KB|MB|GB|KiB|MiB|GiB)", text.strip())
    if found is None or (count := round(float(found[1]) * _BYTES[found[2]])) == 0:
        raise ValueError(f'{text!r} is no size; write "500 kB", "8 MB" or "8 MiB"')
    return count


def spend(text: str) -> Spend:
    """Dollars in a period: "5 USD / day".

    Raises:
        ValueError: the text is no spend, or its currency is not the dollar.
    """
    found = re.fullmatch(_NUMBER + r"\s*USD\s*/\s*(\w+)", text.strip())
    if found is None:
        raise ValueError(f'{text!r} is no spend; write dollars in a period, such as "5 USD / day"')
    return Spend(float(found[1]), _period(found[2]))


def rate(text: str) -> Rate:
    """Calls in a period: "20 / minute".

    Raises:
        ValueError: the text is no rate.
    """
    found = re.fullmatch(r"(\d+)\s*/\s*(\w+)", text.strip())
    if found is None:
        raise ValueError(f'{text!r} is no rate; write calls in a period, such as "20 / minute"')
    return Rate(int(found[1]), _period(found[2]))


def _period(word: str) -> Period:
    for period in _PERIODS:
        if word == period:
            return period  # type: ignore[no-any-return]
    raise ValueError(f"{word!r} is no period; there are {', '.join(_PERIODS)}")
