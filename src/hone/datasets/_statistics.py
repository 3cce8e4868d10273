"""A dataset in numbers: what is in which split, from where, and how long."""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from hone.core import text_in, to_json
from hone.datasets._duplicates import text_of
from hone.datasets._example import Example

_MOST_BINS = 12


class Bin(Struct, frozen=True):
    """How many values are at least `low` and at most `high`."""

    low: int
    high: int
    count: int


class Lengths(Struct, frozen=True, kw_only=True):
    """Lengths of texts in characters. The quantiles are values that occur; with no texts everything is 0."""

    n: int
    mean: float
    least: int
    p25: int
    p50: int
    p75: int
    p95: int
    most: int
    bins: tuple[Bin, ...]


class Groups(Struct, frozen=True, kw_only=True):
    """Examples that belong together: how many groups, and how large; `alone` are the examples without one."""

    groups: int
    alone: int
    largest: int
    mean: float


class Statistics(Struct, frozen=True, kw_only=True):
    """Counts are by value, the most frequent first. An example with several tags counts for each."""

    examples: int
    splits: dict[str, int]
    origins: dict[str, int]
    tags: dict[str, int]
    expected: int  # examples that have an expected answer
    alternatives: int  # of these, those with several right answers
    references: int
    evaluators: dict[str, int]  # of single examples, by type
    sampled: int  # examples with a known inclusion probability
    fields: dict[str, int]  # of the input, by name; the one string of a task counts as ""
    groups: Groups
    input: Lengths
    expected_length: Lengths


def statistics_of(examples: Iterable[Example]) -> Statistics:
    """The numbers of some examples."""
    given = list(examples)
    right = [each.expected for each in given if each.expected is not None]
    return Statistics(
        examples=len(given),
        splits=_counted(each.split or "" for each in given),
        origins=_counted(each.origin for each in given),
        tags=_counted(tag for each in given for tag in each.tags),
        expected=len(right),
        alternatives=sum(isinstance(each, list) and len(each) > 1 for each in right),
        references=sum(each.reference is not None for each in given),
        evaluators=_counted(_kind(asked) for each in given for asked in each.evaluators),
        sampled=sum(each.probability is not None for each in given),
        fields=_counted(name for each in given for name in ([""] if isinstance(each.input, str) else each.input)),
        groups=_groups(given),
        input=lengths_of([len(text_of(each)) for each in given]),
        expected_length=lengths_of([len(_longest(each)) for each in right]),
    )


def lengths_of(values: Sequence[int]) -> Lengths:
    """Quantiles (nearest rank) and a histogram of lengths, its bins between round numbers."""
    ordered = sorted(values)
    if not ordered:
        return Lengths(n=0, mean=0.0, least=0, p25=0, p50=0, p75=0, p95=0, most=0, bins=())

    def at(share: float) -> int:
        return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]

    return Lengths(
        n=len(ordered),
        mean=sum(ordered) / len(ordered),
        least=ordered[0],
        p25=at(0.25),
        p50=at(0.5),
        p75=at(0.75),
        p95=at(0.95),
        most=ordered[-1],
        bins=_bins(ordered, at(0.95)),
    )


def _bins(ordered: Sequence[int], p95: int) -> tuple[Bin, ...]:
    """Bins of one round width up to the 95th percentile, and one for what is beyond."""
    width = next(step for step in _round_numbers() if p95 < step * (_MOST_BINS - 1))
    counts = Counter(min(value // width, _MOST_BINS - 1) for value in ordered)
    first, last = min(counts), max(counts)
    return tuple(
        Bin(number * width, (number + 1) * width - 1 if number < _MOST_BINS - 1 else ordered[-1], counts[number])
        for number in range(first, last + 1)
    )


def _round_numbers() -> Iterable[int]:
    ten = 1
    while True:
        yield from (ten, 2 * ten, 5 * ten)
        ten *= 10


def _groups(examples: Sequence[Example]) -> Groups:
    sizes = Counter(each.group for each in examples if each.group is not None)
    inside = sum(sizes.values())
    return Groups(
        groups=len(sizes),
        alone=len(examples) - inside,
        largest=max(sizes.values(), default=0),
        mean=inside / len(sizes) if sizes else 0.0,
    )


def _longest(expected: object) -> str:
    """The words of what is expected; of several right answers the longest."""
    texts = [text_in(to_json(each)) for each in (expected if isinstance(expected, list) else [expected])]
    return max((text or to_json(expected) for text in texts), key=len, default="")


def _kind(asked: str | dict[str, object]) -> str:
    return asked.partition(":")[0] if isinstance(asked, str) else str(asked.get("type", "?"))


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda each: (-each[1], each[0])))
