"""Grounding: documents are loaded, cut into chunks, indexed and searched."""

from hone.knowledge._document import Document
from hone.knowledge._knowledge import Build, Builds, Knowledge, Progress
from hone.knowledge._sources import documents

__all__ = ["Build", "Builds", "Document", "Knowledge", "Progress", "documents"]
