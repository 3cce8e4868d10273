"""A dataset as a file: `datasets/NAME.jsonl`, one example a line. Read whole, and grown by replacing the file."""

import difflib
import fcntl
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from hone.core import from_json
from hone.datasets._example import Dataset, Example, Split, SplitGroup, dataset_of
from hone.errors import CallError, DatasetError

SUFFIX = ".jsonl"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_UNKNOWN = re.compile(r"unknown field `(.+?)`")
_FIELDS = Example.__struct_fields__


class Grown(Struct, frozen=True, kw_only=True):
    """What became of the examples handed over: those with an input that is there already are left out."""

    name: str
    added: int
    repeated: int
    examples: int  # in the dataset now


def names(folder: Path) -> list[str]:
    """The datasets in a folder."""
    return sorted(path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}"))


class DatasetFile:
    """`NAME.jsonl` in `folder`; it need not exist before it grows."""

    def __init__(self, folder: Path, name: str) -> None:
        """
        Raises:
            CallError: `name` cannot be the name of a dataset.
        """
        if _NAME.fullmatch(name) is None:
            raise CallError(f"{name!r} cannot be the name of a dataset", hint="letters, digits and _ . -")
        self.name = name
        self.path = folder / f"{name}{SUFFIX}"

    def read(self) -> Dataset:
        """The dataset as its file is now.

        Raises:
            DatasetError: there is none, or a line of it is wrong; with file and line.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            raise self._missing() from None
        except OSError as problem:
            raise DatasetError(f"{self.path} cannot be read: {problem.strerror}") from None
        return self._dataset(content)

    def given(self, path: Path) -> list[Example]:
        """The examples of another file, as they stand there: for `add`.

        Raises:
            DatasetError: it cannot be read, or a line of it is wrong; with file and line.
        """
        try:
            content = path.read_bytes()
        except OSError as problem:
            raise DatasetError(f"{path} cannot be read: {problem.strerror}") from None
        return list(self._examples(content, str(path))[0])

    def split(self, split: Split | None) -> tuple[Example, ...]:
        return self.read().split(split)

    def __iter__(self) -> Iterator[Example]:
        return iter(self.read())

    def __len__(self) -> int:
        return len(self.read())

    def add(self, examples: Iterable[Example]) -> Grown:
        """Append examples, those left out whose input is there already. All of them are there afterwards, or none.

        Raises:
            DatasetError: the file is wrong as it is, or would be afterwards.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        given = list(examples)
        with _alone(self.path.parent):
            old = self.path.read_bytes() if self.path.exists() else b""
            seen = {each.key for each in self._dataset(old)} if old else set()
            new = []
            for each in given:
                if each.key not in seen:
                    seen.add(each.key)
                    new.append(each)
            content = b"\n".join([*([old.rstrip(b"\r\n")] if old.strip() else []), *map(_line, new)]) + b"\n"
            dataset = self._dataset(content)  # what cannot be read back is not written
            if new:
                _replace(self.path, content)
        return Grown(name=self.name, added=len(new), repeated=len(given) - len(new), examples=len(dataset))

    def _dataset(self, content: bytes) -> Dataset:
        examples, lines = self._examples(content, self._shown)
        try:
            return dataset_of(self.name, examples)
        except SplitGroup as problem:
            raise _error(str(problem), self._shown, lines[problem.position], "give the whole group one split") from None

    def _examples(self, content: bytes, shown: str) -> tuple[list[Example], list[int]]:
        """The examples, and the line of each."""
        examples: list[Example] = []
        lines: list[int] = []
        known: dict[str, int] = {}
        for number, line in enumerate(_text(content, shown).split("\n"), 1):
            if line.strip():
                example = _example(line, shown, number)
                name = example.id or example.key[:16]
                if name in known:
                    raise _repeated(example, shown, number, known[name])
                known[name] = number
                examples.append(example)
                lines.append(number)
        return examples, lines

    def _missing(self) -> DatasetError:
        known = names(self.path.parent)
        near = difflib.get_close_matches(self.name, known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(known) or 'none'}"
        return DatasetError(f"no dataset {self.name!r}: {self._shown} is not there", hint=hint)

    @property
    def _shown(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}"


def _text(content: bytes, shown: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        number = content.count(b"\n", 0, problem.start) + 1
        raise _error("this is not UTF-8 text", shown, number, "save the file as UTF-8") from None


def _example(line: str, shown: str, number: int) -> Example:
    try:
        example = msgspec.convert(from_json(line), Example)
    except msgspec.ValidationError as problem:
        raise _error(_lower(str(problem)), shown, number, _near(str(problem))) from None
    except (ValueError, RecursionError) as problem:
        raise _error(f"this is not JSON: {problem}", shown, number, "one example a line") from None
    if not example.input:
        raise _error("the input is empty", shown, number, 'write "input": {"question": "..."} or one string')
    return example


def _repeated(example: Example, shown: str, number: int, first: int) -> DatasetError:
    if example.id:
        return _error(f"the id {example.id!r} stands in line {first} already", shown, number, "ids are unique")
    hint = "leave one out, or give both an `id` of their own"
    return _error(f"the input stands in line {first} already", shown, number, hint)


def _error(what: str, shown: str, number: int, hint: str | None) -> DatasetError:
    return DatasetError(f"{what} ({shown}:{number})", hint=hint)


def _line(example: Example) -> bytes:
    # Written for people and for git: as it is read, with only what cannot be UTF-8 escaped.
    plain = msgspec.to_builtins(example)
    try:
        return json.dumps(plain, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(plain).encode()


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:].replace(" - at `$.", " - at `")


def _near(message: str) -> str:
    found = _UNKNOWN.search(message)
    near = difflib.get_close_matches(found[1], _FIELDS, n=1) if found else []
    return f"did you mean `{near[0]}`?" if near else f"an example has: {', '.join(_FIELDS)}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process grows a dataset of this folder meanwhile."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, content: bytes) -> None:
    """The file is the old one or the new one at every moment, even when the power goes."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(made).replace(path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise
    folder: Any = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
