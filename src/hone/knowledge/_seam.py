"""What knowledge needs from outside and tells to it: places of record, and how far a build is."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct

Mode = Literal["lexical", "semantic", "hybrid"]


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


class VectorStore(Protocol):
    """Where vectors are kept: the database, or memory in a test. Models and texts go by their SHA-256."""

    def vectors(self, model: str, texts: Sequence[str], /) -> Mapping[str, bytes]: ...

    def add_vectors(self, model: str, vectors: Mapping[str, bytes], /) -> None: ...


class Progress(Struct, frozen=True):
    """How far a build is: so many of its sources read, so many chunks made."""

    done: int
    sources: int
    chunks: int


class Embedding(Struct, frozen=True):
    """How far the vectors of a build are: so many of its texts have one. Texts that are the same count once."""

    done: int
    texts: int
