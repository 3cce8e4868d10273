"""Where two variants differ: the same comparison within every slice, corrected for how many slices were looked at."""

from collections.abc import Collection, Hashable, Mapping
from typing import Any, Literal

from msgspec import Struct

from hone.evals.statistics._compare import Comparison, compare_paired
from hone.evals.statistics._corrections import benjamini_hochberg, holm

Correction = Literal["holm", "benjamini-hochberg"]

_CORRECTIONS = {"holm": holm, "benjamini-hochberg": benjamini_hochberg}


class Slice(Struct, frozen=True, kw_only=True):
    """The comparison over the cases of one tag. Its interval and verdict stand for themselves; `adjusted` is its p
    value among all slices, None where it has none."""

    tag: str
    comparison: Comparison
    adjusted: float | None


def compare_slices(
    first: Mapping[str, bool | float],
    second: Mapping[str, bool | float],
    tags: Mapping[str, Collection[str]],
    *,
    boolean: bool,
    correction: Correction = "benjamini-hochberg",
    fewest: int = 5,
    groups: Mapping[str, Hashable] | None = None,
    **about: Any,
) -> list[Slice]:
    """Two variants' values by example, for each tag that at least `fewest` shared cases carry; smallest p first.

    `tags` are the tags by example. Benjamini-Hochberg is for exploring, Holm for a decision; see `compare_paired` for
    the rest.
    """
    members: dict[str, list[str]] = {}
    for key in first:
        for tag in sorted(set(tags.get(key, ()))) if key in second else ():
            members.setdefault(tag, []).append(key)
    found = {
        tag: compare_paired({key: first[key] for key in keys}, second, boolean=boolean, groups=groups, **about)
        for tag, keys in sorted(members.items())
        if len(keys) >= fewest
    }
    tested = {tag: each.p for tag, each in found.items() if each.p is not None}
    adjusted = dict(zip(tested, _CORRECTIONS[correction](list(tested.values())), strict=True))
    made = [Slice(tag=tag, comparison=each, adjusted=adjusted.get(tag)) for tag, each in found.items()]
    return sorted(made, key=lambda each: (each.comparison.p is None, each.comparison.p or 0.0, each.tag))
