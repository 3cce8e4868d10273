"""What is meant by `answer`, `answer@concise` and `answer@production` where variants are measured."""

import difflib
from typing import TYPE_CHECKING

from msgspec import Struct

from hone.errors import CallError
from hone.local._configuration import configuration
from hone.project import BASELINE
from hone.releases import current

if TYPE_CHECKING:
    from hone.local._plane import Plane


class Target(Struct, frozen=True):
    """One variant of a task, and the SHA-256 of its configuration."""

    task: str
    variant: str
    sha256: str


def target(house: "Plane", name: str) -> Target:
    """A task alone means its baseline; an environment, the variant with the largest share of it.

    Raises:
        CallError: there is no such task, variant or environment.
    """
    task, _, at = name.partition("@")
    known = house.project.tasks.get(task)
    if known is None:
        raise CallError(f"no task {task!r}", hint=_near(task, list(house.project.tasks)))
    if not at or at in known.variant_names:
        variant = at or BASELINE
    elif at in ("production", *house.project.environments, *house.project.releases.get(task, {})):
        weights = current(house.catalog, house.project, at, task)
        variant = max(weights, key=lambda each: (weights[each], each))
    else:
        raise CallError(f"the task {task!r} has no variant or environment {at!r}", hint=_near(at, known.variant_names))
    return Target(task, variant, configuration(house, task, variant))


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(known) or 'none'}"
