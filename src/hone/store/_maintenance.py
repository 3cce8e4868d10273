"""The background of the telemetry store: seal, compact, retain, sweep. One thread, and one process at a time."""

import logging
import threading
import time

from sqlalchemy import Engine

from hone.core import Clock
from hone.errors import StoreError
from hone.store._compact import merge, plan
from hone.store._journal import checkpoint, replace_segments
from hone.store._limits import Limits
from hone.store._mirror import Mirror
from hone.store._rows import KINDS
from hone.store._seal import seal
from hone.store._segments import Segment, SegmentFolder
from hone.store._spool import Spool
from hone.store._turns import turn

_log = logging.getLogger(__name__)
_ADOPT_SECONDS = 15.0
_CROWD = 100


class Halted(StoreError):
    """The store is closing, so a merge was given up. Nothing is lost: its sources still count."""

    def __init__(self) -> None:
        super().__init__("the telemetry store is closing")


class Maintenance:
    """What happens to rows after their commit. Every method may be called by any thread of any process."""

    def __init__(
        self,
        engine: Engine,
        mirror: Mirror,
        folder: SegmentFolder,
        spool: Spool | None,
        *,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._engine = engine
        self._mirror = mirror
        self._folder = folder
        self._spool = spool
        self._clock = clock
        self._limits = limits
        self._unnamed: dict[tuple[str, str], float] = {}
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._adopted = time.monotonic()
        self._swept = 0.0
        self._thread = threading.Thread(target=self._run, name="hone-telemetry-maintenance", daemon=True)

    def start(self) -> None:
        if self._limits.background:
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def hurry(self) -> None:
        """There may be enough to seal."""
        if any(self._due(kind) for kind in KINDS):
            self._wake.set()

    # -- on request --------------------------------------------------------------------------------------------

    def seal_all(self) -> None:
        """Seal every committed row."""
        with turn(self._engine, self._folder.path, wait=True):
            for kind in KINDS:
                while self._seal(kind):
                    pass

    def compact(self) -> int:
        """Merge all that fit together; how many segments were replaced."""
        with turn(self._engine, self._folder.path, wait=True):
            return self._compact(None)

    def retain(self, before: int, bodies_before: int | None) -> None:
        """Drop segments whose youngest row is older than `before`; take bodies older than `bodies_before` away."""
        with turn(self._engine, self._folder.path, wait=True):
            segments = self._mirror.view().segments
            old = [segment.entry for segment in segments if segment.entry.max_time < before]
            if old:
                replace_segments(self._engine, old, None, self._clock())
            if bodies_before is not None:
                for segment in segments:
                    if segment.entry not in old and _has_older_bodies(segment, bodies_before):
                        self._replace([segment], bodies_before=bodies_before)
            self._mirror.view()

    def sweep(self) -> None:
        """Delete files that no manifest names: at once if unfinished, after the grace time if readers may use them."""
        with turn(self._engine, self._folder.path, wait=True):
            self._sweep()

    # -- in the background -------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(self._limits.maintain_seconds)
            self._wake.clear()
            if self._stopping.is_set():
                return
            try:
                self._tick()
            except Halted:
                return
            except Exception:
                # Nothing is lost: the rows stay in the journal, and the next tick tries again.
                _log.exception("telemetry maintenance failed")

    def _tick(self) -> None:
        if self._spool is not None and time.monotonic() - self._adopted > _ADOPT_SECONDS:
            self._adopted = time.monotonic()
            self._spool.adopt()
        due = [kind for kind in KINDS if self._due(kind)]
        with turn(self._engine, self._folder.path, wait=False) as mine:
            if not mine:
                self._mirror.view()  # somebody else seals: let go of what is sealed
                return
            for kind in due:
                self._seal(kind)
            if not due or self._crowded():
                self._compact(self._limits.fan_in)
            if time.monotonic() - self._swept > self._limits.grace_seconds / 2:
                self._sweep()
        if due:
            checkpoint(self._engine)

    def _crowded(self) -> bool:
        """So many segments that questions suffer: compaction waits for a quiet second, but not for ever."""
        return len(self._mirror.view().segments) > _CROWD

    def _due(self, kind: str) -> bool:
        rows, oldest = self._mirror.hot_rows(kind)
        if oldest is None:
            return False
        age = (self._clock() - oldest) / 1e9
        pressed = self._mirror.hot_bytes > self._limits.hot_bytes // 2
        return rows >= self._limits.seal_rows or age >= self._limits.seal_seconds or pressed

    # -- with the turn held ------------------------------------------------------------------------------------

    def _seal(self, kind: str) -> bool:
        # Whoever is behind seals larger segments, which is less to compact; but while memory is full, senders wait for
        # the end of each.
        rows = 2 * self._limits.seal_rows
        entry = seal(self._engine, self._mirror, self._folder, kind, rows=rows, clock=self._clock)
        return entry is not None

    def _compact(self, fan_in: int | None) -> int:
        replaced = 0
        segments = {segment.entry.id: segment for segment in self._mirror.view().segments}
        entries = [segment.entry for segment in segments.values()]
        for group in plan(entries, fan_in=fan_in, most=self._limits.segment_rows):
            self._replace([segments[entry.id] for entry in group])
            replaced += len(group)
        return replaced

    def _replace(self, sources: list[Segment], *, bodies_before: int = 0) -> None:
        entry = merge(self._folder, sources, bodies_before=bodies_before, between=self._between)
        if entry.rows != sum(source.entry.rows for source in sources):
            raise StoreError(f"merging {len(sources)} segments would have changed the number of rows")
        replace_segments(self._engine, [source.entry for source in sources], entry, self._clock())
        self._mirror.view()

    def _between(self) -> None:
        """A long merge holds up neither sealing, or memory would grow, nor the end."""
        if self._stopping.is_set():
            raise Halted
        for kind in KINDS:
            if self._due(kind):
                self._seal(kind)

    def _sweep(self) -> None:
        self._swept = time.monotonic()
        for path in self._folder.unfinished():
            path.unlink(missing_ok=True)
        named = {(segment.entry.kind, segment.entry.id) for segment in self._mirror.view().segments}
        unnamed = self._folder.finished() - named
        now = time.monotonic()
        self._unnamed = {key: self._unnamed.get(key, now) for key in unnamed}
        for key, since in self._unnamed.items():
            if now - since >= self._limits.grace_seconds:
                self._folder.remove(*key)


def _has_older_bodies(segment: Segment, before: int) -> bool:
    entry = segment.entry
    return entry.kind == "span" and entry.min_time < before and entry.bodies_from < min(before, entry.max_time + 1)
