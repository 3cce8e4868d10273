"""Upstreams that answer, but oddly: the caller gets what can be given, and there is a span whatever happens."""

import json
import threading

import httpx2 as httpx
import openai
import pytest

from hone.core import from_json
from hone.errors import PromptError
from hone.local import House
from hone.testing import Step

CHAT = "/v1/chat/completions"
BODY = {"model": "fast", "messages": [{"role": "user", "content": "hello there"}]}


def completion(**more) -> str:
    choice = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
    return json.dumps({"id": "x", "object": "chat.completion", "model": "m", "choices": [choice], **more})


def stream(*deltas, finish: object = "stop", usage: object = None) -> str:
    chunks = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    chunks += [{"choices": [], "usage": usage}] if usage is not None else []
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 1, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}},
        {"prompt_tokens": 2**70, "completion_tokens": 1},
        {"prompt_tokens": -4, "completion_tokens": 1},
        {"prompt_tokens": 1.5, "completion_tokens": "many"},
        "none of your business",
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_nonsense_in_the_usage_costs_nobody_the_answer(http, upstream, spans, usage, streamed):
    raw, kind = (
        (stream({"content": "hi"}, usage=usage), "text/event-stream")
        if streamed
        else (completion(usage=usage), "application/json")
    )
    upstream.script(Step(raw=raw, content_type=kind))
    answer = http.post(CHAT, json={**BODY, "stream": streamed})
    assert answer.status_code == 200
    assert "hi" in answer.text
    (span,) = spans(answer.headers["x-hone-trace-id"])
    assert (span.status, span.cost) == ("ok", None)
    assert from_json(span.output)["content"] == "hi"


@pytest.mark.parametrize(
    "delta",
    [
        {"content": ["a", "list"]},
        {"tool_calls": [{"index": "a", "function": {"name": "f", "arguments": {"an": "object"}}}]},
        {"tool_calls": "none"},
        {"content": 7},
    ],
)
def test_an_odd_delta_is_relayed_as_it_came(http, upstream, spans, delta):
    upstream.script(Step(raw=stream(delta, {"content": "hi"}), content_type="text/event-stream"))
    answer = http.post(CHAT, json={**BODY, "stream": True})
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert events[0]["choices"][0]["delta"] == delta
    assert answer.text.endswith("data: [DONE]\n\n")
    (span,) = spans(answer.headers["x-hone-trace-id"])
    assert span.status == "ok"
    assert "hi" in from_json(span.output)["content"]


def test_a_stream_whose_first_word_is_an_error_is_answered_by_the_next_model(client, upstream, second, spans):
    upstream.script(Step(raw='data: {"error": {"message": "overloaded"}}\n\n', content_type="text/event-stream"))
    with client.chat.completions.with_streaming_response.create(
        model="answer", messages=BODY["messages"], stream=True
    ) as raw:
        text = "".join(event.choices[0].delta.content or "" for event in raw.parse())
    assert text == "Question: hello there"
    assert second.received[0].body["model"] == "large"
    _, failed, _ = spans(raw.headers["x-hone-trace-id"], 3)
    assert "overloaded" in failed.error


def test_a_model_whose_key_is_missing_gives_way_to_the_next(client, upstream, spans):
    raw = client.chat.completions.with_raw_response.create(model="forgiving", messages=BODY["messages"])
    assert raw.parse().choices[0].message.content == "hello there"
    _, failed, _ = spans(raw.headers["x-hone-trace-id"], 3)
    assert "NOBODY_SET_THIS" in failed.error


def test_an_upstream_that_repeats_our_key_does_not_give_it_away(client, upstream, spans):
    upstream.script(Step(status=401, error="Incorrect API key provided: the-upstream-key. See your account."))
    with pytest.raises(openai.AuthenticationError) as caught:
        client.chat.completions.create(model="fast", messages=BODY["messages"])
    assert "[key]" in str(caught.value)
    assert "the-upstream-key" not in caught.value.response.text
    (span,) = spans(caught.value.response.headers["x-hone-trace-id"])
    assert "the-upstream-key" not in span.error


