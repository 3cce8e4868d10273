"""Examples and datasets as values: their identity, and which of them are held out.

An identity is the SHA-256 of canonical JSON: neither the order of the keys nor that of the examples counts.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from hone.core import from_json, to_json

Split = Literal["dev", "held-out"]
Origin = Literal["human", "traffic", "generated"]

_HELD_OUT = 0.5  # of the groups without a split; intervals need cases more than prompts need ideas


class Example(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One case. Examples of one `group` (a document, a conversation) are never split between dev and held-out."""

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


class Dataset(Struct, frozen=True, kw_only=True):
    """Examples with their splits filled in. `sha256` is of all of them, whichever are taken."""

    name: str
    examples: tuple[Example, ...]
    sha256: str

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
        if each.split is not None and splits.setdefault(_unit(each), each.split) != each.split:
            raise SplitGroup(position, each)
    parted = [msgspec.structs.replace(each, split=splits.get(_unit(each)) or _drawn(_unit(each))) for each in given]
    return Dataset(name=name, examples=tuple(parted), sha256=digest_of(given))


class SplitGroup(ValueError):
    """A group that would leak from one split into the other; `position` counts from 0."""

    def __init__(self, position: int, example: Example) -> None:
        super().__init__(f"the group {example.group!r} is held out and dev at once")
        self.position = position


def digest(value: Any) -> str:
    """SHA-256 of canonical JSON, in hex."""
    return hashlib.sha256(_canonical(value).encode()).hexdigest()


def digest_of(examples: Iterable[Example]) -> str:
    """The identity of some examples, in whatever order they come."""
    lines = sorted(_canonical(msgspec.to_builtins(each)) for each in examples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _canonical(value: Any) -> str:
    # Struct defaults are left out, so a field that is spelled out as its default changes nothing.
    plain: Mapping[str, Any] = from_json(to_json(value))
    return json.dumps(plain, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _unit(example: Example) -> str:
    return f"group:{example.group}" if example.group is not None else f"id:{example.id}"


def _drawn(unit: str) -> Split:
    number = int.from_bytes(hashlib.sha256(f"split:{unit}".encode("utf-8", "surrogatepass")).digest()[:8])
    return "held-out" if number / 2**64 < _HELD_OUT else "dev"
