"""Search by words: BM25 as the paper has it, on a scale from 0 to 1."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from hone.knowledge._index import K1, B
from hone.knowledge._search import Snapshot

PARCELS = [
    ("a.txt", "Parcels travel by night."),
    ("b.txt", "Lost parcels are found in spring, as a rule, behind the depot."),
    ("c.txt", "Prices rise in spring."),
]


def found(query: str, k: int = 5, threshold: float | None = None) -> list[str]:
    return [passage.source for passage in Snapshot("build", PARCELS).search(query, k, threshold)]


def test_the_passage_that_holds_more_of_the_question_comes_first() -> None:
    assert found("a lost parcel") == ["b.txt", "a.txt"]


def test_no_more_than_k_come_and_none_that_shares_no_word() -> None:
    assert len(found("parcels in spring")) == 3
    assert len(found("parcels in spring", k=2)) == 2
    assert found("night") == ["a.txt"]


@pytest.mark.parametrize("query", ["", "  ?!", "how is it", "zebra"])
def test_a_question_without_a_known_word_finds_nothing(query: str) -> None:
    assert found(query) == []


def test_an_empty_index_and_no_wish_find_nothing() -> None:
    assert Snapshot("build", []).search("parcels", 5, None) == []
    assert Snapshot("build", [("a", "")]).search("parcels", 5, None) == []
    assert found("parcels", k=0) == []


def test_the_score_is_bm25_as_a_share_of_the_most_it_could_be() -> None:
    # The name counts twice; a text of one line is its own opening, so its words count twice too.
    index = Snapshot("build", [("x", "night owl"), ("y", "day owl day owl")])
    (passage,) = index.search("night", 5, None)
    length, average = 6, (6 + 10) / 2
    weight = 2 / (2 + K1 * (1 - B + B * length / average))
    assert passage.score == pytest.approx(weight, rel=1e-5)

    # A word that nobody holds has the IDF of n = 0, and only lowers the score.
    idf = [math.log(1 + (2 - n + 0.5) / (n + 0.5)) for n in (1, 0)]
    (passage,) = index.search("night zebra", 5, None)
    assert passage.score == pytest.approx(weight * idf[0] / sum(idf), rel=1e-5)


def test_scores_lie_between_0_and_1_and_repeating_a_word_changes_nothing() -> None:
    index = Snapshot("build", [("night", "night night\nnight " * 50), *PARCELS])
    once, often = index.search("night", 5, None), index.search("night NIGHT nights", 5, None)
    assert once == often
    assert 1 > once[0].score > once[1].score > 0


def test_a_threshold_leaves_out_what_speaks_of_too_little() -> None:
    scores = [passage.score for passage in Snapshot("build", PARCELS).search("lost parcels in spring", 5, None)]
    assert found("lost parcels in spring", threshold=scores[0]) == ["b.txt"]
    assert found("lost parcels in spring", threshold=1.0) == []


def test_a_tie_goes_to_the_earlier_chunk() -> None:
    index = Snapshot("build", [(name, "the same words") for name in "zyxw"])
    assert [passage.source for passage in index.search("same words", 3, None)] == ["z", "y", "x"]


def test_the_name_and_the_opening_weigh_more_than_a_mention() -> None:
    rest = "\n\nMuch else stands here."
    texts = [
        ("m", f"t\nOther matters.{rest} loads"),
        ("o", f"t\nOther loads.{rest} x"),
        ("loads", f"t\nOther x.{rest} x"),
    ]
    assert [passage.source for passage in Snapshot("build", texts).search("loads", 3, None)][-1] == "m"


def test_what_a_thing_belongs_to_describes_it() -> None:
    index = Snapshot(
        "build",
        [
            ("python:other.pop", "other.pop(key)\nRemove a key."),
            ("python:dict.pop", "dict.pop(key)\nRemove a key."),
            ("python:dict", "dict()\nA new dictionary."),
        ],
    )
    assert [passage.source for passage in index.search("pop a key off a dictionary", 1, None)] == ["python:dict.pop"]


def test_many_threads_may_search_at_once() -> None:
    index = Snapshot("build", PARCELS)
    queries = ["lost parcel", "spring prices", "night"] * 50
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda query: index.search(query, 3, None), queries))
    assert together == [index.search(query, 3, None) for query in queries]
