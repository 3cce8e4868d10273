"""A whole hone in this process: the rooms of one project put together, for the doors, the SDK and tests."""

from typing import TYPE_CHECKING

from hone.core import lazily

if TYPE_CHECKING:
    from hone.local._calibrate import Calibration, calibrate
    from hone.local._contest import contest
    from hone.local._evaluate import Bench, Options
    from hone.local._given import cards_of, judging
    from hone.local._grounding import usual_embedder
    from hone.local._hone import Hone, open_here
    from hone.local._house import House
    from hone.local._judges import Judging
    from hone.local._likeness import Likeness, likeness
    from hone.local._near import Near
    from hone.local._plane import Plane
    from hone.local._sdk import Evaluation, dataset, evaluate, grow, record
    from hone.local._serving import Serving
    from hone.local._watcher import Watcher

__getattr__ = lazily(
    __name__,
    {
        "Bench": "_evaluate",
        "Calibration": "_calibrate",
        "Evaluation": "_sdk",
        "Hone": "_hone",
        "House": "_house",
        "Judging": "_judges",
        "Likeness": "_likeness",
        "Near": "_near",
        "Options": "_evaluate",
        "Plane": "_plane",
        "Serving": "_serving",
        "Watcher": "_watcher",
        "calibrate": "_calibrate",
        "cards_of": "_given",
        "contest": "_contest",
        "dataset": "_sdk",
        "evaluate": "_sdk",
        "grow": "_sdk",
        "judging": "_given",
        "likeness": "_likeness",
        "open_here": "_hone",
        "record": "_sdk",
        "usual_embedder": "_grounding",
    },
)

__all__ = [
    "Bench",
    "Calibration",
    "Evaluation",
    "Hone",
    "House",
    "Judging",
    "Likeness",
    "Near",
    "Options",
    "Plane",
    "Serving",
    "Watcher",
    "calibrate",
    "cards_of",
    "contest",
    "dataset",
    "evaluate",
    "grow",
    "judging",
    "likeness",
    "open_here",
    "record",
    "usual_embedder",
]
