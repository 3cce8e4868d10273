"""An assertion of promptfoo as the object of an evaluator: type, value, threshold, metric, weight and settings."""

import difflib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from hone.evals.interop._code import checked
from hone.evals.interop._document import Document, Keys
from hone.evals.interop._files import content, found, is_file, kind, listed, mapping, refuse_code, split
from hone.evals.interop._providers import use_of
from hone.evals.interop._templates import render
from hone.evals.interop._test import SET
from hone.evals.judges import NAMES as JUDGES
from hone.evals.metrics._promptfoo import PROMPTFOO

ACROSS = frozenset({"select-best", "max-score"})
"""What compares the answers of all variants to one test, and so stands beside the assertions of each."""

_NOT = "not-"
_CODE = {"python"}
_NOT_RUN = {
    "javascript": "write it in Python: `type: python` with an expression over `output`, or file://grade.py",
    "ruby": "write it in Python: `type: python`, or file://grade.py",
}
_NOWHERE = {
    "classifier": "`python` with your own classifier, `classification` with labels, or a judge: `llm-rubric`",
    "guardrails": "`is-refusal` or `moderation`",
    "human": "people score answers by `hone feedback add`, and the dataset grows from that",
    "pi": "it asks a service of its own; `llm-rubric` asks a model of yours",
    "search-rubric": "it searches the web; `groundedness` judges by your own documents",
}
_NOT_CARRIED = {
    "rubricPrompt": "a judge with a prompt of its own is declared in hone.toml: [judges.NAME] prompt = ...",
    "contextTransform": "put the passages into the test's `vars.context`, or let the task search its knowledge",
}
# Thresholds of promptfoo's documentation, beside those that the evaluators know themselves.
_THRESHOLDS = {"perplexity-score": 0.5, "tool-call-f1": 1.0, "g-eval": 0.7, "classifier": 1.0}
# The same thing under another name here, where the registry has not promptfoo's own.
_ALIASES = {"f-score": "f1"}
_KEYS = frozenset(
    ("type", "value", "threshold", "weight", "metric", "provider", "rubricPrompt", "config", "transform",
     "contextTransform", "assert")
)  # fmt: skip


class Around(Struct, frozen=True):
    """What a test says for all of its assertions."""

    vars: Mapping[str, Any]
    known: frozenset[str]  # the types that the registry has
    model: str | None = None  # that judges
    code: bool = True  # whether Python is taken over


def evaluator(asked: Any, at: Document, keys: Keys, around: Around) -> dict[str, Any]:
    """One assertion as the object of an evaluator.

    Raises:
        ProjectError: it is none, or there is no evaluator for it here; with file, line and type.
    """
    item = mapping(asked, at, keys, "an assertion")
    written = item.get("type")
    if not isinstance(written, str):
        raise at.error("an assertion has a `type`", keys, "- type: contains")
    _check_keys(item, at, keys)
    if written == SET:
        return _set(item, at, keys, around)
    name = _name(written, at, (*keys, "type"), around.known)
    base = name.removeprefix(_NOT)
    if base in _CODE:
        check_code(around.code, at, keys)
    made: dict[str, Any] = {"type": name, **PROMPTFOO.get(base, {})}
    if "value" in item:
        made["value"] = _value(item["value"], written, at, (*keys, "value"), around)
    threshold = _number(item, "threshold", at, keys)
    threshold = _THRESHOLDS.get(base) if threshold is None else threshold
    if threshold is not None:
        made["threshold"] = threshold
    return made | _common(item, at, keys, around) | _judging(item, base.partition(":")[0] in JUDGES, at, keys, around)


def _set(item: Mapping[str, Any], at: Document, keys: Keys, around: Around) -> dict[str, Any]:
    inner = listed(item.get("assert"), at, (*keys, "assert"), "the `assert` of an assert-set")
    made: dict[str, Any] = {"type": SET}
    made["assert"] = [evaluator(each, at, (*keys, "assert", str(n)), around) for n, each in enumerate(inner)]
    threshold = _number(item, "threshold", at, keys)
    return made | ({} if threshold is None else {"threshold": threshold}) | _common(item, at, keys, around)


