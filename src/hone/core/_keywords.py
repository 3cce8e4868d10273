"""The keywords of JSON Schema, bounded: they look at the clock, and patterns are run by RE2."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from hone.core import _regex

_end: ContextVar[float] = ContextVar("_end")


class TooLong(Exception):
    """A check has taken more time than it was given."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Checks in here may take so much CPU; after that they raise `TooLong`."""
    token = _end.set(time.thread_time() + seconds)
    try:
        yield
    finally:
        _end.reset(token)


@lru_cache
def bounded(draft: Any) -> Any:
    """A draft of the standard, with these keywords."""
    from jsonschema.validators import extend

    ours = {"pattern": _pattern, "patternProperties": _pattern_properties, "additionalProperties": _additional}
    keywords = draft.VALIDATORS | {name: check for name, check in ours.items() if name in draft.VALIDATORS}
    made: Any = extend
    return made(draft, {name: _timed(check) for name, check in keywords.items()})


def _timed(keyword: Callable[..., Any]) -> Callable[..., Any]:
    def check(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        if time.thread_time() > _end.get():
            raise TooLong
        return keyword(validator, value, instance, schema)

    return check


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if isinstance(instance, str) and not _regex.matches(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: dict[str, Any], instance: Any, _: Any) -> Iterator[Any]:
    if isinstance(instance, dict):
        for pattern, below in patterns.items():
            for name, value in instance.items():
                if _regex.matches(pattern, name):
                    yield from validator.descend(value, below, path=name, schema_path=pattern)


def _additional(validator: Any, allowed: Any, instance: Any, schema: dict[str, Any]) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not isinstance(instance, dict):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for name, value in instance.items():
        if name in named or any(_regex.matches(pattern, name) for pattern in patterns):
            continue
        if allowed is False:
            yield ValidationError(f"{name!r} is not among the properties")
        else:
            yield from validator.descend(value, allowed, path=name)
