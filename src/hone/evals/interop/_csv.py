"""Tests in a CSV file: variables in columns, assertions in `__expected` columns.

Written after https://www.promptfoo.dev/docs/configuration/test-cases and .../expected-outputs.
"""

import csv
import difflib
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

from hone.core import from_json
from hone.errors import ProjectError

_EXPECTED = re.compile(r"__expected(\d*)")
_CONFIG = re.compile(r"__config:__expected(\d*):(\w+)")
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
_ANY = "|".join(sorted(map(re.escape, _TYPES), key=len, reverse=True))
_NEAR = re.compile(r"(?:not-)?([a-z][a-z:-]+)\s*(?:\([\d.]+\))?\s*:(?!//)")
_TYPED = re.compile(
    rf"(not-)?({_ANY})\s*(?:\((-?\d+(?:\.\d+)?)\))?\s*(?::(.*))?",
    re.DOTALL,
)
_THRESHOLDS = dict.fromkeys(
    ("answer-relevance", "classifier", "context-faithfulness", "context-recall", "context-relevance", "levenshtein",
     "perplexity", "perplexity-score", "rouge-n", "starts-with"), 0.75
) | {"similar": 0.8}  # fmt: skip
_LISTS = re.compile(r"(?:not-)?i?contains-(?:any|all)")
_PREFIXES = {"fn:": "javascript", "eval:": "javascript", "grade:": "llm-rubric"}
_FILES = {".py": "python", ".js": "javascript", ".ts": "javascript", ".mjs": "javascript", ".rb": "ruby"}
_TAKEN = ("__description", "__metric", "__threshold", "__prefix", "__suffix")


def rows(text: str, shown: str) -> Iterator[tuple[dict[str, Any], int]]:
    """Each row as a test, and the line where it begins.

    Raises:
        ProjectError: a column or a row is wrong; with file and line.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True)
    if not reader.fieldnames:
        raise ProjectError(f"the file has no header ({shown}:1)", hint="the first line names the variables")
    line = reader.line_num + 1
    try:
        for row in reader:
            if "" in row:
                raise ProjectError(
                    f"the row has more fields than the header ({shown}:{line})", hint="quote a field with a comma in it"
                )
            yield _test({name: value or "" for name, value in row.items()}, f"{shown}:{line}"), line
            line = reader.line_num + 1
    except csv.Error as problem:
        raise ProjectError(f"this is no CSV: {problem} ({shown}:{line})", hint="mind the quotes") from None


def _test(row: Mapping[str, str], where: str) -> dict[str, Any]:
    test: dict[str, Any] = {"vars": {}}
    metadata: dict[str, Any] = {}
    asserts: dict[str, dict[str, Any]] = {}
    for name, value in row.items():
        if found := _EXPECTED.fullmatch(name):
            if value.strip():
                asserts[found[1]] = expected(value)
        elif name.startswith("__metadata:"):
            key = name.removeprefix("__metadata:")
            metadata[key.removesuffix("[]")] = _several(value) if key.endswith("[]") else value
        elif not name.startswith("__"):
            test["vars"][name] = value
        elif name not in _TAKEN and not _CONFIG.fullmatch(name):
            raise ProjectError(f"unknown column `{name}` ({where})", hint=f"there are: __expected, {', '.join(_TAKEN)}")
    _configure(asserts, row, where)
    return {**test, **_beside(row, list(asserts.values()), metadata, where)}


def _beside(row: Mapping[str, str], asserts: list[dict[str, Any]], metadata: Mapping[str, Any], where: str) -> Any:
    if row.get("__metric"):
        asserts = [{**each, "metric": row["__metric"]} for each in asserts]
    threshold = _number(row["__threshold"], "__threshold", where) if row.get("__threshold") else None
    options = {name: row[f"__{name}"] for name in ("prefix", "suffix") if row.get(f"__{name}")}
    found = {
        "assert": asserts, "metadata": metadata, "description": row.get("__description"), "threshold": threshold,
        "options": options,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value not in (None, "", [], {})}


def _configure(asserts: dict[str, dict[str, Any]], row: Mapping[str, str], where: str) -> None:
    for name, value in row.items():
        found = _CONFIG.fullmatch(name)
        if found is None or not value.strip():
            continue
        for number, each in asserts.items():
            if found[1] in ("", number):
                each[found[2]] = _number(value, name, where) if found[2] in ("threshold", "weight") else value


def expected(text: str) -> dict[str, Any]:
    """An assertion that is written as text: `contains: Paris`, `similar(0.8): hello`, or what the answer must equal."""
    whole, text = text, text.strip()
    for prefix, kind in _PREFIXES.items():
        if text.startswith(prefix):
            return {"type": kind, "value": text.removeprefix(prefix).strip()}
    if text.startswith("file://"):
        kinds = [kind for ending, kind in _FILES.items() if text.endswith(ending) or f"{ending}:" in text]
        if kinds:
            return {"type": kinds[0], "value": text}
    found = _TYPED.fullmatch(text)
    if found is None:
        near = _NEAR.match(text)
        if near is not None and difflib.get_close_matches(near[1], _TYPES, n=1, cutoff=0.85):
            return {"type": near[1]}  # misspelt, which is told where evaluators are known
        return {"type": "equals", "value": whole}
    negated, kind, threshold, value = found[1] or "", found[2], found[3], (found[4] or "").strip()
    made: dict[str, Any] = {"type": f"{negated}{kind}"}
    if _LISTS.fullmatch(kind):
        made["value"] = _several(value)
    elif value and kind not in ("latency", "cost"):
        made["value"] = _plain(value, kind)
    if threshold is not None or kind in _THRESHOLDS:
        made["threshold"] = _THRESHOLDS[kind] if threshold is None else float(threshold)
    return made


def _plain(value: str, kind: str) -> Any:
    if not re.fullmatch(r"(?:not-)?(?:is|contains)-json", kind):
        return value
    try:
        return from_json(value)
    except ValueError:
        return value


def _several(text: str) -> list[str]:
    """Texts between commas; `\\,` is one of the text."""
    return [each.strip().replace("\\,", ",") for each in re.split(r"(?<!\\),", text) if each.strip()]


def _number(text: str, name: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ProjectError(f"`{name}` is {text!r}, and should be a number ({where})") from None
