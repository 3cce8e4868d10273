"""Telling listeners what was committed, on a thread of its own, so that a slow one delays no commit."""

import logging
import queue
import threading
from collections.abc import Callable

from hone.store._rows import Record

Listener = Callable[[list[Record]], None]
_log = logging.getLogger(__name__)
_MOST = 1000  # groups that may wait for slow listeners


class Publisher:
    """Listeners are best effort: what they miss is still in the store."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._queue: queue.Queue[list[Record] | None] = queue.Queue(_MOST)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every group of newly committed records; call the result to stop."""
        with self._lock:
            self._listeners = [*self._listeners, listener]
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hone-telemetry-publisher", daemon=True)
                self._thread.start()

        def stop() -> None:
            with self._lock:
                self._listeners = [one for one in self._listeners if one is not listener]

        return stop

    def publish(self, records: list[Record]) -> None:
        try:
            self._queue.put_nowait(records)
        except queue.Full:
            _log.warning("listeners are too slow: %d committed records were not shown to them", len(records))

    def stop(self) -> None:
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (records := self._queue.get()) is not None:
            for listener in self._listeners:
                try:
                    listener(records)
                except Exception:
                    _log.exception("a listener to telemetry failed")
