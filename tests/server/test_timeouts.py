"""Every time limit over real HTTP: which one was passed is said, and what a model says wins over its task."""

import time
from pathlib import Path

import openai
import pytest

from hone.testing import Step

MESSAGES = [{"role": "user", "content": "one two three four five six seven eight"}]
TASKS = """
[models.hurried]
use = "openai-compatible/small"
base_url = "{url}"
timeout = {{ whole = "300ms", first = "300ms" }}

[models.brief]
use = "openai-compatible/small"
base_url = "{url}"
retries = 5
timeout = {{ total = "600ms" }}

[tasks.whole]
models = ["fast", "backup"]
timeout = {{ whole = "300ms" }}

[tasks.first]
models = ["fast", "backup"]
timeout = {{ first = "300ms" }}

[tasks.between]
models = ["fast"]
timeout = {{ first = "20s", between = "300ms" }}

[tasks.total]
models = ["fast", "backup"]
timeout = {{ total = "500ms" }}

[tasks.patient]
models = ["hurried", "backup"]
timeout = "20s"
"""


@pytest.fixture
def folder(folder: Path, upstream) -> Path:
    with (folder / "hone.toml").open("a") as file:
        file.write(TASKS.format(url=upstream.url))
    return folder


def said(client, model: str, *, stream: bool) -> str:
    answer = client.chat.completions.create(model=model, messages=MESSAGES, stream=stream)
    if stream:
        return "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)
    return answer.choices[0].message.content


def test_a_whole_answer_that_takes_too_long_is_given_by_the_next_model(client, upstream, second, spans):
    upstream.script(Step(latency=30))
    second.script(Step(text="from the second"))
    assert said(client, "whole", stream=False) == "from the second"
    failed = next(span for span in spans(at_least=3) if span.error)
    assert failed.error == "UpstreamTimeout: fast did not answer within 0.3 s (timeout.whole)"


def test_a_stream_without_a_token_in_time_is_given_by_the_next_model(client, upstream, second, spans):
    # Each piece comes soon enough, but none of them says anything.
    upstream.script(Step(raw=": ping\n\n" * 3 + 'data: {"choices": []}\n\n', content_type="text/event-stream"))
    upstream.script(Step(text="late", between=0.5))
    second.script(Step(text="from the second"), Step(text="from the second"))
    assert said(client, "first", stream=True) == "from the second"
    assert said(client, "first", stream=True) == "from the second"
    late = [span.error for span in spans(at_least=6) if span.kind == "llm" and span.error][-1]
    assert late == "UpstreamTimeout: fast sent no token within 0.3 s (timeout.first)"


def test_a_silence_in_a_stream_that_has_begun_is_bounded_by_between_alone(client, upstream):
    upstream.script(Step(text="one two", latency=0.6, between=0.1))
    assert said(client, "between", stream=True) == "one two"
    upstream.script(Step(text="one two", between=30))
    with pytest.raises(openai.InternalServerError, match=r"timeout\.between"):
        said(client, "between", stream=True)


@pytest.mark.parametrize("stream", [False, True])
def test_the_total_of_a_call_is_for_all_of_its_models_together(client, upstream, second, stream):
    upstream.script(Step(status=500, latency=0.3))
    second.script(Step(latency=30))
    start = time.monotonic()
    with pytest.raises(openai.InternalServerError, match=r"the call was not done within 0\.5 s \(timeout\.total\)"):
        said(client, "total", stream=stream)
    assert time.monotonic() - start < 2


def test_a_stream_that_does_not_end_is_cut_by_the_total(client, upstream, second):
    upstream.script(Step(text="word " * 1000, between=0.02))
    start = time.monotonic()
    with pytest.raises(openai.APIError, match=r"timeout\.total"):
        said(client, "total", stream=True)
    assert time.monotonic() - start < 2
    assert second.received == []


def test_nothing_is_tried_again_after_the_total(client, upstream, second):
    upstream.script(Step(latency=30))
    with pytest.raises(openai.InternalServerError, match="the call was not done"):
        said(client, "total", stream=False)
    assert second.received == []


@pytest.mark.parametrize(("stream", "limit"), [(False, "whole"), (True, "first")])
def test_what_a_model_says_wins_over_its_task(client, upstream, second, spans, stream, limit):
    upstream.script(Step(latency=30))
    second.script(Step(text="from the second"))
    assert said(client, "patient", stream=stream) == "from the second"
    assert f"(timeout.{limit})" in next(span.error for span in spans(at_least=3) if span.error)


def test_the_total_of_a_model_is_for_all_of_its_retries(client, upstream, spans):
    upstream.script(*[Step(status=500, latency=0.25)] * 9)
    start = time.monotonic()
    with pytest.raises(openai.InternalServerError):
        said(client, "brief", stream=False)
    assert time.monotonic() - start < 2
    assert len(upstream.received) <= 3
