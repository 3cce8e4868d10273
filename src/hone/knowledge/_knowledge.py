"""Knowledge: one `[knowledge.NAME]` of a project, built into chunks of record and searched in memory."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hone.core import Passage, to_json
from hone.errors import ProjectError
from hone.knowledge._chunk import chunks_of
from hone.knowledge._document import Document
from hone.knowledge._seam import Build, Builds, Embedding, Mode, Progress, VectorStore
from hone.knowledge._sources import Source, find

if TYPE_CHECKING:
    from hone.knowledge._search import Snapshot
    from hone.providers import Embedder

# Part of every fingerprint: raised when the same sources would be read or cut differently.
_FORMAT = 1

CHUNK = 800
"""Characters of a chunk where the project file does not say."""


class Knowledge:
    """Documents that a task can look things up in.

    `sources`, `chunk` and `overlap` are as the project file has them: patterns relative to `root`, and characters,
    `CHUNK` and none where they are unset. `embedder` loads the model of semantic search when that is first asked for,
    `vectors` keeps what it made. Any number of threads may search while another builds.
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
        embedder: "Callable[[], Embedder] | None" = None,
        vectors: VectorStore | None = None,
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
        self._embedder = embedder
        self._vectors = vectors
        self._lock = threading.Lock()
        self._embedding = threading.Lock()
        self._open: Snapshot | None = None

    @property
    def snapshot(self) -> str | None:
        """The id of the build that is searched, which retrieval spans carry; None before the first build."""
        opened = self._opened()
        return opened.build if opened else None

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

    def embed(self, progress: Callable[[Embedding], None] | None = None) -> None:
        """Make the vectors of the current build that are not kept yet; semantic and hybrid search need them.

        It may be interrupted at any time, and goes on where it was.

        Raises:
            ProjectError: nothing has been built yet, or the model cannot be used.
            MissingExtra: the model is not installed.
            StoreError: the vectors cannot be kept.
        """
        self._embed(self._built(), progress)

    def search(self, query: str, k: int = 5, threshold: float | None = None, mode: Mode = "lexical") -> list[Passage]:
        """The `k` passages that fit best, best first, without those that score below `threshold`.

        All scores lie in 0..1: the share of the query's words that a passage speaks of (`lexical`), the cosine of the
        two (`semantic`), or the mean of both (`hybrid`): see `Snapshot.search`.

        Raises:
            ProjectError: nothing has been built yet, or the model cannot be used.
            MissingExtra: the search is by meaning, and the model is not installed.
        """
        snapshot = self._built()
        if mode != "lexical":
            self._embed(snapshot, None)
        return snapshot.search(query, k, threshold, mode)

    def _embed(self, snapshot: "Snapshot", progress: Callable[[Embedding], None] | None) -> None:
        if snapshot.meaning is not None:
            return
        if self._embedder is None or self._vectors is None:
            raise ProjectError(f"knowledge.{self.name} was opened without a model for semantic search")
        from hone.knowledge._meaning import meaning_of

        with self._embedding:
            if snapshot.meaning is None:
                snapshot.meaning = meaning_of(snapshot.chunks, self._embedder(), self._vectors, progress)

    def _built(self) -> "Snapshot":
        opened = self._opened()
        if opened is None:
            raise ProjectError(
                f"knowledge.{self.name} has not been built", hint=f"run `hone knowledge build {self.name}`"
            )
        return opened

    def _opened(self) -> "Snapshot | None":
        if self._open is None and (latest := self._builds.latest_build(self._project, self.name)):
            self._use(latest.id)
        return self._open

    def _use(self, build_id: str) -> None:
        """Search that build from now on. The index is a cache: it is made again from the chunks of record."""
        from hone.knowledge._search import Snapshot  # numpy comes along, which is slow to import

        with self._lock:
            if self._open is None or self._open.build != build_id:
                self._open = Snapshot(build_id, self._builds.chunks_of(build_id))

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
