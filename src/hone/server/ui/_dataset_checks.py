"""What stands in a dataset twice, and what of its held-out part is known from the rest: once for each state of it."""

from collections import OrderedDict
from threading import Lock

from msgspec import Struct

from hone.datasets import Dataset, Duplicates, Leaks, find_duplicates, find_leaks

_KEPT = 8  # states


class Checks(Struct, frozen=True, kw_only=True):
    """`twins` are the other examples of an example's group of duplicates, by id; `known` the training examples that
    give a held-out one away."""

    duplicates: Duplicates
    leaks: Leaks
    twins: dict[str, list[str]]
    known: dict[str, str]

    def flags(self, id: str) -> list[str]:
        return [*(["duplicate"] if id in self.twins else []), *(["leak"] if id in self.known else [])]


class Checker:
    """Remembers what was found of the states that were looked at last. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: OrderedDict[tuple[str, str], Checks] = OrderedDict()

    def of(self, data: Dataset) -> Checks:
        key = (data.name, data.sha256)
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = _checked(data)
        with self._lock:
            self._found[key] = found
            while len(self._found) > _KEPT:
                self._found.popitem(last=False)
        return found


def _checked(data: Dataset) -> Checks:
    duplicates = find_duplicates(data.name, data.examples)
    rest = [each for each in data if each.split != "held-out"]
    leaks = find_leaks(data.name, data.split("held-out"), rest, against="dev and train")
    twins = {
        id: [other for other in group.ids if other != id]
        for group in duplicates.groups
        for id in group.ids  # noqa: A001
    }
    return Checks(
        duplicates=duplicates, leaks=leaks, twins=twins, known={each.test: each.train for each in leaks.leaks}
    )
