"""Evaluators by name. A package adds its own through the entry point group `hone.evaluators`."""

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from hone.core import to_json
from hone.errors import CallError, ProjectError
from hone.evals._case import Evaluator, Given, from_function, judges_among
from hone.evals._shaped import Member, named, together, turned, with_threshold
from hone.evals.interop import NAMES as INTEROP
from hone.evals.judges import NAMES as JUDGES
from hone.evals.metrics._promptfoo import PROMPTFOO
from hone.evals.metrics.agents import NAMES as AGENTS
from hone.evals.metrics.custom import NAMES as CUSTOM
from hone.evals.metrics.labels import NAMES as LABELS
from hone.evals.metrics.language import NAMES as LANGUAGE
from hone.evals.metrics.retrieval import NAMES as RETRIEVAL
from hone.evals.metrics.safety import NAMES as SAFETY
from hone.evals.metrics.structure import NAMES as STRUCTURE
from hone.evals.metrics.text import NAMES as TEXT
from hone.registry import Registry
from hone.store import Metric

evaluators = Registry(
    "hone.evaluators",
    TEXT | LABELS | STRUCTURE | RETRIEVAL | AGENTS | SAFETY | LANGUAGE | CUSTOM | JUDGES | INTEROP,
)

Asked = str | Mapping[str, Any] | Callable[..., Any] | Evaluator
"""A name (`rouge:2`), an object (`{"type": "rouge", "value": "...", "threshold": 0.4}`), a function or an evaluator."""

_NOT = "not-"
_SET = "assert-set"
_KEYS = ("type", "value", "threshold", "metric")


def make(
    asked: Iterable[Asked],
    *,
    given: Given | None = None,
    metrics: Mapping[str, Metric] | None = None,
) -> list[Evaluator]:
    """The evaluators asked for: by name (`exact`, `contains:whole`), as objects, or functions of (example, output).

    An object has the `type`, and may have `value`, `threshold` and `metric` (its name among the scores); what else it
    says are settings of that evaluator. With a threshold, a number `rouge` has `rouge-passes` beside it, right or
    wrong. `not-` before any name turns right and wrong round. The type `assert-set` makes one evaluator of those in
    its `assert`, each with a `weight`, if it is not 1.

    `metrics` are the project's own; they say what the values of a function mean.

    Raises:
        ProjectError: no evaluator has that name.
        CallError: none is asked for, or two have one name; what is asked of one it cannot do.
        MissingExtra: one needs a library that is not installed.
    """
    made: list[Evaluator] = []
    for each in asked:
        if isinstance(each, Evaluator):
            made.append(each)
        elif isinstance(each, str):
            made.append(_shaped(each, given or Given()))
        elif isinstance(each, Mapping):
            made.append(_by_object(each, given or Given()))
        else:
            made.append(from_function(each, (metrics or {}).get(getattr(each, "__name__", ""))))
    names = [measure.name for evaluator in made for measure in evaluator.measures]
    if not names:
        raise CallError("no evaluators", hint=f"there are: {', '.join(evaluators.names())}")
    if len(set(names)) < len(names):
        hint = 'name one by {"type": "...", "metric": "another name"}'
        raise CallError(f"two evaluators have one name: {', '.join(names)}", hint=hint)
    return made


def _by_name(text: str, given: Given) -> Evaluator:
    # `recall@5` is how everybody writes it.
    name, mark, option = text.partition("@" if "@" in text and ":" not in text else ":")
    factory = given.judges.get(name) or _loaded(name, given)
    made: Evaluator = factory(replace(given, option=option if mark else None))
    return made


def _loaded(name: str, given: Given) -> Callable[[Given], Evaluator]:
    """
    Raises:
        ProjectError: no evaluator has that name; the hint may be a judge of the project.
    """
    near = difflib.get_close_matches(name, given.judges, n=1)
    if near and name not in evaluators.names():
        raise ProjectError(f"no evaluator {name!r}", hint=f"did you mean `{near[0]}`?")
    found: Callable[[Given], Evaluator] = evaluators.load(name)
    return found


