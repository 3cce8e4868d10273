"""promptfoo's test cases as examples: variables are the input, assertions are evaluators of that example alone.

Written after https://www.promptfoo.dev/docs/configuration/test-cases and .../expected-outputs. What a test says beyond
that (options, providers, threshold ...) is kept in the metadata, under `promptfoo`.
"""

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from hone.datasets._example import Example
from hone.datasets.imports._source import Place

EXPECTED = "__expected"

_MOST = 10_000  # examples out of one test whose variables are lists
_TYPES = (
    "answer-relevance", "assert-set", "bleu", "classifier", "contains", "contains-all", "contains-any",
    "contains-html", "contains-json", "contains-sql", "contains-xml", "context-faithfulness", "context-recall",
    "context-relevance", "conversation-relevance", "cost", "equals", "f-score", "factuality", "finish-reason",
    "g-eval", "gleu", "guardrails", "icontains", "icontains-all", "icontains-any", "is-html", "is-json",
    "is-refusal", "is-sql", "is-valid-function-call", "is-valid-openai-function-call", "is-valid-openai-tools-call",
    "is-xml", "javascript", "latency", "levenshtein", "llm-rubric", "meteor", "model-graded-closedqa",
    "model-graded-factuality", "moderation", "perplexity", "perplexity-score", "pi", "python", "regex", "rouge-n",
    "ruby", "search-rubric", "select-best", "similar", "starts-with", "trace-error-spans", "trace-span-count",
    "trace-span-duration", "trajectory:goal-success", "trajectory:step-count", "trajectory:tool-args-match",
    "trajectory:tool-sequence", "trajectory:tool-used", "webhook", "word-count",
)  # fmt: skip
_ASSERTION = re.compile(
    rf"(not-)?({'|'.join(sorted(map(re.escape, _TYPES), key=len, reverse=True))})(?:\((\d+(?:\.\d+)?)\))?(?::(.*))?",
    re.DOTALL,
)
_LISTS = ("contains-all", "contains-any", "icontains-all", "icontains-any")
_THRESHOLDS = dict.fromkeys(
    ("answer-relevance", "classifier", "context-faithfulness", "context-recall", "context-relevance", "levenshtein",
     "perplexity", "perplexity-score", "rouge-n", "starts-with"), 0.75
) | {"similar": 0.8}  # fmt: skip
_PREFIXES = {"fn:": "javascript", "eval:": "javascript", "grade:": "llm-rubric"}
_FILES = {".py": "python", ".js": "javascript", ".ts": "javascript", ".mjs": "javascript", ".rb": "ruby"}
_OURS = ("vars", "assert", "metadata", "description")


def promptfoo_examples(
    tests: Iterable[Mapping[str, Any]], default: Mapping[str, Any] | None = None, *, shown: str = "promptfooconfig.yaml"
) -> list[Example]:
    """The examples of promptfoo's `tests`; `default` is its `defaultTest`, and `shown` names the file in errors.

    A variable that is a list makes one example for each of its values, as it does there, unless the test's options say
    `disableVarExpansion`. `expected` is the value of the one `equals` assertion, if there is just one. Of several tests
    with the same variables, each has an id of its own.

    Raises:
        DatasetError: a test is not well formed.
    """
    found: list[Example] = []
    known: dict[str, int] = {}
    for number, test in enumerate(tests, 1):
        for each in of_test(test, default or {}, Place(shown, number, "row")):
            seen = known[each.key] = known.get(each.key, 0) + 1
            found.append(each if seen == 1 else replace(each, id=f"{each.key[:16]}-{seen}"))
    return found


def of_test(test: Mapping[str, Any], default: Mapping[str, Any], place: Place) -> Iterator[Example]:
    """The examples of one test."""
    if not isinstance(test, Mapping):
        raise place.error("a test is an object with `vars` and `assert`", "- vars: {question: ...}")
    values = {**_mapping(default, "vars", place), **_mapping(test, "vars", place)}
    if not values:
        raise place.error("this test has no vars", "without variables there is no input: write vars: {question: ...}")
    asked = tuple(_assertions([*_list(default, place), *_list(test, place)], place))
    right = [each.get("value") for each in asked if isinstance(each, dict) and each["type"] == "equals"]
    rest = {key: value for key, value in {**default, **test}.items() if key not in _OURS}
    metadata = {**_mapping(default, "metadata", place), **_mapping(test, "metadata", place)}
    about = {"description": str(test["description"])} if test.get("description") else {}
    for input_ in _expanded(values, {**default, **test}.get("options"), place):
        yield Example(
            input=input_,
            expected=right[0] if len(right) == 1 else None,
            evaluators=asked,
            metadata={**metadata, **about, **({"promptfoo": rest} if rest else {})},
        )


