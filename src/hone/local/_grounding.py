"""The knowledge of a project as its hone.toml says: its settings, and the model that it is embedded with."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hone.core import Passage
from hone.knowledge import Build, Builds, Embedding, Knowledge, Progress, VectorStore
from hone.project import Project, Variant
from hone.providers import Embedder, embedders
from hone.providers._weights import installed

_USUAL = "minilm"


class Grounds:
    """Everything the project knows, built when it is first asked for. Any thread may ask."""

    def __init__(self, project: Callable[[], Project], builds: Builds, vectors: VectorStore) -> None:
        self._project = project
        self._builds = builds
        self._vectors = vectors
        self._built: dict[str, Knowledge] = {}
        self._lock = threading.Lock()

    def build(
        self,
        name: str,
        progress: Callable[[Progress], None] | None = None,
        embedding: Callable[[Embedding], None] | None = None,
    ) -> Build:
        """Read the sources of a knowledge and make what has changed searchable, as its variants want to search it.

        Raises:
            ProjectError: a source cannot be read, or the model of semantic search cannot be used.
            MissingExtra: a variant searches by meaning, and the model for it is not installed.
        """
        made, built = self._make(self._project(), name, progress)
        self._built[name] = made
        if searched_by_meaning(self._project(), name):
            made.embed(embedding)
        return built

    def knowledge(self, name: str) -> Knowledge:
        """The knowledge of that name."""
        if (built := self._built.get(name)) is not None:
            return built  # a search waits for no build of another knowledge
        with self._lock:
            if name not in self._built:
                self._built[name], _ = self._make(self._project(), name, None)
            return self._built[name]

    def search(self, variant: Variant, query: str) -> tuple[Sequence[Passage], str | None]:
        """Passages for a query as the variant says, best first, and the id of what was searched."""
        knowledge = self.knowledge(variant.knowledge or "")
        return knowledge.search(query, variant.k, variant.threshold, variant.search), knowledge.snapshot

    def made_new(self, before: Project, after: Project) -> dict[str, Knowledge]:
        """What is new in `after`, and what is built and means something else there: for `replace`.

        Raises:
            ProjectError, MissingExtra: as for `build`.
        """
        fresh = {}
        for name in after.knowledge:
            known = name in self._built or name not in before.knowledge
            if known and _asked_of(after, name) != _asked_of(before, name):
                fresh[name], _ = self._make(after, name, None)
                if searched_by_meaning(after, name):
                    fresh[name].embed(None)
        return fresh

    def replace(self, fresh: dict[str, Knowledge]) -> None:
        """What was removed from the project stays for the calls that are going on."""
        self._built.update(fresh)

    def _make(
        self, project: Project, name: str, progress: Callable[[Progress], None] | None
    ) -> tuple[Knowledge, Build]:
        made = knowledge_of(project, name, self._builds, self._vectors)
        return made, made.build(progress)


def _asked_of(project: Project, name: str) -> tuple[object, bool]:
    return project.knowledge.get(name), searched_by_meaning(project, name)


def searched_by_meaning(project: Project, knowledge: str) -> bool:
    """Does a variant want semantic or hybrid search of it? Only then are its vectors worth minutes of work."""
    variants = (variant for task in project.tasks.values() for variant in task.variants.values())
    return any(variant.knowledge == knowledge and variant.search != "lexical" for variant in variants)


def knowledge_of(project: Project, name: str, builds: Builds, vectors: VectorStore) -> Knowledge:
    """`[knowledge.NAME]`, opened. Its model is loaded when something is searched by meaning."""
    config = project.knowledge[name]
    return Knowledge(
        name,
        config.sources,
        root=project.root,
        builds=builds,
        project=project.name,
        chunk=config.chunk,
        overlap=config.overlap,
        embedder=partial(embedder_of, project, name),
        vectors=vectors,
    )


def embedder_of(project: Project, knowledge: str) -> Embedder:
    """The model of `[knowledge.NAME] embed`: one that is known by name, or in a folder of the project.

    Raises:
        MissingExtra: it is not installed.
        ProjectError: the folder holds no model that can be used.
    """
    named = project.knowledge[knowledge].embed or _USUAL
    if named in embedders.names():
        known: Embedder = embedders.load(named)()
        return known
    local: Embedder = embedders.load(_USUAL)(project.root / named)
    return local


def embedding_here() -> Callable[[Sequence[str]], Any] | None:
    """Makes vectors of texts; the model is read when it is first used. None where it is not installed."""
    return (lambda texts: usual_embedder().embed(texts)) if installed() else None


def usual_embedder() -> Embedder:
    """
    Raises:
        MissingExtra: it is not installed.
    """
    known: Embedder = embedders.load(_USUAL)()
    return known