def _shaped(text: str, given: Given, made: Evaluator | None = None) -> Evaluator:
    """The evaluator of a name, with its threshold, turned round and named as it is asked."""
    plain, threshold = text.removeprefix(_NOT), given.threshold
    made = made or _by_name(plain, given)
    if text.startswith(_NOT) and threshold is None:
        threshold = PROMPTFOO.get(plain.partition(":")[0], {}).get("threshold")
    if threshold is not None:
        made = with_threshold(made, threshold)
    if text.startswith(_NOT):
        made = turned(made, text)
    return made if given.name is None else named(made, given.name)


def _by_object(asked: Mapping[str, Any], given: Given) -> Evaluator:
    kind = asked.get("type")
    if not isinstance(kind, str):
        raise CallError(f"an evaluator has a type: {to_json(asked)}", hint='{"type": "contains", "value": "..."}')
    threshold, name = asked.get("threshold"), asked.get("metric")
    if isinstance(threshold, bool) or not isinstance(threshold, int | float | None):
        raise CallError(f"the threshold of {kind} is no number: {to_json(threshold)}")
    if not isinstance(name, str | None):
        raise CallError(f"the metric of {kind} is no name: {to_json(name)}")
    if "weight" in asked:
        raise CallError(
            f"{kind} has a weight, which counts within an assert-set only", hint=f'{{"type": "{_SET}", ...}}'
        )
    settings = {key: value for key, value in asked.items() if key not in _KEYS}
    if kind.removeprefix(_NOT) == _SET:
        return _turned_round(kind, _shaped(kind, replace(given, name=name), _set(settings, threshold, given)), name)
    given = replace(given, value=asked.get("value"), threshold=threshold, settings=settings, name=name)
    made = _shaped(kind, given)
    if made.by == "judge":  # its key has all of this, and is that of its card
        return _turned_round(kind, made, name)
    said = {key: value for key, value in asked.items() if key != "metric"}
    if said.keys() == {"type"} and name is None:
        return made
    # The same name asks for something else with another value, and a name given to it says nothing of its type:
    # results of the one are none of the other.
    return replace(made, key=f"{made.key}{to_json(dict(sorted(said.items())))}")


def _turned_round(kind: str, made: Evaluator, name: str | None) -> Evaluator:
    """Under a name that was given to it, its key alone says so. A judge within is found by its own."""
    if name is None or not kind.startswith(_NOT):
        return made
    return replace(made, key=f"{_NOT}{made.key}", judges=judges_among([made]))


def _set(settings: Mapping[str, Any], threshold: float | None, given: Given) -> Evaluator:
    members = settings.get("assert")
    if not isinstance(members, list) or not members or settings.keys() != {"assert"}:
        hint = f'{{"type": "{_SET}", "assert": ["contains", {{"type": "rouge", "threshold": 0.5, "weight": 2}}]}}'
        raise CallError(f"an assert-set has a list `assert` and nothing else: {to_json(settings)}", hint=hint)
    those = [_member(each, given) for each in members]
    made = replace(together(_SET, those, threshold), judges=judges_among(each.evaluator for each in those))
    return made if threshold is None else replace(made, key=f"{made.key} >= {threshold!r}")


def _member(asked: Asked, given: Given) -> Member:
    weight: Any = 1.0
    if isinstance(asked, Mapping):
        weight = asked.get("weight", 1.0)
        asked = {key: value for key, value in asked.items() if key != "weight"}
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < math.inf:
        raise CallError(f"the weight of an evaluator is {to_json(weight)}", hint="it is a number of 0 or more")
    (made,) = make([asked], given=given)
    if made.choose is not None:
        raise CallError(
            f"{made.name} chooses among variants, so it cannot stand in an assert-set", hint="put it beside"
        )
    return Member(made, float(weight))
