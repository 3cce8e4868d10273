"""Near duplicates are found, counted exactly, and kept on one side; what leaks is named."""

import math
import random
from collections.abc import Sequence

import numpy as np
import pytest

from hone.datasets import Dataset, Example, dataset_of, draw_splits, find_duplicates, find_leaks
from hone.datasets._minhash import ROWS, near_pairs, rows_of_band, signatures
from hone.datasets._shingles import shingles_of
from hone.errors import CallError, DatasetError

VOCABULARY = [f"word{number}" for number in range(5000)]


def sentences(seed: int, count: int, length: int = 30) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(VOCABULARY, k=length)) for _ in range(count)]


def changed(text: str, words: int, seed: int) -> str:
    chance = random.Random(seed)
    parts = text.split()
    for at in chance.sample(range(len(parts)), words):
        parts[at] = f"other{chance.randrange(10**6)}"
    return " ".join(parts)


def by_sets(texts: Sequence[str], threshold: float) -> dict[tuple[int, int], float]:
    """The same by definition: sets of runs of three words, all pairs."""
    sets = [{tuple(words[n : n + 3]) for n in range(len(words) - 2)} for words in map(str.split, texts)]
    found = {}
    for one in range(len(texts)):
        for other in range(one + 1, len(texts)):
            share = len(sets[one] & sets[other]) / len(sets[one] | sets[other])
            if share >= threshold:
                found[one, other] = share
    return found


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8])
def test_the_pairs_are_those_that_the_definition_gives(threshold: float) -> None:
    texts = sentences(1, 120)
    texts += [changed(text, words=1 + number % 4, seed=number) for number, text in enumerate(texts)]
    found = {(one, other): share for one, other, share in near_pairs(texts, threshold)}
    assert found == pytest.approx(by_sets(texts, threshold))
    assert len(found) > 20


def test_minima_agree_as_often_as_sets_do() -> None:
    """The standard deviation of the estimate is sqrt(J (1 - J) / 128)."""
    texts = sentences(2, 200)
    others = [changed(text, words=2, seed=number) for number, text in enumerate(texts)]
    minima = signatures(shingles_of([*texts, *others], 3), np.arange(400))
    estimates = (minima[:200] == minima[200:]).mean(axis=1)
    shares = [next(iter(by_sets([a, b], 0).values())) for a, b in zip(texts, others, strict=True)]
    errors = [
        (estimate - share) / math.sqrt(share * (1 - share) / ROWS)
        for estimate, share in zip(estimates, shares, strict=True)
    ]
    assert abs(np.mean(errors)) < 4 / math.sqrt(200)
    assert 0.8 < np.std(errors) < 1.2


