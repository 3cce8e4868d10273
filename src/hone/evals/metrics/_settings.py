"""The settings of an evaluator, read one by one: each is of its type, or its error says which type it is."""

import math
from collections.abc import Sequence
from typing import Any

from hone.core import to_json
from hone.errors import CallError
from hone.evals._case import Given


def flag(name: str, given: Given, key: str, default: bool = False) -> bool:
    """A setting that is true or false."""
    found = given.settings.get(key, default)
    if not isinstance(found, bool):
        raise _wrong(name, key, found, "true or false")
    return found


def amount(name: str, given: Given, key: str, default: float, *, least: float = -math.inf) -> float:
    """A setting that is a number, `least` or more."""
    found = given.settings.get(key, default)
    if isinstance(found, bool) or not isinstance(found, int | float) or not (math.isfinite(found) and found >= least):
        raise _wrong(name, key, found, "a number" if least == -math.inf else f"a number of {least:g} or more")
    return float(found)


def choice(name: str, given: Given, key: str, choices: Sequence[str]) -> str:
    """A setting that is one of `choices`; the first is what it is by default."""
    found = given.settings.get(key, choices[0])
    if found not in choices:
        raise _wrong(name, key, found, f"one of {', '.join(choices)}")
    return str(found)


def _wrong(name: str, key: str, found: Any, wanted: str) -> CallError:
    return CallError(f"the {key} of {name} is {to_json(found)}", hint=f"it is {wanted}")
