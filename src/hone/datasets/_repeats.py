"""Which examples are new to a dataset, and which ask the same as another one with another answer."""

from collections.abc import Iterable

from msgspec import Struct

from hone.datasets._example import Example


class Clash(Struct, frozen=True):
    """The `row`-th example handed over (from 1) asks what `first` does and expects something else; it was left out."""

    row: int
    first: str

    def __str__(self) -> str:
        return f"row {self.row} repeats the input of {self.first} with another answer"


def told_apart(there: Iterable[Example], given: Iterable[Example]) -> tuple[list[Example], list[Clash]]:
    """Of the `given` those that are new beside what is `there`, and those left out that contradict what stays.

    An input that is there already is left out, unless it expects something else and both have an id of their own: then
    the two are two cases.
    """
    known: dict[str, list[tuple[str, Example]]] = {}
    ids = set[str]()
    for each in there:
        known.setdefault(each.key, []).append((f"the example {each.id!r}", each))
        ids.add(each.id)
    new, clashes = list[Example](), list[Clash]()
    for row, each in enumerate(given, 1):
        same = known.setdefault(each.key, [])
        apart = all(_answer(other) != _answer(each) for _, other in same)
        # Without an id of its own, an example is given the beginning of its input's.
        named = each.id and each.id not in ids and all(other.id not in ("", other.key[:16]) for _, other in same)
        if not same or (apart and named):
            new.append(each)
            same.append((f"row {row}", each))
            ids.add(each.id)
        elif apart:
            clashes.append(Clash(row, same[0][0]))
    return new, clashes


def _answer(example: Example) -> tuple[object, str | None]:
    return example.expected, example.reference