def test_of_row(row: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """A row of a CSV test file as a test: the columns with two underscores mean something, the others are variables.

    Raises:
        DatasetError: a threshold is no number.
    """
    test: dict[str, Any] = {"vars": {name: value for name, value in row.items() if not name.startswith("__")}}
    said = {name: str(value) for name, value in row.items() if name.startswith("__") and str(value or "").strip()}
    assertions = {name: assertion(text) for name, text in said.items() if name.startswith(EXPECTED)}
    for name, text in said.items():
        if name not in assertions:
            _special(test, assertions, name, text, place)
    metric = test.pop("metric", None)
    if assertions:
        test["assert"] = [{**each, **({"metric": metric} if metric else {})} for each in assertions.values()]
    return test


def assertion(text: str) -> dict[str, Any]:
    """An assertion that is written as text: `contains: Paris`, `similar(0.8): hello`, or what the answer must equal."""
    for prefix, kind in _PREFIXES.items():
        if text.startswith(prefix):
            return {"type": kind, "value": text.removeprefix(prefix).strip()}
    if text.startswith("file://"):
        path = text.removeprefix("file://").strip()
        kinds = [kind for ending, kind in _FILES.items() if path.endswith(ending) or f"{ending}:" in path]
        if kinds:
            return {"type": kinds[0], "value": f"file://{path}"}
    match = _ASSERTION.fullmatch(text.strip())
    if match is None:
        return {"type": "equals", "value": text}
    negated, kind, threshold, value = match.groups()
    made: dict[str, Any] = {"type": f"{negated or ''}{kind}"}
    if value is not None and value.strip():
        made["value"] = [part.strip() for part in value.split(",")] if kind in _LISTS else value.strip()
    if threshold is not None:
        made["threshold"] = float(threshold)
    elif kind in _THRESHOLDS:
        made["threshold"] = _THRESHOLDS[kind]
    return made


def _special(test: dict[str, Any], assertions: dict[str, Any], name: str, text: str, place: Place) -> None:
    key, _, rest = name.removeprefix("__").partition(":")
    if key in ("description", "metric", "providerOutput"):
        test[key] = text
    elif key in ("prefix", "suffix"):
        test.setdefault("options", {})[key] = text
    elif key == "threshold":
        test[key] = _number(text, name, place)
    elif key == "metadata" and rest:
        test.setdefault("metadata", {})[rest.removesuffix("[]")] = _parts(text) if rest.endswith("[]") else text
    elif key == "config" and rest.endswith(":threshold"):
        column = rest.removesuffix(":threshold")
        # `__expected` and `__expected1` are two names of the first column.
        alias = {EXPECTED: f"{EXPECTED}1", f"{EXPECTED}1": EXPECTED}.get(column, column)
        assertions.get(column, assertions.get(alias, {}))["threshold"] = _number(text, name, place)
    else:
        names = "__expected, __description, __prefix, __suffix, __metric, __threshold, __metadata:NAME"
        raise place.error(f"no column {name!r} among promptfoo's special ones", f"{names}, __config:COLUMN:threshold")


def _parts(text: str) -> list[str]:
    return [part.strip().replace("\\,", ",") for part in re.split(r"(?<!\\),", text)]


def _assertions(given: Iterable[Any], place: Place) -> Iterator[str | dict[str, Any]]:
    for each in given:
        if isinstance(each, str):
            yield assertion(each)
        elif isinstance(each, Mapping) and isinstance(each.get("type"), str):
            yield dict(each)
        else:
            raise place.error("an assertion has a type", "assert: [{type: contains, value: Paris}]")


def _list(test: Mapping[str, Any], place: Place) -> list[Any]:
    found = test.get("assert") or []
    if not isinstance(found, list):
        raise place.error("`assert` is a list", "assert: [{type: contains, value: Paris}]")
    return found


def _mapping(test: Mapping[str, Any], key: str, place: Place) -> dict[str, Any]:
    found = test.get(key) or {}
    if not isinstance(found, Mapping):
        raise place.error(f"`{key}` is an object", f"{key}: {{name: value}}")
    return dict(found)


def _expanded(values: dict[str, Any], options: Any, place: Place) -> Iterator[dict[str, Any]]:
    fixed = isinstance(options, Mapping) and options.get("disableVarExpansion") is True
    lists = {} if fixed else {name: value for name, value in values.items() if isinstance(value, list) and value}
    number = math.prod(len(each) for each in lists.values())
    if number > _MOST:
        raise place.error(f"the lists among its vars make {number:,} cases", f"at most {_MOST:,}; shorten them")
    for chosen in itertools.product(*lists.values()):
        yield {**values, **dict(zip(lists, chosen, strict=True))}


def _number(text: str, name: str, place: Place) -> float:
    try:
        return float(text)
    except ValueError:
        raise place.error(f"{name} is {text!r}, not a number", "write 0.8, or leave it empty") from None
