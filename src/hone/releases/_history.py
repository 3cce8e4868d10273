"""Releases: which variants of a task get which share of an environment's calls, and since when.

hone.toml seeds a task's first release. From then on the catalog's history wins, so that a rollback at night is not
undone by the next restart; shares edited in the file wait until they are applied.
"""

from collections.abc import Mapping

from hone.errors import CallError
from hone.project import BASELINE, Project
from hone.store import Catalog, Release

_ALWAYS = "production"  # an environment that every project has


def current(catalog: Catalog, project: Project, environment: str, task: str) -> Mapping[str, float]:
    """The shares of each variant, adding up to 1; empty for a task or an environment that there is not.

    A variant that hone.toml no longer has gets nothing: its share goes to the others, or to the baseline.
    """
    if task not in project.tasks:
        return {}
    release = catalog.current_release(project.name, environment, task)
    if release is None:
        first = _declared(project, environment, task)
        if first is None:
            return {}
        release = catalog.add_release(
            project.name, environment, task, first, action="seed", by="hone.toml", first_only=True
        )
    return _existing(release.weights, project, task)


def apply(
    catalog: Catalog, project: Project, environment: str, task: str, *, by: str, reason: str | None = None
) -> Release:
    """Release the shares that stand in hone.toml now.

    Raises:
        CallError: there is no such task or environment.
    """
    weights = _declared(project, environment, task) if task in project.tasks else None
    if weights is None:
        raise CallError(
            f"hone.toml has no release of {task!r} in {environment!r}",
            hint=f"add `{environment} = {{ baseline = 1 }}` to [releases.{task}]",
        )
    return catalog.add_release(project.name, environment, task, weights, action="apply", by=by, reason=reason)


def history(catalog: Catalog, project: Project, environment: str, task: str, *, limit: int = 100) -> list[Release]:
    """The releases of a task in an environment, newest first."""
    return catalog.release_history(project.name, environment, task, limit=limit)


def _declared(project: Project, environment: str, task: str) -> Mapping[str, float] | None:
    """What hone.toml says; where it says nothing, the baseline answers in the environments that exist anyway."""
    declared = project.releases.get(task, {}).get(environment)
    if declared is not None:
        return declared
    return {BASELINE: 1.0} if environment in (_ALWAYS, *project.environments) else None


def _existing(weights: Mapping[str, float], project: Project, task: str) -> dict[str, float]:
    known = {name: share for name, share in weights.items() if name in project.tasks[task].variants and share > 0}
    total = sum(known.values())
    return {name: share / total for name, share in known.items()} if known else {BASELINE: 1.0}
