"""Listening: scores given by end users, people, judges and code."""

from hone.feedback._scores import Metrics, score_from, target_from

__all__ = ["Metrics", "score_from", "target_from"]
