"""What the catalog answers with."""

from msgspec import Struct


class PromptVersion(Struct, frozen=True, kw_only=True):
    """One state of a prompt file; `version` counts 1, 2, 3 ... for each prompt."""

    project: str
    name: str
    version: int
    sha256: str
    source: str
    created: int  # nanoseconds since the epoch, as everywhere below
    by: str


class PromptLabel(Struct, frozen=True, kw_only=True):
    """A name that points at one version of a prompt, such as `production`."""

    project: str
    name: str
    label: str
    version: int
    created: int
    by: str


class Release(Struct, frozen=True, kw_only=True):
    """Which variants of a task got which share of an environment's calls, from this moment on."""

    id: int
    project: str
    environment: str
    task: str
    weights: dict[str, float]
    action: str  # seed | apply | promote | rollback | canary
    reason: str | None
    created: int
    by: str


class Build(Struct, frozen=True, kw_only=True):
    """One snapshot of a knowledge, cut into chunks."""

    id: str
    project: str
    name: str
    sha256: str  # of the sources and settings it was made from
    chunks: int
    created: int
