"""A dataset in numbers, and the card that says them beside what people know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.datasets import Counted, Example, card_of, dataset_of, find_duplicates, find_leaks, histogram, statistics_of
from hone.datasets._card import BEGIN, END
from hone.datasets._statistics import lengths_of
from hone.errors import DatasetError
from hone.store import DatasetVersion

EXAMPLES = [
    Example(
        id="a", input={"question": "Where is it?"}, expected=["There.", "Over there."], tags=("short", "place"),
        split="dev", group="g",
    ),
    Example(id="b", input={"question": "where is it?"}, expected="Here.", tags=("place",), split="held-out"),
    Example(id="c", input="Who?", origin="traffic", probability=0.1, split="dev", group="g"),
    Example(id="d", input="How?", expected={"way": "so"}, evaluators=("exact", {"type": "rouge"}), split="train"),
]  # fmt: skip


def counted() -> Counted:
    data = dataset_of("d", EXAMPLES)
    versions = [DatasetVersion(project="p", name="d", version=3, sha256=data.sha256, examples=4, created=0, by="file")]
    return Counted(
        name="d",
        sha256=data.sha256,
        statistics=statistics_of(data),
        duplicates=find_duplicates("d", data.examples),
        leaks=find_leaks("d", data.split("held-out"), data.split("dev"), against="dev"),
        versions=versions,
    )


def test_what_is_in_a_dataset_is_counted() -> None:
    found = statistics_of(EXAMPLES)
    assert found.splits == {"dev": 2, "held-out": 1, "train": 1}
    assert found.origins == {"human": 3, "traffic": 1}
    assert found.tags == {"place": 2, "short": 1}
    assert (found.expected, found.alternatives, found.sampled) == (3, 1, 1)
    assert found.fields == {"": 2, "question": 2}
    assert found.evaluators == {"exact": 1, "rouge": 1}
    assert (found.groups.groups, found.groups.alone, found.groups.largest) == (1, 2, 2)
    assert (found.input.least, found.input.most, found.input.n) == (4, 12, 4)
    assert found.expected_length.most == len("Over there.")


def test_quantiles_are_values_that_occur() -> None:
    found = lengths_of(list(range(1, 101)))
    assert (found.least, found.p25, found.p50, found.p75, found.p95, found.most) == (1, 25, 50, 75, 95, 100)
    assert lengths_of([7]).p95 == 7
    assert lengths_of([]).bins == ()


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=60))
def test_every_length_is_in_one_bin(values: list[int]) -> None:
    bins = lengths_of(values).bins
    assert len(bins) <= 12
    assert [each.count for each in bins] == [sum(each.low <= v <= each.high for v in values) for each in bins]
    assert sum(each.count for each in bins) == len(values)
    assert len(histogram(lengths_of(values))) == len(bins)


def test_a_card_says_what_can_be_counted() -> None:
    card = card_of(counted())
    for line in (
        "4 examples · version v3", "| licence | unknown |", "| split `dev` | 2 |", "| tag `place` | 2 |",
        "1 examples repeat another one", "**1 of 1 held-out examples are known from dev**: 1 by exact",
        "- `b` from `a`, exact: where is it?", "| v3 | 4 | 1970-01-01 |",
    ):  # fmt: skip
        assert line in card


def test_what_people_wrote_stays_and_what_was_counted_is_replaced() -> None:
    first = card_of(counted())
    mine = first.replace("licence:", "licence: CC-BY-4.0").replace("languages: []", "languages: [de, en]")
    mine = mine.replace("# d\n", "# d\n\nCollected by hand.\n").replace("4 examples", "3 examples") + "\nThe end.\n"
    second = card_of(counted(), mine)
    assert "Collected by hand." in second
    assert "The end." in second
    assert "3 examples" not in second
    assert "| licence | CC-BY-4.0 |" in second
    assert "| languages | de, en |" in second
    assert card_of(counted(), second) == second


def test_a_card_of_hugging_face_keeps_its_text() -> None:
    card = card_of(counted(), "---\nlicense: mit\nlanguage: [en]\n---\n# Refunds\n\nAbout it.\n")
    assert card.startswith("---\nlicense: mit\nlanguage: [en]\n---\n# Refunds\n\nAbout it.\n")
    assert "| licence | mit |" in card
    assert card.count(BEGIN) == card.count(END) == 1


@pytest.mark.parametrize(
    ("old", "said"),
    [
        ("---\nlicence: [a\n---\n", r"not YAML.*\(the card:"),
        ("---\nlicence: mit\n", r"front matter does not end \(the card:1\)"),
        (f"# d\n{BEGIN}\n", "not both marks"),
        (f"{END}\n{BEGIN}\n", "not both marks"),
    ],
)
def test_a_card_that_cannot_be_read_is_left_alone(old: str, said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        card_of(counted(), old)
