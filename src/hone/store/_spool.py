"""The spool: what the gateway wrote down before it answered, in files that outlive a killed process.

One file per process at a time, locked while its owner lives. A frame is length, CRC-32 and MessagePack. Written, not
fsynced: it survives the process, and the commit within the next few milliseconds survives the machine. A file goes
when all its rows are committed; files of dead processes are replayed, and deduplication makes that harmless.
"""

import contextlib
import fcntl
import logging
import os
import struct
import threading
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from hone.core import new_id
from hone.errors import StoreError
from hone.store._rows import KINDS, Row, row_size, valid_text

_log = logging.getLogger(__name__)
_HEAD = struct.Struct("<II")
_encoder = msgspec.msgpack.Encoder(enc_hook=repr)
_decoder = msgspec.msgpack.Decoder()
_READ = 4 * 1024 * 1024


class SpoolFile:
    """One open file. `units` counts the appends that are not committed yet."""

    def __init__(self, path: Path, fd: int, size: int = 0) -> None:
        self.path = path
        self.fd = fd
        self.size = size
        self.units = 0
        self.closed = False  # nothing is appended any more

    def remove(self) -> None:
        # The name goes before the lock does, so no other process replays it in between.
        self.path.unlink(missing_ok=True)
        os.close(self.fd)


class Region:
    """A stretch of frames in a spool file that stands for `units` appends."""

    __slots__ = ("end", "file", "start", "units")

    def __init__(self, file: SpoolFile, start: int, end: int, units: int) -> None:
        self.file = file
        self.start = start
        self.end = end
        self.units = units


class Spool:
    """The spool folder as one process uses it. Thread-safe."""

    def __init__(self, folder: Path, rotate_bytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._rotate_bytes = rotate_bytes
        self._lock = threading.Lock()
        self._file: SpoolFile | None = None
        self._backlog: deque[Region] = deque()

    def append(self, rows: Sequence[tuple[str, Row]]) -> Region:
        """Write the rows to the file of this process.

        Raises:
            StoreError: the disk would not take them.
        """
        data = b"".join(_frame(kind, row) for kind, row in rows)
        with self._lock:
            file = self._current()
            start = file.size
            try:
                _write(file.fd, data)
            except OSError as error:
                os.ftruncate(file.fd, start)  # half a frame would hide those that follow
                raise StoreError(f"cannot write to the spool {file.path}: {error}") from error
            file.size += len(data)
            file.units += 1
            return Region(file, start, file.size, 1)

    def _current(self) -> SpoolFile:
        if self._file is not None and self._file.size >= self._rotate_bytes:
            self._retire()
        if self._file is None:
            self._file = self._create()
        return self._file

    def _create(self) -> SpoolFile:
        while True:
            path = self._folder / f"{os.getpid()}-{new_id()}.spool"
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            # A replaying process may be quicker: it removes the empty file, or has done so before we had the lock.
            if _locked(fd) and os.fstat(fd).st_nlink:
                return SpoolFile(path, fd)
            os.close(fd)

    def _retire(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.closed = True
            if file.units == 0:
                file.remove()

    def let_go(self) -> None:
        """Leave what was written so far to whoever adopts it."""
        with self._lock:
            file, self._file = self._file, None
        if file is not None:
            os.close(file.fd)

    def done(self, region: Region) -> None:
        """The rows of a region are committed."""
        with self._lock:
            file = region.file
            file.units -= region.units
            if file.closed and file.units == 0:
                file.remove()

    def later(self, region: Region) -> None:
        """Keep a region for the writer to read again when it has time."""
        with self._lock:
            last = self._backlog[-1] if self._backlog else None
            if last is not None and last.file is region.file and last.end == region.start:
                last.end = region.end
                last.units += region.units
            else:
                self._backlog.append(region)

    @property
    def behind(self) -> bool:
        """Whether rows wait in the spool alone."""
        return bool(self._backlog)

    def next(self, rows: int) -> tuple[list[tuple[str, Row]], int, Region] | None:
        """About `rows` rows of the backlog, their size in memory, and the region they stand in."""
        with self._lock:
            if not self._backlog:
                return None
            region = self._backlog.popleft()
        frames, size, end = [], 0, region.start
        for frame, after in _frames(region):
            frames.append(frame)
            size += row_size(frame[1])
            end = after
            if len(frames) >= rows:
                break
        if end >= region.end or not frames:
            return frames, size, region
        with self._lock:
            self._backlog.appendleft(Region(region.file, end, region.end, region.units))
        return frames, size, Region(region.file, region.start, end, 0)

    def adopt(self) -> int:
        """Queue the files of dead processes for replay; how many there were."""
        found = 0
        for path in sorted(self._folder.glob("*.spool")):
            file = _dead(path)
            if file is not None:
                found += 1
                file.closed = True
                file.units = 1
                self.later(Region(file, 0, file.size, 1))
        return found

    def close(self) -> None:
        """Give up the current file. What is not committed stays for the next start."""
        with self._lock:
            self._retire()
            leftovers = {region.file.path: region.file for region in self._backlog}
            self._backlog.clear()
        for file in leftovers.values():
            with contextlib.suppress(OSError):
                os.close(file.fd)


def _frame(kind: str, row: Row) -> bytes:
    try:
        payload = _encoder.encode((kind, row))
    except UnicodeEncodeError:
        payload = _encoder.encode((kind, valid_text(KINDS[kind], row)))
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _dead(path: Path) -> SpoolFile | None:
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    if not _locked(fd):
        os.close(fd)
        return None
    return SpoolFile(path, fd, os.fstat(fd).st_size)


def _frames(region: Region) -> Iterator[tuple[tuple[str, Row], int]]:
    """Every whole frame of a region with the offset behind it. What a kill left half written is passed over."""
    offset = region.start
    data = b""
    at = 0
    while offset < region.end:
        if len(data) - at < _HEAD.size or len(data) - at - _HEAD.size < _HEAD.unpack_from(data, at)[0]:
            data, at = _read(region, offset), 0
        frame = _whole(data, at)
        if frame is None:
            _log.warning("spool %s ends in a torn frame at byte %d of %d", region.file.path, offset, region.end)
            return
        payload, length = frame
        kind, row = _decoder.decode(payload)
        at += length
        offset += length
        yield (kind, tuple(row)), offset


def _read(region: Region, offset: int) -> bytes:
    """Bytes from `offset` on, with the whole frame that begins there, which may be larger than what is usually read."""
    data = os.pread(region.file.fd, min(_READ, region.end - offset), offset)
    if len(data) >= _HEAD.size and len(data) < (whole := _HEAD.size + _HEAD.unpack_from(data)[0]):
        data = os.pread(region.file.fd, min(whole, region.end - offset), offset)
    return data


def _whole(data: bytes, at: int) -> tuple[bytes, int] | None:
    if len(data) - at < _HEAD.size:
        return None
    length, crc = _HEAD.unpack_from(data, at)
    payload = data[at + _HEAD.size : at + _HEAD.size + length]
    if len(payload) < length or zlib.crc32(payload) != crc:
        return None
    return payload, _HEAD.size + length
