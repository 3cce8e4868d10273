"""The nouns' few rules: ids, JSON texts, money, intervals."""

import math
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hone import core
from hone.core import Price, Usage, cost_of, from_json, text_in, to_json, wilson

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(json_values)
def test_any_plain_value_comes_back_equal(value):
    assert from_json(to_json(value)) == value


@dataclass
class Node:
    parent: Any = None
    children: list[Any] = field(default_factory=list)


class Silent:
    def __repr__(self) -> str:
        raise ZeroDivisionError


def test_objects_that_hold_themselves_are_cut():
    ring: list[Any] = ["kept"]
    ring.append(ring)
    assert from_json(to_json(ring)) == ["kept", "<circular>"]
    root = Node()
    root.children.append(Node(parent=root))
    assert from_json(to_json(root)) == {"parent": None, "children": [{"parent": "<circular>", "children": []}]}


def test_a_graph_in_which_all_know_all_is_cut_soon():
    nodes = [Node() for _ in range(30)]
    for node in nodes:
        node.children = nodes
    assert len(to_json(nodes)) < 10_000_000


def test_what_is_nested_too_deep_is_cut():
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert "<cut>" in to_json(deep)


def test_an_object_that_will_not_be_written_is_named():
    assert "Silent: its repr failed with ZeroDivisionError" in to_json({"x": [Silent()]})
    assert "Silent" in to_json({"x": Silent(), "lone": "\ud800"})
    assert from_json(to_json({"x": 10**5000, "y": 1})) is not None


def test_the_words_of_a_json_text_are_its_strings():
    assert text_in('[{"role": "user", "content": "line\\none"}, 7]') == "user\nline\none"
    assert text_in("not json") == "not json"
    assert text_in(None) == ""


def test_ids_are_valid_and_order_by_time():
    assert core.valid_trace_id(core.new_trace_id())
    assert core.valid_span_id(core.new_span_id())
    assert not core.valid_trace_id("0" * 32)
    assert not core.valid_span_id("XYZ")
    assert len({core.new_id() for _ in range(1000)}) == 1000


def test_cached_tokens_are_billed_once_at_their_own_price():
    price = Price(input=10.0, output=30.0, cache_read=1.0, cache_write=12.0)
    usage = Usage(input=1000, output=100, cache_read=600, cache_write=200)
    assert cost_of(price, usage) == pytest.approx((200 * 10 + 600 * 1 + 200 * 12 + 100 * 30) / 1e6)


def test_unknown_stays_unknown():
    assert cost_of(None, Usage(input=1, output=1)) is None
    assert cost_of(Price(input=1, output=1), Usage(input=1)) is None


def test_the_interval_of_a_rate_is_wilsons():
    for successes, n in [(0, 10), (1, 10), (7, 10), (10, 10), (970, 1000)]:
        expected = stats.binomtest(successes, n).proportion_ci(method="wilson")
        found = wilson(successes, n)
        assert math.isclose(found.low, expected.low, abs_tol=1e-12)
        assert math.isclose(found.high, expected.high, abs_tol=1e-12)
    with pytest.raises(ValueError, match="not a rate"):
        wilson(1, 0)


def test_a_forked_process_gives_out_ids_of_its_own() -> None:
    code = """
import os
from hone.core import new_span_id, new_trace_id
new_span_id()
child = os.fork()
os.write(1, (new_trace_id() + "\\n").encode())
if child:
    os.waitpid(child, 0)
"""
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert len(said) == len(set(said)) == 2
