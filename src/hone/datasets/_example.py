"""Examples and datasets as values: their identity, and which of them are held out.

An identity is the SHA-256 of canonical JSON: neither the order of the keys nor that of the examples counts.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from hone.core import from_json, to_json

Split = Literal["train", "dev", "held-out"]
Origin = Literal["human", "traffic", "generated"]

HELD_OUT = 0.5
"""The share of the groups without a split that is held out; intervals need cases more than prompts need ideas."""

_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


class Example(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One case. Examples of one `group` (a document, a conversation) are never split between dev and held-out.

    `train` is only ever given, never drawn: cases that a model may learn from, and that nothing is chosen or judged on.
    """

    id: Annotated[str, Meta(max_length=200)] = ""  # when it is not given, made from the input
    input: dict[str, Any] | str  # by name; or the one string of a task that takes one
    expected: Any = None  # a right answer, a list of right answers, or any JSON; None is unknown
    reference: str | None = None  # a text to compare with
    previous: str | None = None  # the answer that was given before, to be compared with
    context: Any = None  # what the answer should be grounded in
    evaluators: tuple[str | dict[str, Any], ...] = ()  # what judges this example alone, beside those of the run
    metadata: dict[str, Any] = {}  # anything else, kept as it is
    tags: tuple[str, ...] = ()
    origin: Origin = "human"
    split: Split | None = None
    group: str | None = None
    probability: Annotated[float, Meta(gt=0, le=1)] | None = None  # with which a live request became an example
    trace: str | None = None  # where it came from

    @property
    def key(self) -> str:
        """What two examples with the same input have in common."""
        return digest({"input": self.input} if isinstance(self.input, str) else self.input)

    @property
    def unit(self) -> str:
        """What is never split: its group, or itself."""
        return f"group:{self.group}" if self.group is not None else f"id:{self.id}"


class Dataset(Struct, frozen=True, kw_only=True):
    """Examples with their splits filled in. `sha256` is of all of them as they were given, whichever are taken."""

    name: str
    examples: tuple[Example, ...]
    sha256: str
    drawn: frozenset[str] = frozenset()  # the ids of those whose split was drawn, not given

    @property
    def given(self) -> Iterator[Example]:
        """The examples that the version is made of: with their ids, and without the splits that were drawn."""
        for each in self.examples:
            yield msgspec.structs.replace(each, split=None) if each.id in self.drawn else each

    def split(self, split: Split | None) -> tuple[Example, ...]:
        """The examples of one split, or all of them."""
        return tuple(each for each in self.examples if split in (None, each.split))

    def __len__(self) -> int:
        return len(self.examples)

    def __iter__(self) -> Iterator[Example]:
        return iter(self.examples)


def dataset_of(name: str, examples: Iterable[Example]) -> Dataset:
    """The dataset of some examples. Each example's split is the one given for its group, else drawn by hash.

    Raises:
        SplitGroup: one group is given both splits.
    """
    given = [each if each.id else msgspec.structs.replace(each, id=each.key[:16]) for each in examples]
    splits: dict[str, Split] = {}
    for position, each in enumerate(given):
        if each.split is not None and splits.setdefault(each.unit, each.split) != each.split:
            raise SplitGroup(position, each, splits[each.unit])
    parted = [
        each if each.split else msgspec.structs.replace(each, split=splits.get(each.unit) or drawn(each.unit))
        for each in given
    ]
    open_ = frozenset(each.id for each in given if each.split is None)
    return Dataset(name=name, examples=tuple(parted), sha256=digest_of(given), drawn=open_)


class SplitGroup(ValueError):
    """A group that would leak from one split into the other; `position` counts from 0."""

    def __init__(self, position: int, example: Example, other: Split) -> None:
        first, second = sorted((example.split or other, other), key=("held-out", "dev", "train").index)
        super().__init__(f"the group {example.group!r} is {first.replace('-', ' ')} and {second} at once")
        self.position = position


def digest(value: Any) -> str:
    """SHA-256 of canonical JSON, in hex."""
    return hashlib.sha256(_canonical(value).encode()).hexdigest()


def digest_of(examples: Iterable[Example]) -> str:
    """The identity of some examples, in whatever order they come."""
    lines = sorted(_canonical(each) for each in examples)
    sha256 = hashlib.sha256()
    for position, line in enumerate(lines):
        sha256.update(f"\n{line}".encode() if position else line.encode())
    return sha256.hexdigest()


def _canonical(value: Any) -> str:
    # Struct defaults are left out, so a field that is spelled out as its default changes nothing.
    try:
        return _ENCODER.encode(msgspec.to_builtins(value, str_keys=True))
    except (TypeError, ValueError, RecursionError):  # what JSON cannot say: written as `to_json` writes it
        return json.dumps(from_json(to_json(value)), sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def drawn(unit: str, held_out: float = HELD_OUT, train: float = 0.0) -> Split:
    """The split of a unit, by its hash alone: it stays when others come and go, and grows when its share grows."""
    number = int.from_bytes(hashlib.sha256(f"split:{unit}".encode("utf-8", "surrogatepass")).digest()[:8]) / 2**64
    if number < held_out:
        return "held-out"
    return "train" if number >= 1 - train else "dev"
