"""What changed between two texts, in words."""

from hypothesis import given
from hypothesis import strategies as st

from hone.prompts import Change, diff


def test_a_changed_word_stands_between_what_stayed() -> None:
    assert diff("Be very kind.", "Be quite kind.").changes == [
        Change("same", "Be "),
        Change("removed", "very"),
        Change("added", "quite"),
        Change("same", " kind."),
    ]


def test_equal_texts_have_no_difference() -> None:
    assert diff("a b", "a b").equal
    assert diff("", "").equal
    assert not diff("a", "").equal


@given(st.text("ab \n.", max_size=30), st.text("ab \n.", max_size=30))
def test_both_texts_can_be_read_from_their_difference(old: str, new: str) -> None:
    changes = diff(old, new).changes
    assert "".join(each.text for each in changes if each.kind != "added") == old
    assert "".join(each.text for each in changes if each.kind != "removed") == new
