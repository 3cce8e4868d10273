"""JSON Schemas, compiled once. A check ends in time, and nothing is ever fetched: a schema may be a stranger's."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from hone.core import _regex
from hone.core._keywords import bounded, within

MAX_SCHEMA = 256_000
"""Bytes of a schema."""

SECONDS = 2.0
"""Of CPU that a check may take."""

_MOST_KNOWN = 256
_MOST_BYTES = 4_000_000  # of the texts of schemas that are known; compiled, they take several times as much
_MOST_ERRORS = 20
_DATA = frozenset({"const", "default", "enum", "examples"})  # keywords whose values are no schemas
_MAX_MESSAGE = 300

_known: OrderedDict[bytes, "Schema"] = OrderedDict()
_lock = threading.Lock()


class SchemaProblem(ValueError):
    """A schema that is none, or cannot be used; `path` is the place in it, `$` the whole."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message[:_MAX_MESSAGE]}")
        self.path = path
        self.message = message[:_MAX_MESSAGE]


class Violation(Struct, frozen=True):
    """Where a value does not fit, and why."""

    path: str  # `$.days`
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class Schema:
    """One JSON Schema, ready to check values. Any thread may use it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """
        Raises:
            SchemaProblem: it is none, or refers to something outside of itself.
        """
        from jsonschema import FormatChecker, SchemaError
        from jsonschema.validators import Draft202012Validator, validator_for

        full = dict(document)
        if not isinstance(full.get("$schema", ""), str):
            raise SchemaProblem("$.$schema", "it is not a string")
        draft: Any = validator_for(full, default=Draft202012Validator)
        try:
            draft.check_schema(full, format_checker=FormatChecker(()))
            full.pop("$schema", None)  # where a schema names its draft, jsonschema goes on with keywords of its own
            self._validator = bounded(draft)(full, registry=_checked(full, draft))
        except SchemaError as problem:
            raise SchemaProblem(problem.json_path, problem.message) from None
        except RecursionError:
            raise SchemaProblem("$", "it is nested too deeply") from None

    def violations(self, value: Any, *, seconds: float = SECONDS, most: int = 5) -> list[Violation]:
        """Where `value` does not fit, the plainest first, at most `most` of them.

        Raises:
            TooLong: it would take longer than `seconds` of CPU.
        """
        from jsonschema.exceptions import best_match, relevance

        try:
            with within(seconds):
                errors = list(islice(self._validator.iter_errors(value), _MOST_ERRORS))
            # Of `anyOf` and its like, what is wrong with the branch that is nearest.
            closest = [best_match([error]) for error in sorted(errors, key=relevance, reverse=True)]
            return [_violation(error) for error in closest[:most]]
        except RecursionError:
            return [Violation("$", "it is nested too deeply to be checked")]


def known(document: bytes) -> Schema | None:
    """The schema of this JSON text, if it was compiled lately."""
    with _lock:
        if (found := _known.get(document)) is not None:
            _known.move_to_end(document)
        return found


def compiled(document: bytes) -> Schema:
    """The schema of this JSON text. The first time takes milliseconds.

    Raises:
        SchemaProblem: it is none.
    """
    if (found := known(document)) is not None:
        return found
    if len(document) > MAX_SCHEMA:
        raise SchemaProblem("$", f"it is {len(document):,} bytes long, and {MAX_SCHEMA:,} are the most")
    try:
        made = Schema(msgspec.json.decode(document, type=dict[str, Any]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise SchemaProblem("$", f"it is no JSON object: {problem}") from None
    with _lock:
        _known[document] = made
        while len(_known) > _MOST_KNOWN or sum(map(len, _known)) > _MOST_BYTES:
            _known.popitem(last=False)
    return made


def _violation(error: Any) -> Violation:
    path, message = error.json_path, error.message
    if len(message) > _MAX_MESSAGE:
        message = f"{message[: _MAX_MESSAGE // 2]} ... {message[-_MAX_MESSAGE // 2 :]}"
    return Violation(path[:_MAX_MESSAGE], message)


# -- a schema before it is used


def _checked(schema: dict[str, Any], draft: Any) -> Any:
    """What references are looked up in: the schema itself, nothing else."""
    from referencing import Registry
    from referencing.jsonschema import specification_with

    specification = specification_with(str(draft.META_SCHEMA.get("$schema") or draft.META_SCHEMA["id"]))
    resource = specification.create_resource(schema)
    registry: Any = Registry().with_resource(resource.id() or "", resource)
    _check(schema, "$", registry.resolver_with_root(resource), specification)
    if _mentions(schema, "patternProperties") and _mentions(schema, "unevaluatedProperties"):
        raise SchemaProblem("$", "`patternProperties` cannot be used beside `unevaluatedProperties`")
    return registry


def _check(node: Any, path: str, resolver: Any, specification: Any) -> None:
    for key, value, at in _items(node, path):
        if key == "$schema" and isinstance(value, str):
            raise SchemaProblem(at, "a part of a schema cannot be of another draft")
        if key in ("$ref", "$dynamicRef", "$recursiveRef") and isinstance(value, str):
            _check_reference(value, at, resolver)
        patterns = [value] if key == "pattern" else value if key == "patternProperties" else ()
        for pattern in patterns if isinstance(patterns, list | dict) else ():
            if isinstance(pattern, str) and (wrong := _regex.problem(pattern)):
                raise SchemaProblem(at, wrong)
        inside = value.get("$id") if isinstance(value, dict) else None
        below = resolver.in_subresource(specification.create_resource(value)) if isinstance(inside, str) else resolver
        _check(value, at, below, specification)


def _check_reference(reference: str, path: str, resolver: Any) -> None:
    from referencing.exceptions import Unresolvable

    try:
        resolver.lookup(reference)
    except (Unresolvable, ValueError):
        raise SchemaProblem(path, f"{reference!r} is not in the schema, and nothing is fetched") from None


def _items(node: Any, path: str) -> Iterator[tuple[str, Any, str]]:
    if isinstance(node, dict):
        yield from ((key, value, f"{path}.{key}") for key, value in node.items() if key not in _DATA)
    elif isinstance(node, list):
        yield from (("", value, f"{path}[{index}]") for index, value in enumerate(node))


def _mentions(node: Any, keyword: str) -> bool:
    return any(key == keyword or _mentions(value, keyword) for key, value, _ in _items(node, "$"))
