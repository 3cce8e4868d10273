"""The project's files as they were read together: hone.toml and the prompts, under one name."""

import hashlib
from collections.abc import Mapping

from msgspec import Struct

from hone.errors import ProjectError
from hone.project import Project
from hone.prompts import Prompt, load_folder

_DIGITS = 12


class Files(Struct, frozen=True):
    """`version` changes whenever a text does."""

    project: Project
    prompts: Mapping[str, Prompt]
    version: str


def files_of(project: Project) -> Files:
    """
    Raises:
        PromptError: a prompt cannot be read.
    """
    prompts = load_folder(project.root / "prompts")
    texts = [project.sha256, *(f"{name} {prompts[name].sha256}" for name in sorted(prompts))]
    return Files(project, prompts, hashlib.sha256("\n".join(texts).encode()).hexdigest()[:_DIGITS])


FIXED = ("server", "telemetry")
"""Sections that are read once: a socket that is open and a journal that is written stay as they are."""


def fitting(fresh: Project, running: Project) -> list[str]:
    """The sections of `fresh` that take effect after a restart alone.

    Raises:
        ProjectError: `fresh` is another project.
    """
    if fresh.name != running.name:
        raise ProjectError(
            f"the project is called {fresh.name!r} now, and {running.name!r} is being served",
            hint="restart hone to serve it",
        )
    return [section for section in FIXED if getattr(fresh, section) != getattr(running, section)]
