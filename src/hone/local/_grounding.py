"""The knowledge of a project as its hone.toml says: its settings, and the model that it is embedded with."""

from functools import partial

from hone.knowledge import Builds, Knowledge, VectorStore
from hone.project import Project
from hone.providers import Embedder, embedders

_USUAL = "minilm"


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
