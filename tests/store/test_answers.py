"""Answers that may be used again, in a database of each kind."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from hone.store import CachedAnswer, CachedAnswers

SECOND = 1_000_000_000


@pytest.fixture
def answers(engine: Engine) -> CachedAnswers:
    return CachedAnswers(engine, "parcels")


def answer(address: str, *, task: str = "answer", created: int = 10, seconds: int = 60, **more) -> CachedAnswer:
    more = {"body": b'{"a": "b"}', **more}
    return CachedAnswer(
        address=address, environment="production", task=task, trace_id="t", created=created * SECOND,
        expires=(created + seconds) * SECOND, **more,
    )  # fmt: skip


def test_an_answer_comes_back_as_it_was_kept(answers: CachedAnswers) -> None:
    kept = answer("a", task="nul \0", scope="s", question="half \ud800", vector=b"\x00\x01", body=bytes(range(256)))
    answers.put([kept])
    assert answers.get("a") == kept
    assert answers.get("b") is None


def test_the_last_answer_at_an_address_stays(answers: CachedAnswers) -> None:
    answers.put([answer("a", body=b"old"), answer("a", body=b"new", created=11)])
    answers.put([answer("a", body=b"newest", created=12)])
    found = answers.get("a")
    assert found is not None
    assert (found.body, found.created) == (b"newest", 12 * SECOND)


def test_another_project_sees_none_of_it(engine: Engine, answers: CachedAnswers) -> None:
    answers.put([answer("a", scope="s", question="q", vector=b"")])
    other = CachedAnswers(engine, "letters")
    assert other.get("a") is None
    assert other.asked("s", 0) == []
    assert other.occupied(0) == []
    assert other.clear(None, 99) == 0
    assert answers.get("a") is not None


def test_a_sweep_takes_what_has_expired_and_nothing_else(answers: CachedAnswers) -> None:
    answers.put([answer("old", seconds=5), answer("young", seconds=50)])
    assert answers.sweep(20 * SECOND) == 1
    assert (answers.get("old"), answers.get("young") is None) == (None, False)


def test_a_sweep_is_bounded(answers: CachedAnswers) -> None:
    answers.put([answer(str(number), seconds=5) for number in range(1200)])
    assert [answers.sweep(20 * SECOND) for _ in range(3)] == [1000, 200, 0]


def test_what_was_asked_before_a_clearing_is_not_written_after_it(answers: CachedAnswers) -> None:
    answers.put([answer("a"), answer("b", task="other")])
    assert answers.clear("answer", 20 * SECOND) == 1
    answers.put([answer("late", created=19), answer("new", created=21), answer("c", task="other")])
    assert [answers.get(each) is not None for each in ("a", "late", "new", "b", "c")] == [
        False,
        False,
        True,
        True,
        True,
    ]
    assert answers.clear(None, 30 * SECOND) == 3
    answers.put([answer("later", created=29, task="other")])
    assert answers.get("later") is None
    assert answers.cleared() == {"answer": 20 * SECOND, "*": 30 * SECOND}


def test_what_is_kept_is_told_by_task(answers: CachedAnswers) -> None:
    answers.put([answer("a"), answer("b", created=12), answer("c", task=""), answer("gone", seconds=1)])
    found = answers.occupied(15 * SECOND)
    assert [(each.task, each.entries, each.oldest, each.newest) for each in found] == [
        ("", 1, 10 * SECOND, 10 * SECOND),
        ("answer", 2, 10 * SECOND, 12 * SECOND),
    ]
    assert all(each.bytes > 0 for each in found)


def test_questions_of_a_scope_newest_first(answers: CachedAnswers) -> None:
    answers.put([answer(name, scope="s", question=name, vector=b"v", created=at) for name, at in (("a", 1), ("b", 2))])
    answers.put([answer("elsewhere", scope="other", question="x", vector=b"v"), answer("exact")])
    assert [each.question for each in answers.asked("s", 0)] == ["b", "a"]
    assert [each.question for each in answers.asked("s", 1 * SECOND)] == ["b"]


def test_many_writers_at_one_address_do_not_fail(answers: CachedAnswers) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda at: answers.put([answer("a", created=at), answer(f"{at}")]), range(1, 30)))
    assert answers.get("a") is not None
