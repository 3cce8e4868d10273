"""A whole hone in this process: the rooms of one project put together, for the doors, the SDK and tests."""

from typing import TYPE_CHECKING

from hone.core import lazily

if TYPE_CHECKING:
    from hone.local._evaluate import Bench, Options
    from hone.local._grounding import usual_embedder
    from hone.local._hone import Hone, open_here
    from hone.local._house import House
    from hone.local._likeness import Likeness, likeness
    from hone.local._plane import Plane
    from hone.local._sdk import Evaluation, dataset, evaluate, grow, record
    from hone.local._serving import Serving
    from hone.local._watcher import Watcher

__getattr__ = lazily(
    __name__,
    {
        "Bench": "_evaluate",
        "Evaluation": "_sdk",
        "Hone": "_hone",
        "House": "_house",
        "Likeness": "_likeness",
        "Options": "_evaluate",
        "Plane": "_plane",
        "Serving": "_serving",
        "Watcher": "_watcher",
        "dataset": "_sdk",
        "evaluate": "_sdk",
        "grow": "_sdk",
        "likeness": "_likeness",
        "open_here": "_hone",
        "record": "_sdk",
        "usual_embedder": "_grounding",
    },
)

__all__ = [
    "Bench",
    "Evaluation",
    "Hone",
    "House",
    "Likeness",
    "Options",
    "Plane",
    "Serving",
    "Watcher",
    "dataset",
    "evaluate",
    "grow",
    "likeness",
    "open_here",
    "record",
    "usual_embedder",
]
