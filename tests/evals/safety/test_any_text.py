"""Whatever a model writes, these evaluators say something that fits, and none of them fails."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.datasets import Example
from hone.evals import Answer, make
from hone.evals.metrics.safety._fold import folded, spellings
from hone.evals.metrics.safety._personal import personal

TEXTS = st.text() | st.text("ab1 .,-@+()*!$#'\n4111ІіÄ\u200b", max_size=80)


@pytest.mark.parametrize("name", ["pii", "toxicity", "is-refusal", "honest", "supported", "repetition", "distinct"])
def test_any_text_is_judged(name: str) -> None:
    (evaluator,) = make([name])

    @given(TEXTS, TEXTS)
    def check(text: str, source: str) -> None:
        found = list(evaluator.judge(Example(input="q", context=source), Answer(text=text)))  # type: ignore[arg-type]
        for each in found:
            assert isinstance(each.value, bool) or each.value >= 0  # type: ignore[operator]
            assert name in ("pii", "toxicity") or each.value <= 1  # type: ignore[operator]

    check()


@given(TEXTS)
def test_pieces_of_personal_data_lie_apart_and_are_what_stands_there(text: str) -> None:
    found = personal(text)
    assert all(text[each.start : each.end] == each.text for each in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


@given(st.lists(st.from_regex(r"[a-z]{2,9}", fullmatch=True), min_size=1))
def test_plain_words_are_spelled_as_they_stand(words: list[str]) -> None:
    text = " ".join(words)
    assert [each[0] for each in spellings(folded(text))] == words
