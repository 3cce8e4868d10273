"""Two runs of one thing, the second begun when the first is late; whoever comes first has won."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

LOST = "another model answered first"


class NobodyLeft(Exception):
    """There is nothing that a second run could do."""


async def race(
    run: Callable[[], Awaitable[T]],
    after: float,
    *,
    lost: Callable[[T], Awaitable[None]],
    final: Callable[[BaseException], bool],
) -> T:
    """What `run` gives; it is begun once more where nothing has come of it `after` seconds.

    The other one is cancelled, and waited for. `lost` is given what it brought all the same. An error that is `final`
    ends both.
    """
    runs = [asyncio.ensure_future(run())]
    won: asyncio.Future[T] | None = None
    try:
        await asyncio.wait(runs, timeout=after)
        if not runs[0].done():
            runs.append(asyncio.ensure_future(run()))
        won = await _first(runs, final)
        return won.result()
    finally:
        for other in runs:
            if other is not won:
                other.cancel(LOST if won is not None else None)
                await _over(other, lost)


async def _first(runs: Sequence[asyncio.Future[T]], final: Callable[[BaseException], bool]) -> asyncio.Future[T]:
    """The first run that has brought something, or an error that is final; where all have failed, the last to fail."""
    left = set(runs)
    failed: list[asyncio.Future[T]] = []
    while left:
        done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            error = one.exception()
            if error is None or final(error):
                return one
            if not isinstance(error, NobodyLeft):
                failed.append(one)
    return [*runs, *failed][-1]


async def _over(run: asyncio.Future[T], lost: Callable[[T], Awaitable[None]]) -> None:
    (outcome,) = await asyncio.gather(run, return_exceptions=True)
    if not isinstance(outcome, BaseException):
        await lost(outcome)
