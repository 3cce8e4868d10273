"""Lines of JSON as examples and back; what is wrong with a line is said with its file and number."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator

import msgspec

from hone.datasets._example import Example
from hone.errors import DatasetError

FIELDS = Example.__struct_fields__

_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_UNKNOWN = re.compile(r"unknown field `(.+?)`")
_DECODER = msgspec.json.Decoder(Example)


def numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, counted from 1, without a byte order mark."""
    for number, line in enumerate(lines, 1):
        text = line.removeprefix(_BOM) if number == 1 else line
        if text and not text.isspace():
            yield number, text


def read_examples(lines: Iterable[bytes], shown: str) -> tuple[list[Example], list[int]]:
    """The examples, and the line of each. `shown` names the file in errors.

    Raises:
        DatasetError: a line is wrong, or two have one id.
    """
    examples: list[Example] = []
    places: list[int] = []
    known: dict[str, int] = {}
    for number, line in numbered(lines):
        example = read_example(line, shown, number)
        name = example.id or example.key[:16]
        if known.setdefault(name, number) != number:
            raise repeated(example, shown, number, f"line {known[name]}")
        examples.append(example)
        places.append(number)
    return examples, places


def read_example(line: bytes, shown: str, number: int) -> Example:
    """
    Raises:
        DatasetError: the line is no example.
    """
    try:
        example = _DECODER.decode(line)
    except msgspec.ValidationError as problem:
        raise error(lower(str(problem)), shown, number, _near(str(problem))) from None
    except (ValueError, RecursionError):
        example = _slowly(line, shown, number)
    if not example.input:
        raise error("the input is empty", shown, number, 'write "input": {"question": "..."} or one string')
    return example


def read_json(line: bytes, shown: str, number: int) -> object:
    """Any JSON value.

    Raises:
        DatasetError: the line is none.
    """
    try:
        return msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return _json(line, shown, number)


def decoded(line: bytes, shown: str, number: int) -> str:
    """The text of a line.

    Raises:
        DatasetError: it is not UTF-8, or holds NUL bytes.
    """
    if line.startswith(_UTF_16) or (line[1:2] == b"\0" and line[:1] != b"\0"):
        raise error("this is UTF-16 text", shown, number, "save the file as UTF-8")
    if b"\0" in line:
        raise error("this line holds NUL bytes", shown, number, "the file was cut off or is no text: fetch it again")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise error("this is not UTF-8 text", shown, number, "save the file as UTF-8") from None


def write_line(example: Example) -> bytes:
    """An example as one line, for people and for git: as it is read, with only what cannot be UTF-8 escaped."""
    plain = msgspec.to_builtins(example)
    try:
        return json.dumps(plain, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(plain).encode()


def error(what: str, shown: str, number: int, hint: str | None) -> DatasetError:
    return DatasetError(f"{what} ({shown}:{number})", hint=hint)


def repeated(example: Example, shown: str, number: int, first: str) -> DatasetError:
    """What is said of an example whose id, or input, stands in an earlier place: `first`, such as `line 3`."""
    if example.id:
        return error(f"the id {example.id!r} stands in {first} already", shown, number, "ids are unique")
    hint = "leave one out, or give both an `id` of their own"
    return error(f"the input stands in {first} already", shown, number, hint)


def lower(message: str) -> str:
    """msgspec's words, within a sentence of ours."""
    return message[:1].lower() + message[1:].replace(" - at `$.", " - at `")


def _slowly(line: bytes, shown: str, number: int) -> Example:
    # Half a surrogate pair is no valid text for msgspec, and Python's own reader takes it.
    try:
        return msgspec.convert(_json(line, shown, number), Example)
    except msgspec.ValidationError as problem:
        raise error(lower(str(problem)), shown, number, _near(str(problem))) from None


def _json(line: bytes, shown: str, number: int) -> object:
    try:
        value: object = json.loads(decoded(line, shown, number))
    except RecursionError:
        raise error("this is nested too deep", shown, number, "flatten it: no more than some 900 levels") from None
    except ValueError as problem:
        raise error(f"this is not JSON: {problem}", shown, number, "one example a line") from None
    return value


def _near(message: str) -> str:
    found = _UNKNOWN.search(message)
    near = difflib.get_close_matches(found[1], FIELDS, n=1) if found else []
    return f"did you mean `{near[0]}`?" if near else f"an example has: {', '.join(FIELDS)}"
