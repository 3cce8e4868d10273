"""Which variant a call gets."""

from collections import Counter

import pytest

from hone.gateway._pick import pick

SESSIONS = [f"answer\0session-{number}" for number in range(20_000)]


def shares(weights: dict[str, float]) -> dict[str, float]:
    found = Counter(pick(weights, key) for key in SESSIONS)
    return {variant: found[variant] / len(SESSIONS) for variant in weights}


@pytest.mark.parametrize(
    "weights", [{"a": 1.0}, {"a": 0.5, "b": 0.5}, {"a": 0.95, "b": 0.05}, {"a": 0.6, "b": 0.3, "c": 0.1}]
)
def test_sessions_are_shared_out_as_the_release_says(weights: dict[str, float]) -> None:
    # Four standard errors of a share of one half; the hash is fixed, so the outcome is too.
    assert shares(weights) == pytest.approx(weights, abs=4 * (0.25 / len(SESSIONS)) ** 0.5)


def test_a_session_keeps_its_variant_whatever_the_order_of_the_release() -> None:
    for key in SESSIONS[:100]:
        assert pick({"a": 0.5, "b": 0.3, "c": 0.2}, key) == pick({"c": 0.2, "a": 0.5, "b": 0.3}, key)


def test_a_growing_share_moves_sessions_into_it_and_none_between_the_others() -> None:
    before = {key: pick({"a": 0.6, "b": 0.35, "c": 0.05}, key) for key in SESSIONS}
    grown = 0.5 / 0.95  # c grows to one half, a and b shrink alike
    after = {key: pick({"a": 0.6 * grown, "b": 0.35 * grown, "c": 0.5}, key) for key in SESSIONS}
    moved = {(before[key], after[key]) for key in SESSIONS if before[key] != after[key]}
    assert moved == {("a", "c"), ("b", "c")}


def test_a_new_variant_takes_sessions_and_leaving_gives_them_back() -> None:
    alone = {key: pick({"a": 0.5, "b": 0.5}, key) for key in SESSIONS}
    joined = {key: pick({"a": 0.45, "b": 0.45, "new": 0.1}, key) for key in SESSIONS}
    assert all(joined[key] in (alone[key], "new") for key in SESSIONS)


def test_tasks_do_not_share_their_luck() -> None:
    weights = {"a": 0.5, "b": 0.5}
    same = sum(pick(weights, f"one\0{number}") == pick(weights, f"two\0{number}") for number in range(10_000))
    assert same == pytest.approx(5_000, abs=200)


def test_a_call_without_a_session_is_drawn_at_random() -> None:
    found = Counter(pick({"a": 0.9, "b": 0.1}, None) for _ in range(10_000))
    assert found["b"] == pytest.approx(1_000, abs=300)  # ten standard deviations


def test_a_variant_without_a_share_is_never_picked() -> None:
    assert {pick({"a": 0.0, "b": 1.0}, key) for key in [*SESSIONS[:1000], None]} == {"b"}
    with pytest.raises(ValueError, match="no variant has a share"):
        pick({"a": 0.0}, "key")


def test_any_text_can_be_a_session() -> None:
    assert pick({"a": 0.5, "b": 0.5}, "half a pair \ud800 and \0") in ("a", "b")
