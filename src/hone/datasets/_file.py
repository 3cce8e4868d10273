"""A dataset as a file: `datasets/NAME.jsonl`, one example a line. Read line by line, changed by replacing the file."""

import difflib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hone.datasets._example import Dataset, Example, Split, SplitGroup, dataset_of
from hone.datasets._lines import error, read_examples, write_line
from hone.datasets._repeats import Clash, told_apart
from hone.datasets._replace import alone, replace_file
from hone.errors import CallError, DatasetError, NotFound

SUFFIX = ".jsonl"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")

_Edit = Callable[[Dataset, list[int], list[bytes]], list[bytes]]  # its examples, the line of each, all lines


class Grown(Struct, frozen=True, kw_only=True):
    """What became of the examples handed over: those with an input that is there already are left out.

    `clashes` are those among them that expect something else.
    """

    name: str
    added: int
    repeated: int
    examples: int  # in the dataset now
    clashes: tuple[Clash, ...] = ()

    @property
    def said(self) -> str:
        """It in one line."""
        return f"{self.name}: {self.added:,} added, {self.repeated:,} were there already, {self.examples:,} in all"


def names(folder: Path) -> list[str]:
    """The datasets in a folder."""
    return sorted(path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}"))


class DatasetFile:
    """`NAME.jsonl` in `folder`; it need not exist before it grows.

    What changes it takes `seen`: the `sha256` of the dataset that the change was made for. When the file holds another
    one by then, nothing is written. Without `seen` the change is made to whatever is there.
    """

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
            with self.path.open("rb") as file:
                return self._dataset(file)[0]
        except FileNotFoundError:
            raise self._missing() from None
        except OSError as problem:
            raise DatasetError(f"{self.path} cannot be read: {problem.strerror}") from None

    def split(self, split: Split | None) -> tuple[Example, ...]:
        return self.read().split(split)

    def __iter__(self) -> Iterator[Example]:
        return iter(self.read())

    def __len__(self) -> int:
        return len(self.read())

    def add(self, examples: Iterable[Example], *, seen: str | None = None) -> Grown:
        """Append examples, those left out whose input is there already. All of them are there afterwards, or none.

        Two that expect different answers to one input are two cases where each has an id of its own.

        Raises:
            DatasetError: the file is wrong as it is, or would be afterwards.
            CallError: it is not what was `seen`.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        given, new, clashes = list(examples), list[Example](), list[Clash]()

        def append(dataset: Dataset, _: list[int], lines: list[bytes]) -> list[bytes]:
            new[:], clashes[:] = told_apart(dataset, given)
            return lines + [write_line(each) for each in new]

        dataset = self._change(append, seen)
        repeated = len(given) - len(new)
        return Grown(
            name=self.name, added=len(new), repeated=repeated, examples=len(dataset), clashes=tuple(clashes)
        )  # fmt: skip

    def replace(self, id: str, example: Example, *, seen: str | None = None) -> Dataset:
        """Put `example` in the place of the one with this id; without an id of its own it takes the old one's.

        The other lines stay as they are, byte for byte.

        Raises:
            NotFound: there is no example of that id.
            DatasetError: the file would be wrong afterwards: an id twice, a group in two splits.
            CallError: it is not what was `seen`.
        """
        new = write_line(example if example.id else replace(example, id=id))

        def put(dataset: Dataset, places: list[int], lines: list[bytes]) -> list[bytes]:
            at = self._place(dataset, places, id)
            return [*lines[: at - 1], new, *lines[at:]]

        return self._change(put, seen)

    def delete(self, ids: str | Iterable[str], *, seen: str | None = None) -> Dataset:
        """Take out the examples of these ids, all or none.

        Raises:
            NotFound: there is no example of one of them.
            CallError: the file is not what was `seen`.
        """
        gone = [ids] if isinstance(ids, str) else list(ids)

        def take_out(dataset: Dataset, places: list[int], lines: list[bytes]) -> list[bytes]:
            at = {self._place(dataset, places, each) for each in gone}
            return [line for number, line in enumerate(lines, 1) if number not in at]

        return self._change(take_out, seen)

    def assign(self, splits: Callable[[Dataset], Sequence[Split]], *, seen: str | None = None) -> Dataset:
        """Write down the split of every example, as `splits` says for the dataset that is there.

        Raises:
            DatasetError: a group would be in two splits.
            CallError: the file is not what was `seen`.
        """

        def write(dataset: Dataset, *_: object) -> list[bytes]:
            parted = zip(dataset, splits(dataset), strict=True)
            return [write_line(replace(each, split=split)) for each, split in parted]

        return self._change(write, seen)

    def _change(self, edit: _Edit, seen: str | None) -> Dataset:
        """Apply `edit` to the lines of the file; what could not be read back is not written."""
        if not self.path.parent.is_dir():
            raise self._missing()
        with alone(self.path.parent):
            old = self.path.read_bytes() if self.path.exists() else b""
            dataset, places = self._dataset(io.BytesIO(old))
            if seen is not None and dataset.sha256 != seen:
                raise self._changed()
            lines = old.rstrip(b"\r\n").split(b"\n") if old.strip() else []
            after = edit(dataset, places, lines)
            if after == lines:
                return dataset
            content = b"\n".join(after) + b"\n"
            dataset, _ = self._dataset(io.BytesIO(content))
            replace_file(self.path, [content])
        return dataset

    def _dataset(self, lines: Iterable[bytes]) -> tuple[Dataset, list[int]]:
        examples, places = read_examples(lines, self._shown)
        try:
            return dataset_of(self.name, examples), places
        except SplitGroup as problem:
            raise error(str(problem), self._shown, places[problem.position], "give the whole group one split") from None

    def _place(self, dataset: Dataset, places: list[int], id: str) -> int:
        for example, place in zip(dataset, places, strict=True):
            if example.id == id:
                return place
        raise NotFound(
            f"no example {id!r} in {self._shown}", hint=f"hone datasets show {self.name} --json lists the ids"
        )

    def _changed(self) -> CallError:
        problem = CallError(
            f"{self._shown} has changed since it was read", hint="look at it again, and repeat the edit"
        )
        problem.status, problem.code = 409, "conflict"
        return problem

    def _missing(self) -> DatasetError:
        known = names(self.path.parent)
        near = difflib.get_close_matches(self.name, known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(known) or 'none'}"
        return DatasetError(f"no dataset {self.name!r}: {self._shown} is not there", hint=hint)

    @property
    def _shown(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}"
