"""promptfoo's tests alone, as examples of a dataset: of a config without its prompts and providers, or of a file."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from hone.datasets import Example, Tests
from hone.evals.interop._code import taken_in, webhooks
from hone.evals.interop._document import Document, read_document
from hone.evals.interop._promptfoo import example_of, known_types, told
from hone.evals.interop._references import resolved
from hone.evals.interop._tests import Test, tests, tests_of_file

_CONFIGS = (".yaml", ".yml", ".json")


def promptfoo_tests(
    given: Path | Iterable[Mapping[str, Any]], default: Mapping[str, Any] | None = None, *, code: bool = False
) -> Tests:
    """The tests of a config or of a file (YAML, JSON, JSONL, CSV); or tests as they are held, with their `defaultTest`.

    Variables are the input, several values of one make several examples. `expected` is the value of the one `equals`
    assertion, if there is just one. Of several tests with the same variables, each has an id of its own. Assertions
    without a counterpart here, such as JavaScript, are left out and told; so are those in Python, unless `code` says
    that they are to be run.

    Raises:
        ProjectError: a test is wrong; with file, line and the way out.
    """
    notes: list[str] = []
    known = known_types()
    found = [_case(each, known, notes, code) for each in _found(given, default)]
    examples, files = taken_in(_told_apart(found))
    return Tests(examples=examples, code=files, notes=(*notes, *told(webhooks(examples))))


def _found(given: Path | Iterable[Mapping[str, Any]], default: Mapping[str, Any] | None) -> list[Test]:
    if not isinstance(given, Path):
        return tests({"tests": list(given), "defaultTest": default}, Document(Path("tests"), "tests", None))
    if given.suffix in _CONFIGS:
        at = read_document(given, str(given))
        if isinstance(at.value, dict) and at.value.keys() & {"tests", "scenarios"}:
            at = replace(at, value=resolved(at))
            return tests(at.value, at)
    return tests_of_file(given)


def _case(test: Test, known: frozenset[str], notes: list[str], code: bool) -> Example:
    if not test.vars:
        hint = "without variables there is no input: write vars: {question: ...}"
        raise test.at.error("this test has no vars", test.keys, hint)
    made = example_of(test, known, notes, code=code)
    asserted = [one for each in made.evaluators if isinstance(each, dict) for one in each.get("assert", [])]
    right = [each.get("value") for each in asserted if each["type"] == "equals"]
    return replace(made, id="", expected=right[0] if len(right) == 1 else None)


def _told_apart(examples: list[Example]) -> Iterator[Example]:
    seen: Counter[str] = Counter()
    for each in examples:
        seen[each.key] += 1
        yield each if seen[each.key] == 1 else replace(each, id=f"{each.key[:16]}-{seen[each.key]}")