def _common(item: Mapping[str, Any], at: Document, keys: Keys, around: Around) -> dict[str, Any]:
    made: dict[str, Any] = {}
    weight = _number(item, "weight", at, keys)
    if weight is not None:
        if weight < 0:
            raise at.error(f"the weight {weight:g} is below 0", (*keys, "weight"))
        made["weight"] = weight
    if item.get("metric") is not None:
        made["metric"] = str(item["metric"])
    if item.get("transform") is not None:
        check_code(around.code, at, (*keys, "transform"))
        made["transform"] = transform(item["transform"], at, (*keys, "transform"))
    if item.get("config") is not None:
        made["config"] = mapping(item["config"], at, (*keys, "config"), "the config")
    return made


def _judging(item: Mapping[str, Any], judges: bool, at: Document, keys: Keys, around: Around) -> dict[str, Any]:
    for name, way in _NOT_CARRIED.items():
        if item.get(name) is not None:
            raise at.no_counterpart(f"`{name}` of an assertion is not carried over", (*keys, name), way)
    if item.get("provider") is not None:
        return {"model": use_of(item["provider"], at, (*keys, "provider"))}
    return {"model": around.model} if judges and around.model else {}


def check_code(wanted: bool, at: Document, keys: Keys) -> None:
    """
    Raises:
        NoCounterpart: Python is not wanted.
    """
    if not wanted:
        way = "it would run with every evaluation: read it, and take it over by --code (in Python: code=True)"
        raise at.no_counterpart("the Python of a test is not taken over", keys, way)


def transform(value: Any, at: Document, keys: Keys) -> str:
    """`file://PATH.py[:FUNCTION]` with the whole path.

    Raises:
        ProjectError: it is JavaScript, or not there.
    """
    if not is_file(value):
        shown = value if isinstance(value, str) and len(value) < 60 else kind(value)
        raise at.no_counterpart(f"the transform `{shown}` is JavaScript, which is not run here", keys,
                       "write it in Python: transform: file://transform.py:get_transform")  # fmt: skip
    (path,) = found(value, at, keys)
    _, function = split(value)
    if path.suffix != ".py":
        raise at.error(f"the transform {path.name!r} is no Python file", keys, "file://transform.py:get_transform")
    return f"file://{path.resolve()}:{function or 'get_transform'}"


def _value(value: Any, written: str, at: Document, keys: Keys, around: Around) -> Any:
    where = f"{at.shown}:{at.line(keys)}"
    if written.removeprefix(_NOT) in _CODE and not is_file(value):
        return checked(str(value), at, keys)
    if is_file(value):
        if written.removeprefix(_NOT) in _CODE:
            (path,) = found(value, at, keys)
            _, function = split(value)
            return f"file://{path.resolve()}" + (f":{function}" if function else "")
        refuse_code(split(value)[0], at, keys)
        value = content(value, at, keys)
    return rendered(value, around.vars, where)


def rendered(value: Any, values: Mapping[str, Any], where: str) -> Any:
    """Every text in a value with its template filled in."""
    if isinstance(value, str):
        return render(value, values, where)
    if isinstance(value, list):
        return [rendered(each, values, where) for each in value]
    if isinstance(value, dict):
        return {str(key): rendered(each, values, where) for key, each in value.items()}
    return value


def _name(written: str, at: Document, keys: Keys, known: frozenset[str]) -> str:
    base = written.removeprefix(_NOT)
    if base in _NOT_RUN:
        raise at.no_counterpart(f"assertions of type `{written}` are not run here", keys, _NOT_RUN[base])
    for name in (base, _ALIASES.get(base, base)):
        if name in known or name.partition(":")[0] in known:
            return f"{_NOT if written != base else ''}{name}"
    if base in _NOWHERE:
        raise at.no_counterpart(f"there is no evaluator for assertions of type `{written}`", keys, _NOWHERE[base])
    near = difflib.get_close_matches(base, known | _ALIASES.keys(), n=1)
    hint = f"did you mean `{near[0]}`?" if near else "`hone evals evaluators` lists what there is"
    raise at.error(f"there is no evaluator for assertions of type `{written}`", keys, hint)


def _number(item: Mapping[str, Any], name: str, at: Document, keys: Keys) -> float | None:
    value = item.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise at.error(f"the {name} is {kind(value)}, and should be a number", (*keys, name))
    return float(value)


def _check_keys(item: Mapping[str, Any], at: Document, keys: Keys) -> None:
    for name in item:
        near = difflib.get_close_matches(name, _KEYS, n=1, cutoff=0.8)
        if name not in _KEYS and near:
            raise at.error(f"an assertion has no key `{name}`", (*keys, name), f"did you mean `{near[0]}`?")
