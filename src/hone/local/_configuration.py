"""What a variant is, as one hash: equal as long as it would be asked and answered the same way."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from hone.core import to_json

if TYPE_CHECKING:
    from hone.local._plane import Plane
    from hone.project import Project


def configuration(
    house: "Plane", task: str, variant: str, model: str | None = None, parameters: Mapping[str, Any] | None = None
) -> str:
    """SHA-256 of a variant's settings, its prompt's text, its models' settings and what its knowledge holds.

    Names and keys do not count: a variant that was renamed is the same one. `model` stands in the place of the
    variant's, `parameters` are those that a caller gives.
    """
    project = house.project
    settings = project.tasks[task].variant(variant)
    models = [each for name in ((model,) if model else settings.models) for each in identity(project, name)]
    prompt = house.prompts[settings.prompt].sha256 if settings.prompt else None
    plain = msgspec.to_builtins(settings)
    del plain["name"], plain["models"], plain["prompt"]
    parts: tuple[object, ...] = (plain, models, prompt, _knowledge(house, settings.knowledge))
    if (schema := project.tasks[task].schema) is not None:
        parts = (*parts, schema)
    if parameters:
        parts = (*parts, {"called with": dict(parameters)})
    return hashlib.sha256(msgspec.json.encode(msgspec.json.decode(to_json(parts)), order="sorted")).hexdigest()


def identity(project: "Project", model: str) -> list[tuple[object, ...]]:
    """What tells a model's configuration from another's, for each model that its name stands for: vendor and name,
    place and parameters, not the alias."""
    found = [(alias, project.models.get(alias)) for alias in project.deployments(model)]
    return [(alias,) if at is None else (at.use, at.base_url, at.parameters) for alias, at in found]


def _knowledge(house: "Plane", name: str | None) -> str | None:
    if not name:
        return None
    house.knowledge(name)  # built, if it was not, so that the newest build is what a call would search
    build = house.catalog.latest_build(house.project.name, name)
    return build.sha256 if build else None
