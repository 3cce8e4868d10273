"""Files of callers: a row that says what each is, and its bytes as one blob.

A blob appears whole or not at all: written under a temporary name, fsynced, renamed; only its row makes it count.
"""

import os
import time
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace
from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, or_, select

from hone.core import Clock, new_id, now_ns
from hone.errors import CallError, NotFound
from hone.store._catalog_text import storable, stored
from hone.store._database import reading, writing
from hone.store._local_path import local_path
from hone.store._paging import page, plain
from hone.store._schema import batches, files

LIVE = ("validating", "in_progress", "finalizing", "cancelling")
"""What a batch is while somebody has to work on it."""

_TEMPORARY = ".tmp"
_FORGOTTEN_SECONDS = 86_400


class File(Struct, frozen=True, kw_only=True):
    """Times are nanoseconds since the epoch."""

    id: str
    owner: str | None  # the name of a key; None: whoever runs the house
    name: str
    purpose: str
    bytes: int
    created: int
    expires: int | None = None


class Upload:
    """A file that is being written. It is nothing before it is kept."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.id = f"file-{new_id()}"
        self.size = 0
        self.temporary = folder / (self.id + _TEMPORARY)
        self._file = self.temporary.open("xb")

    def write(self, data: bytes | bytearray) -> None:
        self._file.write(data)
        self.size += len(data)

    def drop(self) -> None:
        """Leave nothing behind. After it was kept, this does nothing."""
        self._file.close()
        self.temporary.unlink(missing_ok=True)

    def place(self) -> None:
        """Make it durable, under its own name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self.temporary.rename(self.temporary.with_suffix(""))
        folder = os.open(self.temporary.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class StoredFiles:
    """One project's files. An `owner` sees its own; None sees all. Safe to use from many threads and processes."""

    def __init__(self, engine: Engine, project: str, blobs: Path | str, clock: Clock = now_ns) -> None:
        self._engine = engine
        self._project = project
        self._folder = local_path(blobs) / "files"
        self._clock = clock

    def new(self) -> Upload:
        return Upload(self._folder)

    def placed(self, upload: Upload, name: str, purpose: str, owner: str | None, seconds: int | None = None) -> File:
        """What was uploaded, durable, and not among the files yet; with `seconds`, it is kept for so long."""
        upload.place()
        now = self._clock()
        expires = None if seconds is None else now + seconds * 1_000_000_000
        return File(
            id=upload.id, owner=owner, name=name, purpose=purpose, bytes=upload.size, created=now, expires=expires
        )

    def add(self, upload: Upload, name: str, purpose: str, owner: str | None, seconds: int | None = None) -> File:
        """Keep what was uploaded; with `seconds`, for so long."""
        file = self.placed(upload, name, purpose, owner, seconds)
        with writing(self._engine) as connection:
            add_row(connection, self._project, file)
        return file

    def get(self, id: str, owner: str | None = None) -> File:
        """
        Raises:
            NotFound: there is none, or it is another's.
        """
        with reading(self._engine) as connection:
            row = connection.execute(select(files).where(*self._mine(owner), files.c.id == storable(id))).mappings()
            found = row.first()
        if found is None:
            raise NotFound(f"there is no file {id!r}")
        return _file(plain(found))

    def latest(
        self,
        owner: str | None = None,
        *,
        purpose: str | None = None,
        after: str | None = None,
        limit: int,
        oldest_first: bool = False,
    ) -> tuple[list[File], bool]:
        """Files, newest first, and whether there are more.

        Raises:
            NotFound: there is no file `after`.
        """
        mine = self._mine(owner)
        if purpose is not None:
            mine.append(files.c.purpose == storable(purpose))
        with reading(self._engine) as connection:
            found, more = page(connection, files, mine, after=after, limit=limit, oldest_first=oldest_first)
        return [_file(row) for row in found], more

    def path(self, id: str) -> Path:
        """Where the bytes of a file lie."""
        return self._folder / id

    def remove(self, id: str, owner: str | None = None) -> None:
        """
        Raises:
            NotFound: there is none, or it is another's.
            CallError: a batch reads it.
        """
        file = self.get(id, owner)
        with writing(self._engine) as connection:
            reads = (batches.c.project == self._project, batches.c.input_file == file.id, batches.c.status.in_(LIVE))
            reader = connection.scalar(select(batches.c.id).where(*reads).limit(1))
            if reader is not None:
                error = CallError(f"the batch {reader} still reads the file {file.id}", hint="cancel it first")
                error.status, error.code = 409, "conflict"
                raise error
            connection.execute(delete(files).where(files.c.project == self._project, files.c.id == file.id))
        self.path(file.id).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove files that have expired, and what a killed process left half done."""
        now = self._clock()
        with writing(self._engine) as connection:
            read = select(batches.c.input_file).where(batches.c.project == self._project, batches.c.status.in_(LIVE))
            over = (files.c.project == self._project, files.c.expires <= now, files.c.id.not_in(read))
            gone = list(connection.scalars(delete(files).where(*over).returning(files.c.id)))
        for each in gone:
            self.path(each).unlink(missing_ok=True)
        # The folder may serve several projects, so every row counts here.
        with reading(self._engine) as connection:
            known = set(connection.scalars(select(files.c.id)))
        for path in self._folder.glob("file-*"):
            if path.name not in known and path.stat().st_mtime < time.time() - _FORGOTTEN_SECONDS:
                path.unlink(missing_ok=True)

    def _mine(self, owner: str | None) -> list[ColumnElement[bool]]:
        valid = or_(files.c.expires.is_(None), files.c.expires > self._clock())
        mine = [files.c.project == self._project, valid]
        return mine if owner is None else [*mine, files.c.owner == storable(owner)]


def add_row(connection: Connection, project: str, file: File) -> None:
    row = asdict(replace(file, name=storable(file.name), owner=None if file.owner is None else storable(file.owner)))
    connection.execute(insert(files).values(**row, project=project))


def _file(row: dict[str, object]) -> File:
    file = msgspec.convert({name: row[name] for name in File.__struct_fields__}, File)
    return replace(file, name=stored(file.name), owner=None if file.owner is None else stored(file.owner))
