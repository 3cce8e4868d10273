from hone.store._catalog import Catalog
from hone.store._catalog_shapes import Build, PromptLabel, PromptVersion, Release
from hone.store._database import open_database, reading, writing

__all__ = [
    "Build",
    "Catalog",
    "PromptLabel",
    "PromptVersion",
    "Release",
    "open_database",
    "reading",
    "writing",
]
