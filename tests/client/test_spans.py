"""`hone.trace` and `hone.span`: what an application's own code looks like as spans."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

import hone
from hone import client
from hone.core import Span, from_json


class Listener:
    """A connection that keeps what it is given."""

    project = "app"

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def record(self, spans) -> None:
        self.spans += spans

    def flush(self, timeout: float) -> bool:
        return True

    def close(self) -> None: ...

    def named(self, name: str) -> Span:
        (span,) = [span for span in self.spans if span.name.endswith(name)]
        return span


@pytest.fixture
def heard() -> Iterator[Listener]:
    listener = Listener()
    client.connect(listener)
    yield listener
    client.disconnect()


def test_a_traced_function_is_a_span_with_its_arguments_and_result(heard):
    @hone.trace
    def add(a: int, b: int = 2) -> int:
        return a + b

    assert add(1) == 3
    (span,) = heard.spans
    assert span.name.endswith("add")
    assert from_json(span.input) == {"a": 1}
    assert from_json(span.output) == 3
    assert span.status == "ok"
    assert span.end >= span.start


def test_spans_inside_each_other_share_a_trace(heard):
    with hone.span("outer"), hone.span("inner", query="q") as step:
        step.output = ["a", "b"]
        step.attributes["index"] = "v3"
    inner, outer = heard.named("inner"), heard.named("outer")
    assert inner.parent_id == outer.span_id
    assert inner.trace_id == outer.trace_id
    assert outer.parent_id is None
    assert from_json(inner.output) == ["a", "b"]
    assert inner.attributes == {"index": "v3"}


def test_spans_beside_each_other_do_not(heard):
    with hone.span("first"):
        pass
    with hone.span("second"):
        pass
    assert heard.named("first").trace_id != heard.named("second").trace_id


def test_an_exception_is_recorded_and_goes_on(heard):
    @hone.trace
    def fail() -> None:
        raise ValueError("no\nluck")

    with pytest.raises(ValueError, match="luck"):
        fail()
    (span,) = heard.spans
    assert (span.status, span.error) == ("error", "ValueError: no luck")


async def test_async_code_keeps_its_own_parents(heard):
    @hone.trace
    async def child(name: str) -> str:
        async with hone.span(f"step {name}"):
            await asyncio.sleep(0.01)
        return name

    @hone.trace
    async def parent(name: str) -> list[str]:
        return await asyncio.gather(child(f"{name}1"), child(f"{name}2"))

    await asyncio.gather(parent("a"), parent("b"))
    by_id = {span.span_id: span for span in heard.spans}
    steps = [span for span in heard.spans if span.name.startswith("step")]
    assert len(steps) == 4
    for step in steps:
        above = by_id[by_id[step.parent_id].parent_id]
        assert above.trace_id == step.trace_id
        assert from_json(above.input)["name"] == step.name[5]


async def test_cancellation_is_not_an_error(heard):
    @hone.trace
    async def wait() -> None:
        await asyncio.sleep(60)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert heard.spans[0].status == "cancelled"


def test_a_generator_is_one_span_of_all_it_yields(heard):
    @hone.trace
    def count(n: int):
        for number in range(n):
            with hone.span(f"item {number}"):
                yield number

    seen = []
    for number in count(2):
        with hone.span(f"caller {number}"):
            seen.append(number)
    assert seen == [0, 1]
    whole = heard.named("count")
    assert from_json(whole.output) == [0, 1]
    assert heard.named("caller 0").parent_id is None  # the caller's code is not inside the generator


async def test_an_async_generator_is_too(heard):
    @hone.trace(name="numbers", kind="tool")
    async def count(n: int):
        for number in range(n):
            yield number

    assert [number async for number in count(3)] == [0, 1, 2]
    (span,) = heard.spans
    assert (span.name, span.kind) == ("numbers", "tool")
    assert from_json(span.output) == [0, 1, 2]


def test_a_generator_left_early_is_recorded(heard):
    @hone.trace
    def forever():
        while True:
            yield 1

    items = forever()
    next(items)
    items.close()
    assert from_json(heard.spans[0].output) == [1]
    assert heard.spans[0].status == "ok"


def test_threads_begin_their_own_traces(heard):
    with hone.span("main"):
        thread = threading.Thread(target=lambda: hone.span("other").__enter__().__exit__(None, None, None))
        thread.start()
        thread.join()
    assert heard.named("other").parent_id is None


def test_what_is_no_json_is_written_as_text(heard):
    class Thing:
        def __repr__(self) -> str:
            return "<a thing>"

    with hone.span("odd", thing=Thing(), bad="\ud800", nested={1: {2, 3}}) as step:
        step.output = float("nan")
    span = heard.spans[0]
    assert from_json(span.input)["thing"] == "<a thing>"
    assert from_json(span.input)["bad"] == "\ud800"


def test_a_connection_that_fails_does_not_break_the_program(caplog):
    class Broken(Listener):
        def record(self, spans) -> None:
            raise OSError("disk full")

    client.connect(Broken())
    with hone.span("fine"):
        pass
    assert "is not recorded" in caplog.text
    client.disconnect()


def test_the_wrapped_function_keeps_its_name_and_fails_like_itself(heard):
    @hone.trace
    def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    assert (add.__name__, add.__doc__) == ("add", "Adds.")
    with pytest.raises(TypeError, match="missing 1 required"):
        add(1)
