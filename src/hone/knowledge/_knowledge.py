"""Knowledge: one `[knowledge.NAME]` of a project, built into chunks of record and searched in memory."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from hone.core import Passage, to_json
from hone.errors import ProjectError
from hone.knowledge._chunk import chunks_of
from hone.knowledge._document import Document
from hone.knowledge._sources import Source, find

if TYPE_CHECKING:
    from hone.knowledge._index import Index

# Part of every fingerprint: raised when the same sources would be read or cut differently.
_FORMAT = 1

CHUNK = 800
"""Characters of a chunk where the project file does not say."""


class Build(Protocol):
    """One build of record: a snapshot that never changes. `sha256` is of what it was built from."""

    @property
    def id(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def chunks(self) -> int: ...


class Builds(Protocol):
    """Where builds are kept: the catalog, or memory in a test."""

    def save_build(self, project: str, name: str, sha256: str, chunks: Sequence[tuple[str, str]], /) -> str: ...

    def latest_build(self, project: str, name: str, /) -> Build | None: ...

    def chunks_of(self, build: str, /) -> Sequence[tuple[str, str]]: ...


class Progress(Struct, frozen=True):
    """How far a build is: so many of its sources read, so many chunks made."""

    done: int
    sources: int
    chunks: int


class Knowledge:
    """Documents that a task can look things up in.

    `sources`, `chunk` and `overlap` are as the project file has them: patterns relative to `root`, and characters,
    `CHUNK` and none where they are unset. Any number of threads may search while another builds.
    """

    def __init__(
        self,
        name: str,
        sources: Sequence[str],
        *,
        root: Path,
        builds: Builds,
        project: str,
        chunk: int | None = None,
        overlap: int | None = None,
    ) -> None:
        self._size = CHUNK if chunk is None else chunk
        self._overlap = overlap or 0
        if not 0 <= self._overlap < self._size:
            raise ProjectError(
                f"chunk = {self._size} with overlap = {self._overlap} (knowledge.{name})",
                hint="chunk is a number of characters, overlap a smaller one",
            )
        self.name = name
        self._sources = tuple(sources)
        self._root = root
        self._builds = builds
        self._project = project
        self._lock = threading.Lock()
        self._open: tuple[str, Index] | None = None

    @property
    def snapshot(self) -> str | None:
        """The id of the build that is searched, which retrieval spans carry; None before the first build."""
        opened = self._opened()
        return opened[0] if opened else None

    def build(self, progress: Callable[[Progress], None] | None = None) -> Build:
        """Read the sources and keep their chunks; what has not changed since the last build is not built again.

        Raises:
            ProjectError: a source matches nothing, cannot be read or holds no text.
            StoreError: the chunks cannot be kept.
        """
        sources = find(self._sources, self._root)
        sha256 = self._fingerprint([source.fingerprint() for source in sources])
        latest = self._builds.latest_build(self._project, self.name)
        if latest is None or latest.sha256 != sha256:
            self._builds.save_build(self._project, self.name, sha256, self._read(sources, progress))
            latest = self._builds.latest_build(self._project, self.name)
        assert latest is not None
        self._use(latest.id)
        return latest

    def search(self, query: str, k: int = 5, threshold: float | None = None) -> list[Passage]:
        """The `k` passages that BM25 ranks highest, best first, without those that score below `threshold`.

        The score is the share of the query that a passage speaks of, 0..1: see `Index.search` for the formula.

        Raises:
            ProjectError: nothing has been built yet.
        """
        opened = self._opened()
        if opened is None:
            raise ProjectError(
                f"knowledge.{self.name} has not been built", hint=f"run `hone knowledge build {self.name}`"
            )
        return opened[1].search(query, k, threshold)

    def _opened(self) -> "tuple[str, Index] | None":
        if self._open is None and (latest := self._builds.latest_build(self._project, self.name)):
            self._use(latest.id)
        return self._open

    def _use(self, build_id: str) -> None:
        """Search that build from now on. The index is a cache: it is made again from the chunks of record."""
        from hone.knowledge._index import Index  # numpy comes along, which is slow to import

        with self._lock:
            if self._open is None or self._open[0] != build_id:
                self._open = (build_id, Index(self._builds.chunks_of(build_id)))

    def _read(self, sources: list[Source], progress: Callable[[Progress], None] | None) -> list[tuple[str, str]]:
        made: list[tuple[str, str]] = []
        for done, source in enumerate(sources, 1):
            made += (piece for document in source.documents() for piece in self._cut(document))
            if progress:
                progress(Progress(done, len(sources), len(made)))
        if not made:
            raise ProjectError(
                f"the sources of knowledge.{self.name} hold no text", hint="name files with text in `sources`"
            )
        return made

    def _cut(self, document: Document) -> list[tuple[str, str]]:
        """The title stands at the head of every chunk, on top of its size, so that each can be read alone."""
        head = f"{document.title}\n" if document.title else ""
        return [(document.source, head + piece) for piece in chunks_of(document.text, self._size, self._overlap)]

    def _fingerprint(self, sources: list[str]) -> str:
        return hashlib.sha256(to_json([_FORMAT, self._size, self._overlap, sources]).encode()).hexdigest()
