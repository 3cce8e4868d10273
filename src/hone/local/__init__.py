"""A whole hone in this process: the rooms of one project put together, for the doors, the SDK and tests."""

from hone.local._evaluate import Bench, Options
from hone.local._hone import Hone, open_here
from hone.local._house import House
from hone.local._likeness import Likeness, likeness
from hone.local._sdk import Evaluation, dataset, evaluate, grow, record
from hone.local._watcher import Watcher

__all__ = [
    "Bench",
    "Evaluation",
    "Hone",
    "House",
    "Likeness",
    "Options",
    "Watcher",
    "dataset",
    "evaluate",
    "grow",
    "likeness",
    "open_here",
    "record",
]
