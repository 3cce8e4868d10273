"""Periods of budgets: calendar ones in UTC for money, plain lengths for rates."""

from datetime import UTC, datetime, timedelta

from hone.project import Period

SECOND = 1_000_000_000
LENGTH: dict[Period, int] = {
    "second": SECOND,
    "minute": 60 * SECOND,
    "hour": 3600 * SECOND,
    "day": 86_400 * SECOND,
    "week": 7 * 86_400 * SECOND,
    "month": 30 * 86_400 * SECOND,
}
"""Nanoseconds. A month is thirty days where a rate is meant."""

_CLOCKED: tuple[Period, ...] = ("second", "minute", "hour")


def calendar(period: Period, now: int) -> tuple[int, int]:
    """Start and end, in ns, of the second, minute, hour, day, week (from Monday) or month that `now` falls in."""
    if period in _CLOCKED:
        length = LENGTH[period]
        start = now - now % length
        return start, start + length
    day = datetime.fromtimestamp(now // SECOND, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        first, after = day, day + timedelta(days=1)
    elif period == "week":
        first = day - timedelta(days=day.weekday())
        after = first + timedelta(days=7)
    else:
        first = day.replace(day=1)
        after = (first + timedelta(days=32)).replace(day=1)
    return int(first.timestamp()) * SECOND, int(after.timestamp()) * SECOND
