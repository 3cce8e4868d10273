"""The cache alone: a database that is slow, memory that is full, answers that are odd."""

import asyncio
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from hone.core import Usage
from hone.errors import StoreError
from hone.gateway import Cache
from hone.gateway._memory import Memory
from hone.gateway._place import Place
from hone.gateway._replay import as_body, as_events, complete
from hone.providers import Model, _wire
from hone.providers._minilm import minilm
from hone.store import CachedAnswer, CachedAnswers, open_database

NOW = 1_700_000_000_000_000_000


def answer(address: str, body: bytes = b"{}") -> CachedAnswer:
    return CachedAnswer(
        address=address, environment="production", task="answer", body=body, trace_id="t", created=NOW,
        expires=NOW + 10**12,
    )  # fmt: skip


def place(address: str) -> Place:
    model = Model(alias="m", provider="fake", name="m")
    return Place(address=address, environment="production", task="answer", model=model, body={}, seconds=60)


class Slow(CachedAnswers):
    """A database that takes its time."""

    seconds = 0.0
    asked = 0

    def get(self, address: str) -> CachedAnswer | None:
        self.asked += 1
        time.sleep(self.seconds)
        return super().get(address)


class Broken(CachedAnswers):
    def get(self, address: str) -> CachedAnswer | None:
        raise StoreError("no disk")

    def cleared(self) -> dict[str, int]:
        raise StoreError("no disk")

    def put(self, answers: object) -> None:
        raise StoreError("no disk")


@pytest.fixture
def sqlite(tmp_path: Path):
    engine = open_database(f"sqlite:///{tmp_path / 'hone.db'}")
    yield engine
    engine.dispose()


async def test_a_slow_database_holds_up_one_call_for_a_moment_and_the_next_not_at_all(sqlite: Engine) -> None:
    kept = Slow(sqlite, "p")
    kept.put([answer("a")])
    cache = Cache(kept, lambda: NOW + 1, minilm)
    assert await cache.find(place("b")) is None  # opens the connection
    kept.seconds = 0.6
    start = time.monotonic()
    assert await cache.find(place("a")) is None
    assert time.monotonic() - start < 0.4
    asked = kept.asked
    assert await cache.find(place("a")) is None
    assert kept.asked == asked
    kept.seconds = 0.0
    await asyncio.sleep(1.1)
    assert await cache.find(place("a")) is not None
    cache.close()


async def test_a_broken_database_is_a_miss_and_memory_goes_on(sqlite: Engine, caplog: pytest.LogCaptureFixture) -> None:
    cache = Cache(Broken(sqlite, "p"), lambda: NOW + 1, minilm)
    assert await cache.find(place("a")) is None
    cache.keep(answer("a"))
    assert await cache.find(place("a")) == answer("a")
    cache.close()
    assert "1 answers could not be kept for later calls: no disk" in caplog.text


async def test_an_answer_that_is_too_large_is_not_kept(sqlite: Engine) -> None:
    cache = Cache(CachedAnswers(sqlite, "p"), lambda: NOW + 1, minilm)
    cache.keep(answer("a", b"x" * 5_000_000))
    assert await cache.find(place("a")) is None
    cache.close()


def test_memory_forgets_what_was_not_used_for_longest() -> None:
    memory = Memory(4_500)
    for name in ("a", "b", "c", "d"):
        memory.put(answer(name))
    assert memory.get("a") is not None
    memory.put(answer("e"))
    assert [name for name in "abcde" if memory.get(name)] == ["a", "c", "d", "e"]
    memory.put(answer("f", b"x" * 3_000))
    assert [name for name in "abcdef" if memory.get(name)] == ["f"]
    memory.put(answer("g", b"x" * 9_000))
    assert [name for name in "abcdefg" if memory.get(name)] == []


# -- whole and stream

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(TEXTS, st.none() | TEXTS)
def test_an_answer_told_as_a_stream_is_the_same_answer(text: str, thought: str | None) -> None:
    message = {"role": "assistant", "content": text} | ({"reasoning_content": thought} if thought else {})
    body = _wire.completion("m", text, Usage(input=3, output=2), message=message, id="c")
    assert complete(body)
    again = as_body(b"".join(as_events(body, usage=False)), Usage(input=3, output=2))
    assert again is not None
    assert msgspec.json.decode(again) == msgspec.json.decode(body)


def completion(**choice: object) -> bytes:
    known = {"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}
    return msgspec.json.encode({"id": "c", "choices": [known | choice]})


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b'{"choices": []}', b'{"choices": [{}]}', b'{"choices": {"a": 1}}',
        completion(message=None), completion(message="yes"), completion(message={"tool_calls": ["look"]}),
        completion(finish_reason=None), completion(finish_reason="length"), completion(finish_reason=["stop"]),
        completion().replace(b"yes", b"\\ud800"),
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_not_used_again(body: bytes) -> None:
    assert not complete(body)


def test_log_probabilities_go_along() -> None:
    body = completion(message={"role": "assistant", "content": "a b"}, logprobs={"content": [1, 2]})
    assert complete(body)
    choices = [msgspec.json.decode(event[6:])["choices"][0] for event in as_events(body, usage=True)[:-1]]
    assert [(each["delta"].get("content"), each.get("logprobs")) for each in choices] == [
        (None, None), ("a b", {"content": [1, 2]}), (None, None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "event",
    [
        b"{", b"[]", b'{"choices": 3}', b'{"choices": ["x"]}', b'{"choices": [{"index": 1, "delta": {}}]}',
        b'{"choices": [{"index": 0, "delta": {"thinking_blocks": [{"signature": "s"}]}}]}',
        b'{"choices": [{"index": 0, "delta": {"content": "x"}, "logprobs": {"content": []}}]}',
        b'{"choices": [{"index": 0, "delta": {"tool_calls": [{"id": "no index"}]}}]}', b"\xff",
    ],
)  # fmt: skip
def test_a_stream_that_cannot_be_put_together_safely_is_not(event: bytes) -> None:
    stream = b"".join(_wire.chunks("m", ["yes"], None))
    assert as_body(stream, Usage()) is not None
    assert as_body(_wire.event(event) + stream, Usage()) is None
