"""Words: what makes two texts speak of the same thing."""

import pytest

from hone.core import words


def test_an_identifier_is_itself_and_its_parts() -> None:
    assert words("os.path.join") == ["os.path.join", "os", "path", "join"]
    assert words("read_text") == ["read_text", "read", "text"]
    assert words("OrderedDict HTTPServer") == ["ordereddict", "order", "dict", "httpserver", "http", "server"]


def test_words_of_no_content_are_left_out() -> None:
    assert words("How do I get the length of a list?") == ["get", "length", "list"]


@pytest.mark.parametrize("form", ["parse", "parses", "parsed", "parsing"])
def test_the_forms_of_a_word_are_one(form: str) -> None:
    assert words(form) == words("parse")


@pytest.mark.parametrize(
    ("one", "other"),
    [("split", "splitting"), ("query", "queries"), ("class", "classes"), ("fix", "fixes"), ("SHA-256", "sha256")],
)
def test_endings_and_spellings_make_no_difference(one: str, other: str) -> None:
    assert words(one) == words(other)


@pytest.mark.parametrize("word", ["is_ok", "class", "status", "this", "ring", "red", "thing"])
def test_short_words_keep_what_only_looks_like_an_ending(word: str) -> None:
    assert words(word)[:1] != [word[:-1]]
    assert words("ring red bring need") == ["ring", "red", "bring", "need"]


def test_numbers_and_other_scripts_are_words_too() -> None:
    assert words("3.14 Größe 東京") == ["3", "14", "größe", "東京"]


def test_a_blob_is_no_word() -> None:
    assert words("key " + "A" * 65) == ["key"]
