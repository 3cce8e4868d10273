"""Vectors that are kept: the same ones as without keeping, and no more than a bound of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hone.providers._remembering import Remembering


class Counting:
    """Makes a vector of a text's length and first letter, and notes what it was asked."""

    sha256 = "counting"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.append(list(texts))
        return np.array([[len(text), ord(text[0])] for text in texts], np.float32)


def test_only_new_texts_are_read_and_each_once() -> None:
    inner = Counting()
    model = Remembering(inner)
    first = model.embed(["one", "three", "one"])
    assert first.tolist() == [[3, 111], [5, 116], [3, 111]]
    assert model.embed(["three", "seven"]).tolist() == [[5, 116], [5, 115]]
    assert inner.asked == [["one", "three"], ["seven"]]
    assert model.sha256 == "counting"


def test_what_was_not_used_for_longest_goes_first() -> None:
    inner = Counting()
    model = Remembering(inner, most=2)
    model.embed(["a", "b"])
    model.embed(["a"])
    model.embed(["c"])
    model.embed(["a", "c"])
    assert inner.asked == [["a", "b"], ["c"]]
    model.embed(["b"])
    assert inner.asked[-1] == ["b"]


def test_a_question_with_more_texts_than_are_kept_is_answered() -> None:
    assert len(Remembering(Counting(), most=1).embed(["a", "b", "c"])) == 3
