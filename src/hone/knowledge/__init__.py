"""Grounding: documents are loaded, cut into chunks, indexed and searched."""

from hone.knowledge._knowledge import Build, Builds, Knowledge, Progress

__all__ = ["Build", "Builds", "Knowledge", "Progress"]
