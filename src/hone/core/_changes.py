"""What changed between two texts, word by word."""

import difflib
import re
from typing import Literal

from msgspec import Struct

_WORD = re.compile(r"\s+|\w+|[^\w\s]")


class Change(Struct, frozen=True):
    """A stretch of text that both versions have, or only one of them."""

    kind: Literal["same", "removed", "added"]
    text: str


class Diff(Struct, frozen=True, kw_only=True):
    """Two texts as one: without what was added it is the old one, without what was removed the new one."""

    changes: list[Change]

    @property
    def equal(self) -> bool:
        return all(change.kind == "same" for change in self.changes)


def diff(old: str, new: str) -> Diff:
    """The difference of two texts, in words, punctuation and white space."""
    before, after = _WORD.findall(old), _WORD.findall(new)
    changes: list[Change] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            changes.append(Change("same", "".join(before[a:b])))
            continue
        if a < b:
            changes.append(Change("removed", "".join(before[a:b])))
        if c < d:
            changes.append(Change("added", "".join(after[c:d])))
    return Diff(changes=changes)
