"""What waits for the writer: bounded in rows and bytes, so that a slow disk cannot eat the memory."""

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from hone.errors import StoreBusy
from hone.store._limits import Limits
from hone.store._rows import Row
from hone.store._ticket import Ticket

if TYPE_CHECKING:
    from hone.store._spool import Region


class Item:
    """Rows of one call that are committed together, and whom to tell."""

    __slots__ = ("first", "region", "rows", "size", "ticket")

    def __init__(
        self,
        rows: list[tuple[str, Row]],
        size: int,
        ticket: Ticket | None = None,
        first: int = 0,
        region: "Region | None" = None,
    ) -> None:
        self.rows = rows
        self.size = size
        self.ticket = ticket
        self.first = first  # where these rows begin among those of the ticket
        self.region = region  # where in the spool they also are


class Queue:
    """First in, first out. One thread takes, any thread puts."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._items: deque[Item] = deque()
        self._rows = self._bytes = 0
        self._ready = threading.Condition()
        self._pressed = False
        self.offered = self.taken = 0  # items so far, for whoever waits for those before it

    @property
    def rows(self) -> int:
        return self._rows

    def offer(self, items: list[Item]) -> bool:
        """Take all of the items, or none of them when there is no room. An empty queue takes any one call."""
        rows, size = sum(len(item.rows) for item in items), sum(item.size for item in items)
        with self._ready:
            full = self._rows + rows > self._limits.queue_rows or self._bytes + size > self._limits.queue_bytes
            if full and self._rows:
                return False
            self._items.extend(items)
            self.offered += len(items)
            self._rows += rows
            self._bytes += size
            self._ready.notify()
        return True

    def put(self, items: list[Item]) -> None:
        """Take all of the items.

        Raises:
            StoreBusy: there is no room for them.
        """
        if not self.offer(items):
            raise StoreBusy(
                f"telemetry is {self._rows} rows behind and takes no more for now",
                hint="try again in a second",
                retry_after=1,
            )

    def press(self) -> None:
        """Make the taker come back at once, because somebody waits or another source has rows."""
        with self._ready:
            self._pressed = True
            self._ready.notify()

    def take(self, idle: float) -> list[Item]:
        """The next group: as soon as there are enough rows, or some have waited long enough; [] after `idle`."""
        with self._ready:
            if not self._items and not self._pressed:
                self._ready.wait(idle)
            deadline = time.monotonic() + self._limits.group_seconds
            while self._items and self._rows < self._limits.group_rows and not self._pressed:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._ready.wait(left)
            self._pressed = False
            return self._group()

    def _group(self) -> list[Item]:
        group: list[Item] = []
        rows = 0
        while self._items and rows < self._limits.group_rows:
            item = self._items.popleft()
            rows += len(item.rows)
            self._bytes -= item.size
            group.append(item)
        self._rows -= rows
        self.taken += len(group)
        return group
