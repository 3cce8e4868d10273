"""What changed between two states of a dataset: by id, and word by word where it is text."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from hone.core import Change, diff
from hone.datasets._example import Dataset, Example

_LONGEST = 20_000  # characters; the words of longer texts are not compared, since that takes quadratic time


class FieldChange(Struct, frozen=True, kw_only=True):
    """One field of an example, such as `expected` or `input.question`; `words` where both sides are text."""

    field: str
    old: Any
    new: Any
    words: tuple[Change, ...] = ()


class ExampleChange(Struct, frozen=True, kw_only=True):
    """An example that both states have, and not with the same content."""

    id: str
    fields: tuple[FieldChange, ...]


class DatasetDiff(Struct, frozen=True, kw_only=True):
    """From the `old` state to the `new` one; `same` counts the examples that did not change."""

    name: str
    old: str
    new: str
    added: tuple[Example, ...]
    removed: tuple[Example, ...]
    changed: tuple[ExampleChange, ...]
    same: int

    @property
    def equal(self) -> bool:
        return not (self.added or self.removed or self.changed)


def diff_datasets(old: Dataset, new: Dataset, *, old_name: str = "old", new_name: str = "new") -> DatasetDiff:
    """The difference of two states.

    An example without an id is known by its input: another input is another example.
    """
    before = {each.id: each for each in old}
    after = {each.id: each for each in new}
    pairs = [(before[each.id], each) for each in new if each.id in before and before[each.id] != each]
    changed = tuple(ExampleChange(id=b.id, fields=tuple(_fields(a, b))) for a, b in pairs)
    return DatasetDiff(
        name=new.name,
        old=old_name,
        new=new_name,
        added=tuple(each for each in new if each.id not in before),
        removed=tuple(each for each in old if each.id not in after),
        changed=changed,
        same=len(before.keys() & after.keys()) - len(changed),
    )


def _fields(old: Example, new: Example) -> Iterator[FieldChange]:
    for name in Example.__struct_fields__:
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            for key in dict.fromkeys([*before, *after]):
                if before.get(key) != after.get(key):
                    yield _change(f"{name}.{key}", before.get(key), after.get(key))
        else:
            yield _change(name, before, after)


def _change(field: str, old: Any, new: Any) -> FieldChange:
    return FieldChange(field=field, old=old, new=new, words=_words(old, new))


def _words(old: Any, new: Any) -> tuple[Change, ...]:
    if not isinstance(old, str) or not isinstance(new, str):
        return ()
    if max(len(old), len(new)) > _LONGEST:
        return (Change("removed", old), Change("added", new))
    return tuple(diff(old, new).changes)
