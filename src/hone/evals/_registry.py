"""Evaluators by name. A package adds its own through the entry point group `hone.evaluators`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from hone.errors import CallError
from hone.evals._case import Evaluator, Given, from_function
from hone.registry import Registry
from hone.store import Metric

evaluators = Registry(
    "hone.evaluators",
    {
        "exact": "hone.evals._text:exact",
        "contains": "hone.evals._text:contains",
        "f1": "hone.evals._text:f1",
        "rouge": "hone.evals._text:rouge",
        "json-schema": "hone.evals._structure:json_schema",
        "latency": "hone.evals._structure:latency",
        "cost": "hone.evals._structure:cost",
    },
)


def make(
    asked: Iterable[str | Callable[..., Any] | Evaluator],
    *,
    given: Given | None = None,
    metrics: Mapping[str, Metric] | None = None,
) -> list[Evaluator]:
    """The evaluators asked for: by name (`exact`, `contains:whole`), or functions of (example, output).

    `metrics` are the project's own; they say what the values of a function mean.

    Raises:
        ProjectError: no evaluator has that name.
        CallError: none is asked for, or two have one name.
    """
    made: list[Evaluator] = []
    for each in asked:
        if isinstance(each, Evaluator):
            made.append(each)
        elif isinstance(each, str):
            made.append(_by_name(each, given or Given()))
        else:
            made.append(from_function(each, (metrics or {}).get(getattr(each, "__name__", ""))))
    names = [measure.name for evaluator in made for measure in evaluator.measures]
    if not names:
        raise CallError("no evaluators", hint=f"there are: {', '.join(evaluators.names())}")
    if len(set(names)) < len(names):
        raise CallError(f"two evaluators have one name: {', '.join(names)}")
    return made


def _by_name(text: str, given: Given) -> Evaluator:
    name, colon, option = text.partition(":")
    factory = evaluators.load(name)
    made: Evaluator = factory(replace(given, option=option if colon else None))
    return made
