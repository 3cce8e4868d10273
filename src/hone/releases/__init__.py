"""Releases: what gets which traffic, the history of it, and what it takes to change."""

from typing import TYPE_CHECKING

from hone.core import lazily

if TYPE_CHECKING:
    from hone.releases._gate import GateResult
    from hone.releases._history import apply, current, history
    from hone.releases._live import LiveSummary
    from hone.releases._patrol import EVERY, Patrol
    from hone.releases._releases import Releases
    from hone.releases._standing import Live
    from hone.releases._watch import Check, Decision

__getattr__ = lazily(
    __name__,
    {
        "Check": "_watch",
        "Decision": "_watch",
        "EVERY": "_patrol",
        "GateResult": "_gate",
        "Live": "_standing",
        "LiveSummary": "_live",
        "Patrol": "_patrol",
        "Releases": "_releases",
        "apply": "_history",
        "current": "_history",
        "history": "_history",
    },
)

__all__ = [
    "EVERY",
    "Check",
    "Decision",
    "GateResult",
    "Live",
    "LiveSummary",
    "Patrol",
    "Releases",
    "apply",
    "current",
    "history",
]
