"""Evaluators by name. A package adds its own through the entry point group `hone.evaluators`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from hone.core import to_json
from hone.errors import CallError
from hone.evals._case import Evaluator, Given, from_function
from hone.evals.interop import NAMES as INTEROP
from hone.evals.judges import NAMES as JUDGES
from hone.evals.metrics.agents import NAMES as AGENTS
from hone.evals.metrics.retrieval import NAMES as RETRIEVAL
from hone.evals.metrics.safety import NAMES as SAFETY
from hone.evals.metrics.structure import NAMES as STRUCTURE
from hone.evals.metrics.text import NAMES as TEXT
from hone.registry import Registry
from hone.store import Metric

evaluators = Registry("hone.evaluators", TEXT | STRUCTURE | RETRIEVAL | AGENTS | SAFETY | JUDGES | INTEROP)

Asked = str | Mapping[str, Any] | Callable[..., Any] | Evaluator
"""A name (`rouge:2`), an object (`{"type": "rouge", "value": "...", "threshold": 0.4}`), a function or an evaluator."""


def make(
    asked: Iterable[Asked],
    *,
    given: Given | None = None,
    metrics: Mapping[str, Metric] | None = None,
) -> list[Evaluator]:
    """The evaluators asked for: by name (`exact`, `contains:whole`), as objects, or functions of (example, output).

    An object has the `type`, and may have `value`, `threshold` and `metric` (its name among the scores); what else it
    says are settings of that evaluator.

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
        elif isinstance(each, Mapping):
            made.append(_by_object(each, given or Given()))
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


def _by_object(asked: Mapping[str, Any], given: Given) -> Evaluator:
    kind = asked.get("type")
    if not isinstance(kind, str):
        raise CallError(f"an evaluator has a type: {to_json(asked)}", hint='{"type": "contains", "value": "..."}')
    threshold, name = asked.get("threshold"), asked.get("metric")
    if isinstance(threshold, bool) or not isinstance(threshold, int | float | None):
        raise CallError(f"the threshold of {kind} is no number: {to_json(threshold)}")
    if not isinstance(name, str | None):
        raise CallError(f"the metric of {kind} is no name: {to_json(name)}")
    settings = {key: value for key, value in asked.items() if key not in ("type", "value", "threshold", "metric")}
    return _by_name(kind, replace(given, value=asked.get("value"), threshold=threshold, settings=settings, name=name))
