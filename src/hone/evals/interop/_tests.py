"""promptfoo's tests: inline, in files, in scenarios, each with what `defaultTest` gives to all of them."""

import itertools
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from hone.core import from_json
from hone.evals.interop._csv import rows
from hone.evals.interop._document import Document, Keys, read_document, text_of
from hone.evals.interop._files import content, found, is_file, listed, mapping, refuse_code, shown, split
from hone.evals.interop._templates import render

_MOST = 10_000  # cases out of one test whose variables have several values
_REFUSED = {
    "assertScoringFunction": "the weights of the assertions and the test's threshold say how they add up",
    "provider": "give the task a variant with that model",
    "providerOutput": "record the answer with a cassette (HONE_CASSETTE=record:PATH) and replay it",
}
_REFUSED_OPTIONS = {
    "prefix": "write it into the prompt, as a variable of the test",
    "suffix": "write it into the prompt, as a variable of the test",
    "transformVars": "write the variables as they shall be",
    "rubricPrompt": "a judge with a prompt of its own is declared in hone.toml: [judges.NAME] prompt = ...",
    "storeOutputAs": "tests do not read each other's answers here",
}


class Placed(Struct, frozen=True):
    """A value of a config and where it stands."""

    value: Any
    at: Document
    keys: Keys


class Test(Struct, frozen=True, kw_only=True):
    """One test as it is written, everything that it inherits filled in."""

    name: str
    at: Document
    keys: Keys
    vars: Mapping[str, Any]
    asserts: tuple[Placed, ...]
    options: Mapping[str, Any]
    threshold: float | None
    metadata: Mapping[str, Any]
    description: str | None = None


def tests(config: Mapping[str, Any], at: Document) -> list[Test]:
    """Every test of a config, matrices unfolded.

    Raises:
        ProjectError: one is wrong; with file and line.
    """
    default = _default(config.get("defaultTest"), at)
    raw = list(_read(config.get("tests"), at, ("tests",))) if config.get("tests") is not None else []
    parts: list[tuple[Placed, ...]] = [(each,) for each in raw]
    for number, each in enumerate(_scenarios(config.get("scenarios"), at)):
        parts += _of_scenario(each, number)
    if not parts:
        parts = [(Placed({}, at, ()),)]  # prompts without a test are asked once, as they stand
    return [made for n, chain in enumerate(parts, 1) for made in _made(f"test-{n}", (*default, *chain))]


def tests_of_file(path: Path) -> list[Test]:
    """The tests of a file that holds nothing else.

    Raises:
        ProjectError: one is wrong; with file and line.
    """
    parts = _from_file(path, Document(path, str(path), None), ())
    return [made for n, each in enumerate(parts, 1) for made in _made(f"test-{n}", (each,))]


def _default(value: Any, at: Document) -> tuple[Placed, ...]:
    if value is None:
        return ()
    if is_file(value):
        (path,) = found(value, at, ("defaultTest",))
        document = read_document(path, shown(path, at), at.within)
        return (Placed(document.value, document, ()),)
    return (Placed(value, at, ("defaultTest",)),)


def _read(value: Any, at: Document, keys: Keys) -> Iterator[Placed]:
    """Tests where they are written, or in the files that are named there."""
    if is_file(value) or (isinstance(value, str) and Path(value).suffix):
        for path in found(value, at, keys):
            yield from _from_file(path, at, keys)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            place = (*keys, str(number))
            if isinstance(each, str):
                yield from _read(each, at, place)
            else:
                yield Placed(each, at, place)
    elif isinstance(value, dict) and "path" in value:
        raise at.error("tests that a program makes are not read", keys, "let it write them to a JSONL file once")
    else:
        listed(value, at, keys, "`tests`")


def _from_file(path: Path, at: Document, keys: Keys) -> Iterator[Placed]:
    name = shown(path, at)
    refuse_code(path.name, at, keys)
    if path.suffix == ".csv":
        for value, line in rows(text_of(path, name), name):
            yield Placed(value, Document(path, name, value, {(): line}, at.within), ())
    elif path.suffix == ".jsonl":
        for line, text in enumerate(text_of(path, name).splitlines(), 1):
            if text.strip():
                document = Document(path, name, None, {(): line}, at.within)
                try:
                    yield Placed(from_json(text), document, ())
                except ValueError as problem:
                    raise document.error(f"this is not JSON: {problem}", (), "one test a line") from None
    elif path.suffix in (".yaml", ".yml", ".json"):
        document = read_document(path, name, at.within)
        inner: list[Any] = document.value if isinstance(document.value, list) else [document.value]
        for number, each in enumerate(inner):
            yield Placed(each, document, (str(number),) if isinstance(document.value, list) else ())
    else:
        raise at.error(f"tests cannot be read from {path.name!r}", keys, "YAML, JSON, JSONL and CSV files hold tests")


def _scenarios(value: Any, at: Document) -> Iterator[Placed]:
    if value is None:
        return
    for number, each in enumerate(listed(value, at, ("scenarios",), "`scenarios`")):
        place = ("scenarios", str(number))
        if not is_file(each):
            yield Placed(each, at, place)
            continue
        for path in found(each, at, place):
            document = read_document(path, shown(path, at), at.within)
            inner: list[Any] = document.value if isinstance(document.value, list) else [document.value]
            for n, one in enumerate(inner):
                yield Placed(one, document, (str(n),) if isinstance(document.value, list) else ())


