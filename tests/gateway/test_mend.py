"""Mending: JSON is never changed, what stands around it goes, nothing is made up."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.gateway._mend import find, problem

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXTS, below, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=4)
INDENTS = st.sampled_from([None, 0, 2])
PROSE = st.text("abc .,:;'!?\n", max_size=30)


@given(VALUES, INDENTS, st.booleans(), st.sampled_from(["", " ", "\n\n"]))
def test_json_is_never_changed(value, indent, ascii_only, around) -> None:
    text = around + json.dumps(value, indent=indent, ensure_ascii=ascii_only) + around
    found = find(text)
    assert found is not None
    assert (found.text, found.value, found.how) == (text, value, ())


@given(OBJECTS, INDENTS, PROSE, PROSE)
def test_one_object_in_prose_is_found_as_it_stands(value, indent, before, after) -> None:
    text = json.dumps(value, indent=indent)
    found = find(f"{before}x {text} x{after}")
    assert found is not None
    assert (found.text, found.value, found.how) == (text, value, ("text around",))


@given(VALUES, INDENTS, PROSE, PROSE, st.sampled_from(["", "json", "JSON5"]))
def test_a_fence_is_taken_off(value, indent, before, after, language) -> None:
    text = json.dumps(value, indent=indent)
    found = find(f"{before}x\n```{language}\n{text}\n```\n{after}")
    assert found is not None
    assert (found.text, found.value, found.how) == (text, value, ("fence",))


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_commas_too_many_go_and_strings_stay(values) -> None:
    text = json.dumps(values)
    found = find(f"{text[:-1]} ,\n]")
    assert found is not None
    assert (found.value, found.how) == (values, ("trailing commas",))


@given(st.text('{}[]",:\\ \n`a1', max_size=60))
def test_what_is_found_was_there(text) -> None:
    found = find(text)
    if found is not None:
        assert json.loads(found.text) == found.value
        left = iter(text)
        assert all(character in left for character in found.text), "something was added or moved"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "no braces at all",
        "{'city': 'Bern'}",
        '{"city": Bern}',
        '{"city": "Bern"',
        '{"a": 1} or {"a": 2}',
        "[,]",
        '{"a": ,}',
        "[1,,]",
        "NaN",
        '{"a": Infinity}',
        '{"a": "\\ud800"}',
        "```\n[1]\n```\n```\n[2]\n```",
    ],
)
def test_nothing_is_guessed(text) -> None:
    assert find(text) is None
    assert problem(text)


def test_brackets_and_braces_in_strings_are_text() -> None:
    text = '{"a": "}, ] {", "b": "\\"{"}'
    found = find(f"so: {text}.")
    assert found is not None and found.text == text


def test_a_note_in_brackets_beside_an_object_is_no_second_answer() -> None:
    found = find('See [1]. {"a": 1}')
    assert found is not None and found.value == {"a": 1}


def test_numbers_have_no_limit() -> None:
    found = find("123456789012345678901234567890")
    assert found is not None and found.value == 123456789012345678901234567890


@pytest.mark.parametrize(
    "text",
    ["{" * 400_000, '{"' + '\\"' * 200_000, '"{' * 200_000, '{"a":1,' * 60_000, ",]" * 200_000, "```\n" * 100_000],
)
def test_an_odd_text_takes_no_time(text) -> None:
    start = time.thread_time()
    find(text)
    assert time.thread_time() - start < 2