def test_bands_miss_one_pair_in_a_thousand_at_most() -> None:
    for threshold in (0.3, 0.5, 0.7, 0.8, 0.9, 0.95):
        rows = rows_of_band(threshold)
        assert (1 - threshold**rows) ** (ROWS // rows) <= 0.001
    assert rows_of_band(0.9) > rows_of_band(0.5)


def test_many_equal_texts_do_not_take_quadratic_time() -> None:
    texts = ["the very same sentence of some words every time"] * 3000
    pairs = near_pairs(texts, 0.8)
    assert 3000 <= len(pairs) < 30_000
    joined = find_duplicates("d", [Example(id=f"{n}", input=text) for n, text in enumerate(texts)])
    assert (len(joined.groups), joined.extra) == (1, 2999)


def test_scripts_without_spaces_are_compared_by_character() -> None:
    one, other = "包裹可以在商店保留十天", "包裹可以在商店保留二十天"
    assert near_pairs([one, other, "完全不同的另外一个问题"], 0.5)[0][:2] == (0, 1)


def test_another_sum_is_another_question() -> None:
    assert near_pairs(["how much is 12 + 30 in all ?", "how much is 12 - 30 in all ?"], 0.8) == []
    assert near_pairs(["How much is 12 + 30, in all?", "how much is 12 + 30 in all"], 0.8) == [(0, 1, 1.0)]


def test_texts_without_words_are_no_pairs() -> None:
    assert near_pairs(["", "?!", "...", "one"], 0.5) == []
    assert near_pairs([], 0.5) == []


# -- duplicates


def asked(*texts: str, **more: object) -> list[Example]:
    return [Example(id=f"e{n}", input={"question": text}, **more) for n, text in enumerate(texts)]  # type: ignore[arg-type]


LONG = "How long does a parcel to an address in another country usually take"


def test_groups_say_by_what_they_hang_together() -> None:
    examples = asked(LONG, LONG.upper() + " ", f"{LONG}, please?", "Who are you?", "Where is it?", "where  is it?")
    found = find_duplicates("d", examples)
    assert [(each.ids, each.by) for each in found.groups] == [(("e0", "e1", "e2"), "near"), (("e4", "e5"), "exact")]
    assert found.groups[0].similarity == pytest.approx(11 / 12)
    assert found.extra == 3


def test_meaning_is_compared_where_an_embedding_is_given() -> None:
    vectors = {"Where is my parcel?": [1.0, 0.0], "What became of my package?": [0.99, 0.14], "Who?": [0.0, 1.0]}

    def embed(texts: Sequence[str]) -> object:
        rows = np.asarray([vectors[text] for text in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    examples = asked(*vectors)
    assert find_duplicates("d", examples).groups == ()
    (group,) = find_duplicates("d", examples, embed=embed).groups
    assert (group.ids, group.by) == (("e0", "e1"), "meaning")
    assert group.similarity == pytest.approx(0.99, abs=0.001)


def test_a_group_shows_different_answers_and_sides() -> None:
    examples = [
        Example(id="a", input="x y", expected=1, split="dev"),
        Example(id="b", input="X y", expected=2, split="held-out"),
    ]
    (group,) = find_duplicates("d", examples).groups
    assert (group.splits, group.expected) == (("dev", "held-out"), 2)


# -- leaks


def sides(*held_out: Example, dev: Sequence[Example]) -> dict[str, tuple[str, str]]:
    found = find_leaks("d", held_out, dev)
    return {each.test: (each.kind, each.train) for each in found.leaks}


def test_each_kind_of_leak_is_named() -> None:
    story = " ".join(VOCABULARY[:20])
    dev = [
        Example(id="conversation", input="first turn", group="g"),
        Example(id="same", input="Where is my parcel?"),
        Example(id="alike", input=LONG),
        Example(id="text", input="Sum up", expected=f"Long ago, {story} and so on"),
    ]
    assert sides(
        Example(id="1", input="second turn", group="g"),
        Example(id="2", input="where is  my PARCEL?"),
        Example(id="3", input=f"{LONG}, please?"),
        Example(id="4", input=f"Continue: {' '.join(VOCABULARY[2:16])}"),
        Example(id="5", input="something else entirely"),
        dev=dev,
    ) == {"1": ("group", "conversation"), "2": ("exact", "same"), "3": ("near", "alike"), "4": ("ngrams", "text")}


def test_a_phrase_of_the_template_is_no_contamination() -> None:
    template = "Answer the following question of a customer as briefly as you can and say nothing else at all:"
    dev = [Example(id=f"d{n}", input=f"{template} {text}") for n, text in enumerate(sentences(3, 30, length=40))]
    test = [Example(id=f"t{n}", input=f"{template} {text}") for n, text in enumerate(sentences(4, 10, length=40))]
    assert find_leaks("d", test, dev).leaks == ()
    assert find_leaks("d", test, dev[:5]).kinds == {"ngrams": 10}, "of few examples nobody knows what the template is"


def test_meaning_leaks_too() -> None:
    def embed(texts: Sequence[str]) -> object:
        return np.asarray([[1.0, 0.0] if "parcel" in text else [0.0, 1.0] for text in texts], np.float32)

    found = find_leaks("d", asked("my parcel?", "Who?"), asked("a parcel!"), embed=embed)
    assert [(each.kind, each.test) for each in found.leaks] == [("meaning", "e0")]
    assert (found.contaminated, found.test, found.train) == (1, 2, 1)
    assert "meaning" in found.compared


def test_sides_without_examples_leak_nothing() -> None:
    assert find_leaks("d", [], asked("x")).leaks == find_leaks("d", asked("x"), []).leaks == ()


# -- splits


def many(**more: object) -> Dataset:
    return dataset_of("d", asked(*sentences(5, 400), **more))


def test_shares_are_what_was_asked_for() -> None:
    splits = draw_splits(many(), held_out=0.2, train=0.5)
    counts = {split: splits.count(split) for split in ("train", "dev", "held-out")}  # type: ignore[arg-type]
    assert counts == pytest.approx({"train": 200, "dev": 120, "held-out": 80}, abs=50)  # five standard deviations


def test_a_larger_share_takes_nobody_back() -> None:
    few, more = (draw_splits(many(), held_out=share) for share in (0.2, 0.4))
    assert all(later == "held-out" for earlier, later in zip(few, more, strict=True) if earlier == "held-out")


def test_near_duplicates_stand_on_one_side() -> None:
    texts = [text for each in sentences(6, 60) for text in (each, changed(each, 1, seed=1), each.upper())]
    data = dataset_of("d", asked(*texts))
    apart = draw_splits(data)
    together = draw_splits(data, near=0.7)
    triples = [set(together[n : n + 3]) for n in range(0, len(texts), 3)]
    assert all(len(each) == 1 for each in triples)
    assert any(len(set(apart[n : n + 3])) > 1 for n in range(0, len(texts), 3))
    assert {"dev", "held-out"} <= set(together)


def test_a_split_that_was_given_stays_and_draws_the_rest_after_it() -> None:
    examples = [Example(id="a", input=LONG, split="train"), Example(id="b", input=f"{LONG}, please?"), *asked("Who?")]
    splits = draw_splits(dataset_of("d", examples), near=0.8, held_out=1)
    assert splits == ["train", "train", "held-out"]
    assert draw_splits(dataset_of("d", examples), near=0.8, held_out=1, anew=True) == ["held-out"] * 3


def test_near_duplicates_that_were_given_two_splits_are_named() -> None:
    examples = [Example(id="a", input=LONG, split="dev"), Example(id="b", input=f"{LONG}, please?", split="held-out")]
    with pytest.raises(DatasetError, match=r"(?s)'a' is dev and 'b' is held-out.*--anew"):
        draw_splits(dataset_of("d", examples), near=0.8)
    with pytest.raises(CallError, match="no shares of one whole"):
        draw_splits(dataset_of("d", examples), held_out=0.7, train=0.7)
