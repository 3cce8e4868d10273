"""The way in of a process that keeps the store: what it takes can be waited for, and listened to."""

from collections.abc import Callable, Iterable, Sequence

from hone.core import Clock, now_ns
from hone.store import Receipt, Telemetry, Ticket
from hone.traces._normal import Record
from hone.traces._spooler import Pricer, Redactor, Spooler


class Recorder(Spooler[Ticket | None]):
    """A `Spooler` over a store. Thread-safe."""

    def __init__(
        self,
        telemetry: Telemetry,
        *,
        redact: Iterable[Redactor] = (),
        price: Pricer | None = None,
        clock: Clock = now_ns,
    ) -> None:
        super().__init__(telemetry, redact=redact, price=price, clock=clock)
        self._telemetry = telemetry

    def record(self, records: Sequence[Record]) -> Ticket:
        """Take records in; wait for the ticket, or await it, to know that they are durable. Never waits itself.

        Raises:
            StoreBusy: too many records wait already; nothing was taken.
        """
        return self._telemetry.put([self._prepared(record) for record in records])

    async def arecord(self, records: Sequence[Record]) -> Receipt:
        """Take records in and wait until they are durable.

        Raises:
            StoreBusy: too many records wait already; nothing was taken.
            StoreError: the commit failed.
        """
        return await self.record(records)

    def subscribe(self, listener: Callable[[list[Record]], None]) -> Callable[[], None]:
        """Call `listener` with each group of newly committed records, as stored; call the result to stop."""
        return self._telemetry.subscribe(listener)
