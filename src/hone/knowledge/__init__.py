"""Grounding: documents are loaded, cut into chunks, indexed and searched."""

from hone.knowledge._document import Document
from hone.knowledge._knowledge import Knowledge
from hone.knowledge._seam import Build, Builds, Embedding, Progress, VectorStore
from hone.knowledge._sources import documents

__all__ = ["Build", "Builds", "Document", "Embedding", "Knowledge", "Progress", "VectorStore", "documents"]
