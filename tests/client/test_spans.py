"""`hone.trace` and `hone.span`: what an application's own code looks like as spans."""

import asyncio
import contextvars
import threading
from collections.abc import Iterator

import pytest

import hone
from hone import client
from hone.client import _trace
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


def test_arguments_that_cannot_be_written_do_not_break_the_call(heard):
    class Silent:
        def __repr__(self) -> str:
            raise ZeroDivisionError

    @hone.trace
    def look(thing: object) -> str:
        return "fine"

    ring: list[object] = []
    ring.append(ring)
    assert [look(ring), look(Silent())] == ["fine", "fine"]
    assert len(heard.spans) == 2


def test_attributes_may_be_any_object(heard):
    with hone.span("odd") as step:
        step.attributes["kinds"] = {1, 2}
        step.attributes["thing"] = Ellipsis
    assert heard.spans[0].attributes == {"kinds": [1, 2], "thing": "Ellipsis"}


def test_an_error_without_words_is_recorded(heard):
    class Mute(Exception):
        def __str__(self) -> str:
            raise ZeroDivisionError

    with pytest.raises(Mute), hone.span("fails"):
        raise Mute
    assert heard.spans[0].error == "Mute"


def test_a_span_may_end_in_another_context_than_it_began_in(heard):
    step = hone.span("wanders")
    contextvars.copy_context().run(step.__enter__)
    contextvars.copy_context().run(step.__exit__, None, None, None)
    assert heard.named("wanders").status == "ok"


def test_a_model_call_says_what_it_used(heard):
    with hone.span("ask", kind="llm") as step:
        step.model, step.provider = "gpt-4o", "openai"
        step.input_tokens, step.output_tokens, step.cost = 10, 20, 0.5
    (span,) = heard.spans
    assert (span.model, span.provider, span.input_tokens, span.output_tokens, span.cost) == (
        "gpt-4o", "openai", 10, 20, 0.5,
    )  # fmt: skip


def conversation():
    """Answers what it is sent, forgives what is thrown, returns a word."""
    got = yield "begin"
    while got != "end":
        try:
            got = yield f"got {got}"
        except ValueError as error:
            got = f"thrown {error}"
    return "bye"


def test_a_traced_generator_takes_what_is_sent_and_thrown(heard):
    items = hone.trace(conversation)()
    said = [next(items), items.send("a"), items.throw(ValueError("b"))]
    assert said == ["begin", "got a", "got thrown b"]
    with pytest.raises(StopIteration) as stop:
        items.send("end")
    assert stop.value.value == "bye"
    assert from_json(heard.spans[0].output) == said


def test_closing_a_traced_generator_closes_the_one_inside(heard):
    order = []

    @hone.trace
    def items():
        try:
            yield 1
        finally:
            order.append("closed")

    made = items()
    next(made)
    made.close()
    order.append("after")
    assert order == ["closed", "after"]


async def test_a_traced_async_generator_takes_what_is_sent_and_thrown(heard):
    @hone.trace
    async def echo():
        got = yield "begin"
        while True:
            try:
                got = yield f"got {got}"
            except ValueError as error:
                got = f"thrown {error}"

    items = echo()
    said = [await anext(items), await items.asend("a"), await items.athrow(ValueError("b"))]
    assert said == ["begin", "got a", "got thrown b"]
    await items.aclose()
    assert from_json(heard.spans[0].output) == said


async def test_closing_a_traced_async_generator_waits_for_the_one_inside(heard):
    order = []

    @hone.trace
    async def items():
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            order.append("closed")

    made = items()
    await anext(made)
    await made.aclose()
    order.append("after")
    assert order == ["closed", "after"]
    assert heard.spans[0].status == "ok"


async def test_of_many_items_the_first_are_kept_and_the_others_counted(heard, monkeypatch):
    monkeypatch.setattr(_trace, "MOST_ITEMS", 3)

    @hone.trace
    def count():
        yield from range(10)

    @hone.trace
    async def count_slowly():
        for number in range(10):
            yield number

    assert list(count()) == [number async for number in count_slowly()] == list(range(10))
    for span in heard.spans:
        assert from_json(span.output) == [0, 1, 2]
        assert span.attributes == {"hone.more_items": 7}
