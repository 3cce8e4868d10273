"""Releases: what gets which traffic, and the history of it."""

from hone.releases._history import apply, current, history

__all__ = ["apply", "current", "history"]
