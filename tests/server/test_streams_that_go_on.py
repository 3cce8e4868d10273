"""A stream that is cut after its first token goes on with the next model, where that was asked for; never silently."""

import json
from pathlib import Path

import httpx2 as httpx
import openai
import pytest

from hone.core import from_json
from hone.testing import Step

MESSAGES = [{"role": "user", "content": "count"}]
CHAT = "/v1/chat/completions"
GO_ON = {"hone": {"on_cut": "continue"}}
CUT = Step(text="one two three four", cut_after=3)  # the role, "one", " two"
TASKS = """
[tasks.chain]
models = ["fast", "backup"]

[tasks.going-on]
models = ["fast", "backup"]
on_cut = "continue"

[tasks.three]
models = ["fast", "backup", "third"]
on_cut = "continue"

[models.third]
use = "openai-compatible/third"
base_url = "{second}"

[models.ours]
use = "vllm/ours"
base_url = "{second}"

[tasks.prefilled]
models = ["fast", "ours"]
on_cut = "continue"
"""


@pytest.fixture
def folder(folder: Path, second) -> Path:
    with (folder / "hone.toml").open("a") as file:
        file.write(TASKS.format(second=second.url))
    return folder


def chunks(client, model: str, **extra):
    return list(client.chat.completions.create(model=model, messages=MESSAGES, stream=True, **extra))


def text(found) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in found if chunk.choices)


@pytest.mark.parametrize(("model", "extra"), [("chain", {"extra_body": GO_ON}), ("going-on", {})])
def test_the_next_model_goes_on_in_the_same_stream(client, upstream, second, model, extra):
    upstream.script(CUT)
    second.script(Step(text=" three four"))
    found = chunks(client, model, **extra)
    assert text(found) == "one two three four"
    assert len({chunk.id for chunk in found}) == 1
    assert [choice.delta.role for chunk in found for choice in chunk.choices if choice.delta.role] == ["assistant"]
    assert [choice.finish_reason for chunk in found for choice in chunk.choices if choice.finish_reason] == ["stop"]


def test_it_is_told_what_was_said_and_to_go_on(client, upstream, second):
    upstream.script(CUT)
    second.script(Step(text=" three"))
    chunks(client, "going-on")
    (asked,) = second.received
    assert asked.body["messages"][:2] == [*MESSAGES, {"role": "assistant", "content": "one two"}]
    assert "exactly where it stopped" in asked.body["messages"][2]["content"]
    assert "hone" not in asked.body


def test_a_server_that_takes_the_beginning_of_an_answer_is_given_it(client, upstream, second):
    upstream.script(CUT)
    second.script(Step(text=" three"))
    chunks(client, "prefilled")
    (asked,) = second.received
    assert asked.body["messages"] == [*MESSAGES, {"role": "assistant", "content": "one two"}]
    assert (asked.body["continue_final_message"], asked.body["add_generation_prompt"]) == (True, False)


def test_it_is_said_in_the_stream_and_in_the_spans(http, upstream, second, spans):
    upstream.script(CUT)
    second.script(Step(text=" three four"))
    answer = http.post(CHAT, json={"model": "going-on", "messages": MESSAGES, "stream": True})
    assert ": hone continued by backup\n\n" in answer.text
    assert answer.text.endswith("data: [DONE]\n\n")
    root, cut, went_on = spans(answer.headers["x-hone-trace-id"], 3)
    assert (root.status, from_json(root.output)["content"]) == ("ok", "one two three four")
    assert cut.error.startswith("UpstreamCut:")
    assert (cut.finish, from_json(cut.output)["content"]) == (None, "one two")
    assert went_on.attributes["continued_from"] == "fast"
    assert (went_on.finish, from_json(went_on.output)["content"]) == ("stop", " three four")
    assert "continued_from" not in cut.attributes


def test_several_cuts_are_gone_over(client, upstream, second, spans):
    upstream.script(CUT)
    second.script(Step(text=" three four five", cut_after=2), Step(text=" four five"))
    assert text(chunks(client, "three")) == "one two three four five"
    assert second.received[1].body["messages"][1]["content"] == "one two three"
    assert [span.attributes.get("continued_from") for span in spans(at_least=4)[1:]] == [None, "fast", "backup"]


@pytest.mark.parametrize(
    ("model", "extra"), [("chain", {}), ("going-on", {"extra_body": {"hone": {"on_cut": "restart"}}})]
)
def test_unless_it_was_asked_for_a_cut_stream_stays_cut(client, upstream, second, model, extra):
    upstream.script(CUT)
    with pytest.raises(openai.APIError):
        chunks(client, model, **extra)
    assert second.received == []


def test_tool_calls_are_not_gone_on_with(client, upstream, second):
    calls = [{"id": "a", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bern"}'}}]
    upstream.script(Step(tool_calls=calls, cut_after=2))
    with pytest.raises(openai.APIError):
        chunks(client, "going-on")
    assert second.received == []


def test_where_nobody_can_go_on_the_stream_is_cut_as_ever(http, upstream, second, spans):
    upstream.script(CUT)
    second.script(Step(status=500))
    body = b""
    with (
        http.stream("POST", CHAT, json={"model": "going-on", "messages": MESSAGES, "stream": True}) as answer,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        for part in answer.iter_bytes():
            body += part
    assert b"[DONE]" not in body
    assert b'data: {"error"' in body
    root, cut, failed = spans(answer.headers["x-hone-trace-id"], 3)
    assert (root.status, from_json(root.output)["content"]) == ("error", "one two")
    assert (cut.status, failed.status) == ("error", "error")


def test_where_there_is_no_other_model_the_stream_is_cut_as_ever(client, upstream, spans):
    upstream.script(CUT)
    with pytest.raises(openai.APIError, match="the connection was lost"):
        chunks(client, "fast", extra_body=GO_ON)
    (span,) = spans()
    assert (span.status, from_json(span.output)["content"]) == ("error", "one two")


def test_before_the_first_token_the_next_model_begins_again(client, upstream, second):
    upstream.script(Step(text="one two", cut_after=1))  # the role alone
    second.script(Step(text="from the second"))
    assert text(chunks(client, "chain")) == "from the second"
    assert second.received[0].body["messages"] == MESSAGES


def test_what_the_rest_took_is_said_to_who_asks_for_usage(client, upstream, second):
    upstream.script(CUT)
    second.script(Step(text=" three four"))
    found = chunks(client, "going-on", stream_options={"include_usage": True})
    assert found[-1].usage.completion_tokens == 2
    assert found[-1].id == found[0].id


def test_another_word_is_refused(http):
    body = {"model": "chain", "messages": MESSAGES, "hone": {"on_cut": "maybe"}}
    answer = http.post(CHAT, json=body)
    assert answer.status_code == 400
    assert "on_cut" in json.dumps(answer.json())
