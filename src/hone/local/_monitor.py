"""What a server tells of its traffic: counters fed from the spans it commits, gauges read from its gateway."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hone import __version__
from hone.core import Event, Score, Span
from hone.errors import StoreError
from hone.gateway import Standing
from hone.monitors import Live, Meter, Recent, exposition

if TYPE_CHECKING:
    from hone.local._house import House

log = logging.getLogger("hone")


class Monitor:
    """Idle until it is started, so that a program that only calls a task pays nothing for it."""

    def __init__(self, house: "House") -> None:
        self._house = house
        self._meter = Meter(lambda: house.project)
        self.recent = Recent(house.clock)
        self._stop: Callable[[], None] | None = None

    def start(self) -> None:
        self._stop = self._stop or self._house.recorder.subscribe(self._see)

    def stop(self) -> None:
        if self._stop is not None:
            self._stop()
        self._stop = None

    def metrics(self, accept: str = "") -> tuple[bytes, str]:
        """The page that Prometheus reads, and its content type."""
        return exposition(self._meter, self._live(), accept)

    def _see(self, records: Sequence[Span | Score | Event]) -> None:
        self._meter.see(records)
        self.recent.see(records)

    def _live(self) -> Live:
        house = self._house
        return Live(
            version=__version__,
            config=house.version,
            environment=house.project.environment,
            files_in_order=house.trouble is None,
            in_flight=house.gateway.in_flight,
            open_breakers=house.gateway.open_breakers(),
            queue_rows=house.telemetry.waiting,
            budgets=self._budgets(),
        )

    def _budgets(self) -> dict[tuple[str, ...], float] | None:
        try:
            return _fullest(self._house.budgets())
        except StoreError as problem:
            log.error("how budgets stand is unknown: %s", problem)
            return None


def _fullest(standings: Sequence[Standing]) -> dict[tuple[str, ...], float]:
    """Of each limit the account that is nearest to it: whose it is stays out of metrics."""
    found: dict[tuple[str, ...], float] = {}
    for each in standings:
        found[each.budget, each.measure] = max(each.full, found.get((each.budget, each.measure), 0.0))
    return found
