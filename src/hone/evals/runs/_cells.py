"""The matrix of a run: variants, each as it is or with other models and parameters, under names that people read."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from hone.core import to_json
from hone.errors import CallError

_LONGEST = 200

Configured = Callable[[str, str | None, Mapping[str, Any]], str]
"""The SHA-256 of how (variant, model, parameters) is configured."""


class Cell(Struct, frozen=True, kw_only=True):
    """One way of doing a task that is measured.

    `name` is the variant's where nothing is changed, else such as `concise · model=fast · temperature=0`.
    """

    name: str
    variant: str
    sha256: str  # of its configuration: equal as long as it would be asked and answered the same way
    model: str | None = None  # in place of the variant's models
    parameters: Mapping[str, Any] = {}  # they win over the variant's

    @property
    def changed(self) -> dict[str, Any]:
        """What is kept of a cell that is more than its variant."""
        if self.model is None and not self.parameters:
            return {}
        return {"variant": self.variant, "model": self.model, "parameters": dict(self.parameters)}


def plain(variants: Mapping[str, str]) -> tuple[Cell, ...]:
    """Variants as they are, each with the SHA-256 of its configuration."""
    return tuple(Cell(name=name, variant=name, sha256=sha256) for name, sha256 in variants.items())


def matrix(
    variants: Sequence[str],
    configured: Configured,
    *,
    models: Sequence[str] = (),
    parameters: Mapping[str, Sequence[Any]] | None = None,
) -> tuple[Cell, ...]:
    """Every variant with every model and every combination of parameters.

    Raises:
        CallError: a name would be too long to be kept.
    """
    names = list(parameters or {})
    choices = [dict(zip(names, values, strict=True)) for values in itertools.product(*(parameters or {}).values())]
    return tuple(
        _cell(variant, model, chosen, configured)
        for variant in dict.fromkeys(variants)
        for model in dict.fromkeys(models or (None,))
        for chosen in choices
    )


def _cell(variant: str, model: str | None, parameters: Mapping[str, Any], configured: Configured) -> Cell:
    said = [] if model is None else [f"model={model}"]
    name = " · ".join([variant, *said, *(f"{key}={_shown(value)}" for key, value in parameters.items())])
    if len(name) > _LONGEST:
        raise CallError(f"the name {name[:60]!r}... has {len(name)} characters, and {_LONGEST} can be kept")
    sha256 = configured(variant, model, parameters)
    return Cell(name=name, variant=variant, sha256=sha256, model=model, parameters=parameters)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else to_json(value)
