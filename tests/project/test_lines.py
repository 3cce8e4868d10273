"""Where each key of a TOML text stands."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.project._lines import lines_of

TEXT = """\
# a comment with [brackets] and key = 1
top = "a # no comment"   # one

[table]            # behind a header
bare-key = 1
"quoted.key" = 2
'literal "key"' = 3
"esc\\u0061ped" = 4
dotted . "two words".three = 5

many = \"\"\"
[not.a.table]
nor = "a key"
\\"\"\" still inside
\"\"\"
lit = '''
nor = 'here'
'''
[ table . "sub.table" ]
inline = { a = 1, b = { c = "}" }, d = [ { e = 1 }, { e = 2 } ] }
array = [
  "x]",  # a comment, with a comma
  "y",
  [ 1,
    2 ],
]
[[list]]
name = "first"
[[list]]
name = "second"
[list.child]
key = 2026-11-21T10:00:00Z
"""

EXPECTED = {
    "top": 2,
    "table": 4,
    "table/bare-key": 5,
    "table/quoted.key": 6,
    'table/literal "key"': 7,
    "table/escaped": 8,
    "table/dotted/two words/three": 9,
    "table/many": 11,
    "table/lit": 16,
    "table/sub.table": 19,
    "table/sub.table/inline/b/c": 20,
    "table/sub.table/inline/d/1/e": 20,
    "table/sub.table/array": 21,
    "table/sub.table/array/0": 22,
    "table/sub.table/array/1": 23,
    "table/sub.table/array/2/1": 25,
    "list/0/name": 28,
    "list/1/name": 30,
    "list/1/child/key": 32,
}


@pytest.mark.parametrize(("path", "line"), EXPECTED.items())
def test_a_key_is_found_on_its_line(path: str, line: int) -> None:
    assert lines_of(TEXT)[tuple(path.split("/"))] == line


def paths(value: Any, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    here = {path} if path else set()
    return here.union(*(paths(item, (*path, str(key))) for key, item in items))


def test_exactly_the_paths_that_the_parser_sees_have_a_line() -> None:
    assert set(lines_of(TEXT)) == paths(tomllib.loads(TEXT))


_KEYS = st.one_of(
    st.from_regex(r"[a-z_-]{1,3}", fullmatch=True),
    st.text(st.characters(codec="utf-8", exclude_characters="'", exclude_categories=["C", "Zl", "Zp"])).map(
        "'{}'".format
    ),
)
_STRINGS = ["''", '"# ]"', '"\\"}"', '"""\na = 1\n"""', "'''\n[x]\n'''", '"""a""\\""""']
_VALUES = st.recursive(
    st.sampled_from([*_STRINGS, "1", "-0.5e3", "true", "1979-05-27 07:32:00"]),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: "[ # c]\n" + ",\n".join(items) + "\n]"),
    max_leaves=4,
)


@given(st.lists(st.tuples(_KEYS, _VALUES), max_size=6, unique_by=lambda pair: pair[0].strip("'")))
def test_any_document_is_followed_to_its_end(pairs: list[tuple[str, str]]) -> None:
    text = "".join(f"{key} = {value} # comment\n" for key, value in pairs)
    lines = lines_of(text)
    assert set(lines) == paths(tomllib.loads(text))
    for path, line in lines.items():
        if len(path) == 1:
            assert text.split("\n")[line - 1].startswith((path[0], f"'{path[0]}'"))
