"""Quantities as people write them."""

from collections.abc import Callable
from typing import Any

import pytest

from hone.project import Rate, Spend
from hone.project._units import duration, rate, size, spend


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (duration, "500ms", 0.5),
        (duration, "20s", 20.0),
        (duration, "1.5 m", 90.0),
        (duration, "1h", 3600.0),
        (duration, "30d", 2_592_000.0),
        (duration, "2w", 1_209_600.0),
        (size, "8 MB", 8_000_000),
        (size, "500kB", 500_000),
        (size, "1.5 MiB", 1_572_864),
        (spend, "5 USD / day", Spend(5.0, "day")),
        (spend, "0.25USD/minute", Spend(0.25, "minute")),
        (rate, "20 / minute", Rate(20, "minute")),
    ],
)
def test_a_quantity_is_read(read: Callable[[str], Any], text: str, value: Any) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (duration, "20", "'20' is no duration"),
        (duration, "0s", "'0s' is no duration"),
        (duration, "-1s", "'-1s' is no duration"),
        (size, "8 mb", "'8 mb' is no size"),
        (size, "0 B", "'0 B' is no size"),
        (spend, "5 EUR / day", "'5 EUR / day' is no spend"),
        (spend, "5 USD / dya", "'dya' is no period; there are second, minute"),
        (rate, "20 per minute", "'20 per minute' is no rate"),
    ],
)
def test_what_is_no_quantity_says_how_to_write_one(read: Callable[[str], Any], text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(text)