def test_a_status_that_is_none_becomes_a_bad_gateway(http, upstream):
    upstream.script(Step(status=700, error="odd"))
    assert http.post(CHAT, json=BODY).status_code == 502


def test_a_slow_drip_does_not_outlast_the_time_limit(http, upstream, spans):
    upstream.script(Step(latency=30))
    answer = http.post(CHAT, json={**BODY, "model": "hasty"})
    assert answer.status_code == 504
    assert spans(answer.headers["x-hone-trace-id"], 2)[-1].error.startswith("UpstreamTimeout:")


def test_a_burst_of_many_events_goes_through_whole(http, upstream, spans):
    words = [{"content": f"word{number} "} for number in range(20_000)]
    upstream.script(Step(raw=stream(*words), content_type="text/event-stream"))
    answer = http.post(CHAT, json={**BODY, "stream": True})
    assert answer.text.count("data: ") == 20_002
    (span,) = spans(answer.headers["x-hone-trace-id"])
    assert from_json(span.output)["content"] == "".join(word["content"] for word in words)


def test_a_caller_who_leaves_a_burst_does_not_spoil_the_connection_for_the_next(http, upstream, server):
    words = [{"content": "x" * 1000} for _ in range(2000)]
    for _ in range(3):
        upstream.script(Step(raw=stream(*words), content_type="text/event-stream"))
        with httpx.stream("POST", f"{server.url}{CHAT}", json={**BODY, "stream": True}) as answer:
            next(answer.iter_bytes())
    assert http.post(CHAT, json={**BODY, "model": "hasty"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({**BODY, "model": "m" * 1000}, "characters long"),
        (b'{"model": "fast", "messages": [], "top_p": 1e999}', "`top_p`"),
        (b'{"model": "fast", "messages": [], "stop": "\xff"}', "cannot be read"),
    ],
)
def test_what_cannot_be_kept_is_refused_before_a_model_is_paid(http, upstream, body, said):
    answer = http.post(CHAT, json=body) if isinstance(body, dict) else http.post(CHAT, content=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]
    assert upstream.received == []


def test_tags_and_users_may_be_in_any_language(http, spans):
    answer = http.post(CHAT, json=BODY, headers={"x-hone-tags": "größe, 日本".encode(), "x-hone-user": "日本".encode()})
    (span,) = spans(answer.headers["x-hone-trace-id"])
    assert (span.tags, span.user) == (("größe", "日本"), "日本")


def test_two_calls_of_one_trace_that_began_elsewhere_are_one_row(http, house):
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    for _ in range(2):
        http.post(CHAT, json=BODY, headers={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"})
    house.telemetry.flush()
    (row,) = http.get("/api/traces").json()["items"]
    assert row["spans"] == 2
    assert http.get(f"/api/traces/{trace_id[:10]}").json()["trace_id"] == trace_id


@pytest.mark.parametrize("cursor", ["²-x", "9" * 5000 + "-x", f"{2**70}-x"])
def test_a_hostile_cursor_is_a_400(http, cursor):
    assert http.get("/api/traces", params={"cursor": cursor}).status_code == 400


def test_the_wrong_method_is_said(http):
    answer = http.get(CHAT)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_release_edited_in_the_file_is_reported_as_waiting(folder, house):
    assert house.waiting_releases() == []
    file = folder / "hone.toml"
    file.write_text(file.read_text().replace("baseline = 0.5, other = 0.5", "baseline = 0.9, other = 0.1"))
    again = House.open(folder)
    assert again.waiting_releases() == ["split"]
    again.close()


def test_a_broken_prompt_leaves_no_thread_behind(folder):
    (folder / "prompts" / "answer.prompt.md").write_text("# user\n\n{{ question")
    before = threading.active_count()
    for _ in range(3):
        with pytest.raises(PromptError):
            House.open(folder)
    assert threading.active_count() == before
