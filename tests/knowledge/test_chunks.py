"""Chunks: a text is cut where a reader would cut it."""

from hypothesis import given
from hypothesis import strategies as st

from hone.knowledge._chunk import chunks_of

_texts = st.text(st.sampled_from("ab c.\n!?é"), max_size=400)


@given(_texts, st.integers(1, 60))
def test_no_chunk_is_over_the_size_and_no_word_is_lost(text: str, size: int) -> None:
    made = chunks_of(text, size)
    assert all(0 < len(piece) <= size for piece in made)
    assert "".join("".join(made).split()) == "".join(text.split())


@given(_texts, st.integers(2, 60), st.data())
def test_an_overlap_counts_into_the_size(text: str, size: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(1, size - 1))
    assert all(len(piece) <= size for piece in chunks_of(text, size, overlap))


def test_short_paragraphs_share_a_chunk() -> None:
    assert chunks_of("One.\n\nTwo.\n\nThree.", 12) == ["One.\n\nTwo.", "Three."]


def test_a_paragraph_stays_whole_while_it_fits() -> None:
    first, second = "The first paragraph.", "The second, which is as long."
    assert chunks_of(f"{first}\n\n{second}", 35) == [first, second]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    text = "Parcels travel by night. They arrive at noon. Nobody knows why."
    assert chunks_of(text, 46) == ["Parcels travel by night. They arrive at noon.", "Nobody knows why."]


def test_a_long_sentence_is_cut_between_words_and_a_long_word_anywhere() -> None:
    assert chunks_of("alpha beta gamma", 11) == ["alpha beta", "gamma"]
    assert chunks_of("abcdefgh", 3) == ["abc", "def", "gh"]


def test_each_chunk_repeats_the_last_words_of_the_one_before() -> None:
    assert chunks_of("alpha beta gamma delta", 17, 6) == ["alpha beta", "beta\ngamma delta"]


def test_nothing_makes_no_chunk() -> None:
    assert chunks_of(" \n\n ", 100) == []
