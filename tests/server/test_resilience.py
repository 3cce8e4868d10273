"""Retries and breakers over real HTTP: what the caller gets, what the upstreams were asked, what the trace tells."""

import time
from pathlib import Path

import openai
import pytest

from hone.errors import ProjectError
from hone.gateway._breaker import TRIPS_AFTER
from hone.local import House
from hone.testing import Step

MESSAGES = [{"role": "user", "content": "hello"}]


@pytest.fixture
def folder(folder: Path) -> Path:
    toml = (folder / "hone.toml").read_text()
    toml = toml.replace("[models.fast]\n", "[models.fast]\nretries = 2\n")
    (folder / "hone.toml").write_text(toml)
    return folder


@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_that_passes_is_not_seen_by_the_caller(client, upstream, second, spans, stream):
    upstream.script(Step(status=503), Step(status=500), Step(text="third time lucky"))
    answer = client.chat.completions.with_raw_response.create(model="answer", messages=MESSAGES, stream=stream)
    if stream:
        said = "".join(chunk.choices[0].delta.content or "" for chunk in answer.parse() if chunk.choices)
    else:
        said = answer.parse().choices[0].message.content
    assert said == "third time lucky"
    assert second.received == []
    found = spans(answer.headers["x-hone-trace-id"], 4)
    assert [span.status for span in found if span.kind == "llm"] == ["error", "error", "ok"]


def test_a_model_called_by_its_name_and_asked_twice_has_a_root_that_says_how_it_ended(client, upstream, spans):
    upstream.script(Step(status=503), Step(text="now"))
    answer = client.chat.completions.with_raw_response.create(model="fast", messages=MESSAGES)
    root, failed, answered = spans(answer.headers["x-hone-trace-id"], 3)
    assert (root.span_id, root.status) == (answer.headers["x-hone-span-id"], "ok")
    assert [(span.kind, span.status, span.parent_id) for span in (failed, answered)] == [
        ("llm", "error", root.span_id),
        ("llm", "ok", root.span_id),
    ]


def test_after_its_retries_the_next_model_answers(client, upstream, second):
    upstream.script(*[Step(status=500)] * 3)
    second.script(Step(text="from the second"))
    answer = client.chat.completions.create(model="answer", messages=MESSAGES)
    assert answer.choices[0].message.content == "from the second"
    assert len(upstream.received) == 3


def test_a_rate_limit_with_a_short_retry_after_is_waited_for(client, upstream):
    upstream.script(Step(status=429, retry_after=1), Step(text="now"))
    start = time.monotonic()
    answer = client.chat.completions.create(model="fast", messages=MESSAGES)
    assert answer.choices[0].message.content == "now"
    assert time.monotonic() - start >= 1


def test_one_with_a_long_retry_after_goes_to_the_next_model_at_once(client, upstream, second):
    upstream.script(Step(status=429, retry_after=3600))
    second.script(Step(text="from the second"), Step(text="again"))
    assert client.chat.completions.create(model="answer", messages=MESSAGES).choices[0].message.content
    assert client.chat.completions.create(model="answer", messages=MESSAGES).choices[0].message.content == "again"
    assert len(upstream.received) == 1, "it asked to be left alone, and is"


def test_the_callers_own_mistake_is_neither_tried_again_nor_replayed(client, upstream, second):
    upstream.script(Step(status=400, error="bad temperature"))
    with pytest.raises(openai.BadRequestError, match="bad temperature"):
        client.chat.completions.create(model="answer", messages=MESSAGES)
    assert (len(upstream.received), second.received) == (1, [])


def test_a_model_that_keeps_failing_is_passed_over(client, upstream, second):
    upstream.script(*[Step(status=500)] * 50)
    for _ in range(6):
        client.chat.completions.create(model="answer", messages=MESSAGES)
    # Three attempts a call; the breaker opens within the second call, which goes on with its own retries.
    assert TRIPS_AFTER <= len(upstream.received) <= 6
    assert len(second.received) == 6


def test_a_model_that_keeps_cutting_its_streams_is_passed_over(client, upstream, second):
    upstream.script(*[Step(text="one two three", cut_after=3)] * 50)
    for _ in range(TRIPS_AFTER):
        with pytest.raises(openai.APIError):
            list(client.chat.completions.create(model="answer", messages=MESSAGES, stream=True))
    chunks = list(client.chat.completions.create(model="answer", messages=MESSAGES, stream=True))
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert (len(upstream.received), len(second.received)) == (TRIPS_AFTER, 1)


def test_streams_that_end_well_in_between_keep_it_in_use(client, upstream, second):
    for _ in range(TRIPS_AFTER):
        upstream.script(Step(text="one two three", cut_after=3), Step(text="whole"))
        with pytest.raises(openai.APIError):
            list(client.chat.completions.create(model="answer", messages=MESSAGES, stream=True))
        list(client.chat.completions.create(model="answer", messages=MESSAGES, stream=True))
    assert (len(upstream.received), len(second.received)) == (2 * TRIPS_AFTER, 0)


def test_one_that_is_left_alone_is_asked_when_the_others_fail(client, upstream, second):
    upstream.script(Step(status=429, retry_after=3600), Step(text="it is over already"))
    second.script(Step(text="from the second"), Step(status=500))
    assert client.chat.completions.create(model="answer", messages=MESSAGES).choices[0].message.content
    answer = client.chat.completions.create(model="answer", messages=MESSAGES)
    assert answer.choices[0].message.content == "it is over already"
    assert (len(upstream.received), len(second.received)) == (2, 2)


def test_without_another_model_a_failing_one_is_asked_all_the_same(client, upstream):
    upstream.script(*[Step(status=500)] * 9)
    for _ in range(3):
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(model="fast", messages=MESSAGES)
    assert len(upstream.received) == 9
    assert client.chat.completions.create(model="fast", messages=MESSAGES).choices[0].message.content == "hello"


def test_a_slip_in_the_provider_is_said_when_the_project_is_opened(folder: Path) -> None:
    toml = (folder / "hone.toml").read_text()
    (folder / "hone.toml").write_text(toml.replace('use = "extractive/extractive"', 'use = "extractiv/extractive"'))
    with pytest.raises(ProjectError, match="no provider 'extractiv'") as caught:
        House.open(folder)
    assert caught.value.hint == "did you mean `extractive/extractive`?"
