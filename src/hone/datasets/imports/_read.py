"""From a file or folder of any known kind to examples. Nothing is written here."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec import Struct
from msgspec.structs import replace

from hone.core import to_json
from hone.datasets._example import Example, Origin, Split
from hone.datasets._lines import FIELDS, read_example
from hone.datasets.imports._arrow import arrow_rows, folder_rows, parquet_rows
from hone.datasets.imports._chat import of_sample, of_tuning
from hone.datasets.imports._columns import Mapped, example_of, mapped
from hone.datasets.imports._csv import csv_rows
from hone.datasets.imports._json import document, line_rows, list_rows
from hone.datasets.imports._opening import beginning
from hone.datasets.imports._source import KINDS, Kind, Place, Row, Source, Tests, columns_of, plain
from hone.errors import CallError, DatasetError

_MOST_PARTS = 2_000_000  # values in a YAML file
_EXPECTED = "__expected"  # a column of promptfoo's
_TESTS = ("tests", "scenarios")  # what a config of promptfoo holds
_ENDINGS = ".jsonl .ndjson .json .csv .tsv .parquet .arrow .yaml, or a folder; each text also as .gz"


class Imported(Struct, frozen=True, kw_only=True):
    """What a file holds: its kind, how its columns were taken, and the examples, in their order."""

    kind: Kind
    mapped: Mapped | None
    examples: tuple[Example, ...]
    code: Mapping[str, str] = {}  # Python of promptfoo's tests: path inside the project -> text
    notes: tuple[str, ...] = ()  # what was left out, and where it stood


def open_source(path: Path, kind: Kind | None = None) -> Source:
    """Look at a file or folder: what kind of rows it has, and which columns.

    Raises:
        DatasetError: it cannot be read, or is of no known kind.
    """
    if kind is not None and kind not in KINDS:
        raise CallError(f"no kind {kind!r} of dataset", hint=f"there are: {', '.join(KINDS)}")
    rows = _rows(path)
    columns, first = columns_of(rows())
    if not first:
        raise DatasetError(f"{path} has no rows", hint="a dataset has at least one example")
    looks = _kind(columns, first)
    if looks == "examples" and not (isinstance(rows, partial) and rows.func in (line_rows, _document_rows)):
        looks = "table"  # its cells are text, or null where nothing is
    return Source(path=path, kind=kind or looks, columns=columns, rows=rows)


def read_source(
    source: Source,
    said: Iterable[str] = (),
    *,
    dropped: Iterable[str] = (),
    tags: Iterable[str] = (),
    origin: Origin | None = None,
    promptfoo: Callable[[Path], Tests] | None = None,
) -> Imported:
    """The examples of a source. `said` are mappings such as `expected=Antwort`; tags and origin are added to each.

    `promptfoo` reads tests of promptfoo, which takes knowing what evaluators there are:
    `hone.evals.interop.promptfoo_tests`.

    Raises:
        DatasetError: a row is wrong, two have one id, or a group has two splits; with its place.
        CallError: what was said fits no column, or the source has none.
    """
    said, dropped = list(said), list(dropped)
    if (said or dropped) and source.kind != "table":
        if source.kind != "examples":
            raise CallError(f"{source.path} is read as {source.kind}, which has no columns to map", hint="--kind table")
        source = replace(source, kind="table")
    if source.kind == "promptfoo":
        if promptfoo is None:
            hint = "read_source(..., promptfoo=hone.evals.interop.promptfoo_tests)"
            raise CallError(f"{source.path} holds tests of promptfoo, and nothing reads them here", hint=hint)
        found = promptfoo(source.path)
        examples = tuple(_with(each, tuple(tags), origin) for each in found.examples)
        return Imported(kind="promptfoo", mapped=None, examples=examples, code=found.code, notes=found.notes)
    how = mapped(source, said, dropped) if source.kind == "table" else None
    return Imported(kind=source.kind, mapped=how, examples=tuple(_checked(source, how, tuple(tags), origin)))


def _checked(source: Source, how: Mapped | None, tags: tuple[str, ...], origin: Origin | None) -> Iterator[Example]:
    known: dict[str, Place] = {}
    splits: dict[str, tuple[Split, Place]] = {}
    strict = source.kind == "examples"
    for place, row in source.rows():
        for example in _examples(source.kind, how, place, row):
            name = example.id or (example.key[:16] if strict else "")
            if name and known.setdefault(name, place) is not place:
                raise _repeated(example, place, known[name])
            if example.split is not None and example.group is not None:
                split, first = splits.setdefault(example.group, (example.split, place))
                if split != example.split:
                    what = f"the group {example.group!r} is {example.split} here and {split} in {first.short}"
                    raise place.error(what, "give the whole group one split")
            yield _with(example, tags, origin)


def _examples(kind: Kind, how: Mapped | None, place: Place, row: dict[str, Any]) -> Iterable[Example]:
    if kind == "openai-evals":
        return [of_sample(row, place)]
    if kind == "openai-finetune":
        return [of_tuning(row, place)]
    if how is not None:
        return [example_of(row, how, place)]
    return [_strict(row, place)]


def _strict(row: dict[str, Any], place: Place) -> Example:
    try:
        example = msgspec.convert(row, Example)
    except msgspec.ValidationError:
        # The one way in which a line is refused, with its words.
        return read_example(to_json(row).encode(), place.file, place.number)
    if not example.input:
        raise place.error("the input is empty", 'write "input": {"question": "..."} or one string')
    return example


def _with(example: Example, tags: tuple[str, ...], origin: Origin | None) -> Example:
    if not tags and origin is None:
        return example
    return replace(
        example, tags=tuple(dict.fromkeys((*example.tags, *tags))), origin=origin or example.origin
    )  # fmt: skip


def _repeated(example: Example, place: Place, first: Place) -> DatasetError:
    where = first.short if first.file == place.file else str(first)
    if example.id:
        return place.error(f"the id {example.id!r} stands in {where} already", "ids are unique")
    return place.error(f"the input stands in {where} already", "leave one out, or give both an `id` of their own")


def _kind(columns: tuple[str, ...], first: dict[str, Any]) -> Kind:
    """What the first row looks like."""
    if first.keys() <= set(_TESTS) or _is_test(first) or any(name.startswith(_EXPECTED) for name in columns):
        return "promptfoo"
    if "preferred_output" in first or (isinstance(first.get("messages"), list) and "input" not in first):
        return "openai-finetune"
    if "ideal" in first and isinstance(first.get("input"), str | list):
        return "openai-evals"
    if isinstance(first.get("input"), str | dict) and all(name in FIELDS or _misspelt(name) for name in columns):
        return "examples"
    if "input" not in columns and all(name in FIELDS for name in columns):
        return "examples"  # the error says what is missing
    return "table"


def _misspelt(name: str) -> bool:
    return bool(difflib.get_close_matches(name, FIELDS, n=1, cutoff=0.85))


def _is_test(row: dict[str, Any]) -> bool:
    return isinstance(row.get("vars"), dict) or isinstance(row.get("assert"), list)


def _rows(path: Path) -> Callable[[], Iterator[Row]]:
    """How the rows of a file are read."""
    if path.is_dir():
        return folder_rows(path)
    first = beginning(path)
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".parquet") or first.startswith(b"PAR1"):
        return partial(parquet_rows, path)
    if name.endswith(".arrow"):
        return partial(arrow_rows, path)
    if name.endswith((".yaml", ".yml")):
        return partial(_yaml_rows, path)
    if name.endswith((".csv", ".tsv")):
        return partial(csv_rows, path)
    if name.endswith((".jsonl", ".ndjson", ".json")) or first.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"["):
        return partial(line_rows if _is_lines(name, first) else _document_rows, path)
    raise DatasetError(f"{path} is no kind of dataset that is known", hint=_ENDINGS)


def _is_lines(name: str, first: bytes) -> bool:
    text = first.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        # A list of objects is a document whatever the file's name says; a line of brackets alone is not.
        return not name.endswith(".json") and not text[1:].lstrip().startswith((b"{", b"]"))
    if not name.endswith(".json"):
        return True
    try:
        return isinstance(msgspec.json.decode(text.split(b"\n")[0]), dict) and b"\n" in text.rstrip()
    except ValueError:
        return False


def _document_rows(path: Path) -> Iterator[Row]:
    value = document(path)
    yield from _tests_or_rows(path, value)


def _yaml_rows(path: Path) -> Iterator[Row]:
    try:
        with path.open("rb") as file:
            value = _bounded(path, yaml.load(file, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506 - both are safe
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, TypeError) as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        said = getattr(problem, "problem", None) or str(problem).split("\n")[0]
        raise DatasetError(f"this is not YAML: {said} ({where})", hint="see promptfoo.dev/docs/configuration") from None
    yield from _tests_or_rows(path, value)


def _bounded(path: Path, value: Any) -> Any:
    """The value as JSON has it.

    Raises:
        DatasetError: references to references make it endless.
    """
    left, parts = _MOST_PARTS, [value]
    while parts and left > 0:
        left -= 1
        part = parts.pop()
        parts += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    if parts:
        raise DatasetError(f"{path} is too large once its references are followed", hint="write the tests out")
    return plain(value)


def _tests_or_rows(path: Path, value: Any) -> Iterator[Row]:
    """A config of promptfoo is one row, for its own reader; anything else gives its rows."""
    if isinstance(value, dict) and (tests := {key: value[key] for key in _TESTS if key in value}):
        yield Place(str(path), 1, "row"), tests
    else:
        yield from list_rows(path, value)