def _of_scenario(scenario: Placed, number: int) -> list[tuple[Placed, ...]]:
    at, keys = scenario.at, scenario.keys
    fields = mapping(scenario.value, at, keys, f"scenario {number + 1}")
    configs = list(_configs(fields.get("config"), at, (*keys, "config")))
    inner = list(_read(fields.get("tests"), at, (*keys, "tests")))
    return [(config, test) for config in configs for test in inner]


def _configs(value: Any, at: Document, keys: Keys) -> Iterator[Placed]:
    for number, each in enumerate(listed(value, at, keys, "a scenario's `config`")):
        place = (*keys, str(number))
        spread = each.get("$values", each.get("$expand")) if isinstance(each, dict) else None
        yield from _read(spread, at, place) if spread is not None else [Placed(each, at, place)]


def _made(name: str, chain: tuple[Placed, ...]) -> Iterator[Test]:
    """The tests of one entry: later parts of the chain win, assertions add up, lists of values unfold."""
    last = chain[-1]
    fields = [mapping(each.value, each.at, each.keys, "a test") for each in chain]
    for each, part in zip(chain, fields, strict=True):
        _refuse(part, each)
    options = {key: value for part in fields for key, value in (part.get("options") or {}).items()}
    variables = _variables(chain, fields)
    asserts = _asserts(chain, fields, options)
    threshold = next((part["threshold"] for part in reversed(fields) if part.get("threshold") is not None), None)
    if threshold is not None and (isinstance(threshold, bool) or not isinstance(threshold, int | float)):
        raise last.at.error("the test's threshold is no number", (*last.keys, "threshold"))
    metadata = {key: value for part in fields for key, value in (part.get("metadata") or {}).items()}
    unfolded = [variables] if options.get("disableVarExpansion") else list(_matrix(variables, last))
    for number, values in enumerate(unfolded, 1):
        yield Test(
            name=name if len(unfolded) == 1 else f"{name}-{number}",
            at=last.at, keys=last.keys, vars=_filled(values, last), asserts=asserts, options=options,
            threshold=None if threshold is None else float(threshold), metadata=metadata,
            description=fields[-1].get("description"),
        )  # fmt: skip


def _refuse(part: Mapping[str, Any], at: Placed) -> None:
    for name, way in _REFUSED.items():
        if part.get(name) is not None:
            raise at.at.error(f"`{name}` of a test is not carried over", (*at.keys, name), way)
    options = mapping(part.get("options") or {}, at.at, (*at.keys, "options"), "the options of a test")
    for name, way in _REFUSED_OPTIONS.items():
        if options.get(name) is not None:
            raise at.at.error(f"the option `{name}` of a test is not carried over", (*at.keys, "options", name), way)


def _variables(chain: tuple[Placed, ...], fields: list[dict[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for each, part in zip(chain, fields, strict=True):
        value: Any = part.get("vars") or {}
        keys = (*each.keys, "vars")
        if is_file(value):
            value = content(value, each.at, keys)
        for name, one in mapping(value, each.at, keys, "`vars`").items():
            made[name] = _from_files(one, each.at, (*keys, name))
    return made


def _from_files(value: Any, at: Document, keys: Keys) -> Any:
    if not is_file(value):
        return value
    if any(letter in split(value)[0] for letter in "*?["):
        return [content(f"file://{path}", at, keys) for path in found(value, at, keys)]
    return content(value, at, keys)


def _asserts(chain: tuple[Placed, ...], fields: list[dict[str, Any]], options: Mapping[str, Any]) -> tuple[Placed, ...]:
    made: list[Placed] = []
    for each, part in zip(chain, fields, strict=True):
        if each is not chain[-1] and options.get("disableDefaultAsserts"):
            continue
        value, keys = part.get("assert"), (*each.keys, "assert")
        for number, one in enumerate(listed(value, each.at, keys, "`assert`") if value is not None else []):
            made.append(Placed(one, each.at, (*keys, str(number))))
    return tuple(made)


def _matrix(values: Mapping[str, Any], at: Placed) -> Iterator[dict[str, Any]]:
    """Every combination of the variables that have several values."""
    lists = {name: value for name, value in values.items() if isinstance(value, list) and value}
    number = math.prod(len(each) for each in lists.values())
    if number > _MOST:
        what = f"the lists among its vars make {number:,} cases"
        raise at.at.error(what, (*at.keys, "vars"), f"at most {_MOST:,}; shorten them")
    for chosen in itertools.product(*lists.values()):
        yield {**values, **dict(zip(lists, chosen, strict=True))}


def _filled(values: Mapping[str, Any], at: Placed) -> dict[str, Any]:
    """Variables may name other variables."""
    where = f"{at.at.shown}:{at.at.line((*at.keys, 'vars'))}"
    return {name: render(value, values, where) if isinstance(value, str) else value for name, value in values.items()}
