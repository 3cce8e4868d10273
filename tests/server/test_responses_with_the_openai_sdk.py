"""`/v1/responses` as the official SDK asks for it, in front of each kind of provider: one answer, whoever gives it."""

import json
import time

import httpx2 as httpx
import openai
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from hone.core import from_json
from hone.local import House
from hone.testing import FakeAnthropic, FakeProvider, Step

PROJECT = """\
project = "parcels"

[models.fast]
use = "openai-compatible/small"
base_url = "{openai}"
[models.claude]
use = "anthropic/claude-haiku-4-5"
base_url = "{anthropic}"
api_key = "${{CLAUDE_KEY}}"
[models.inside]
use = "fake/inside"
[models.floor]
use = "extractive/extractive"

[tasks.answer]
input = {{ question = "string" }}
models = ["inside"]
prompt = "answer"
[tasks.look-up]
input = {{ question = "string" }}
models = ["floor"]
prompt = "look-up"
knowledge = "handbook"
threshold = 0.4
[knowledge.handbook]
sources = ["docs/*.md"]
[tasks.compare]
input = {{ first = "string", second = "string" }}
models = ["fast"]
prompt = "compare"
"""

RESPONSES = "/v1/responses"
EVENT = TypeAdapter(ResponseStreamEvent)
WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": True,
}
CALLS = [
    {"id": "toolu_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}},
    {"id": "toolu_2", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Basel"}'}},
]


class City(BaseModel):
    name: str
    people: int


@pytest.fixture
def claude():
    with FakeAnthropic() as server:
        yield server


@pytest.fixture
def inside():
    return FakeProvider()


@pytest.fixture
def house(folder, upstream, claude, inside, monkeypatch):
    monkeypatch.setenv("CLAUDE_KEY", "the-upstream-key")
    (folder / "hone.toml").write_text(PROJECT.format(openai=upstream.url, anthropic=claude.url))
    opened = House.open(folder, providers={"fake": inside})
    yield opened
    opened.close()


@pytest.fixture(params=["fast", "claude", "inside", "answer"])
def model(request):
    """A model of each dialect, one in this process, and a task."""
    return request.param


@pytest.fixture
def script(model, upstream, claude, inside):
    return {"fast": upstream, "claude": claude, "inside": inside, "answer": inside}[model].script


def completion(message, finish="stop", **more) -> Step:
    choice = {"index": 0, "message": {"role": "assistant", "content": None, **message}, "finish_reason": finish}
    body = {"id": "x", "object": "chat.completion", "model": "m", "choices": [choice], **more}
    return Step(raw=json.dumps(body), content_type="application/json")


def chunks(*deltas, finish="stop", **last) -> Step:
    found = [{"model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    found.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    found += [{"choices": [], **last}] if last else []
    raw = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in found) + "data: [DONE]\n\n"
    return Step(raw=raw, content_type="text/event-stream")


def events_of(answer: httpx.Response) -> list[dict]:
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


def told(response: Response) -> dict:
    """A response without what differs from call to call: its time and the stem of its ids."""
    stem = response.id.partition("_")[2]
    found = _plain(json.loads(json.dumps(response.to_dict()).replace(stem, "X")))
    return {name: value for name, value in found.items() if name != "created_at"}


def _plain(value):
    """Without what the SDK adds when it parses."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if name not in ("parsed", "parsed_arguments")}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def test_an_answer(client, model, spans):
    raw = client.responses.with_raw_response.create(model=model, input="hello there")
    response = raw.parse()
    assert response.output_text in ("hello there", "Question: hello there")
    assert (response.object, response.status, response.error, response.incomplete_details) == (
        "response", "completed", None, None,
    )  # fmt: skip
    (message,) = response.output
    assert (message.type, message.role, message.status) == ("message", "assistant", "completed")
    span = spans(raw.headers["x-hone-trace-id"])[-1]
    assert (response.usage.input_tokens, response.usage.output_tokens) == (span.input_tokens, span.output_tokens)
    assert response.usage.total_tokens == span.input_tokens + span.output_tokens
    assert from_json(span.output)["content"] == response.output_text
    assert response.id == f"resp_{raw.headers['x-hone-span-id']}"


def test_the_answer_is_all_that_the_sdks_types_demand(http, model):
    Response.model_validate_json(http.post(RESPONSES, json={"model": model, "input": "hi"}).content, strict=True)


def test_a_stream_ends_in_the_response_that_is_given_whole(client, script, model):
    script(Step(text="one two three"), Step(text="one two three"))
    whole = client.responses.create(model=model, input="hello there")
    with client.responses.stream(model=model, input="hello there") as stream:
        pieces = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert "".join(pieces) == final.output_text == "one two three"
    assert len(pieces) > 1
    assert told(final) == told(whole)


@pytest.mark.parametrize("step", [Step(text="one two three"), Step(tool_calls=CALLS)])
def test_every_event_has_its_number_and_all_that_the_sdks_types_demand(http, script, model, step):
    script(step)
    answer = http.post(RESPONSES, json={"model": model, "input": "hello there", "stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = events_of(answer)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    for event in events:
        EVENT.validate_python(event)
    names = [line[7:] for line in answer.text.splitlines() if line.startswith("event: ")]
    assert names == [event["type"] for event in events]
    assert names[:2] == ["response.created", "response.in_progress"]
    assert names[-1] == "response.completed"
    assert events[-1]["response"]["usage"]["input_tokens"] > 0


def test_the_events_of_a_text_come_in_order(http, upstream):
    upstream.script(Step(text="one two"))
    events = events_of(http.post(RESPONSES, json={"model": "fast", "input": "hi", "stream": True}))
    assert [event["type"].removeprefix("response.") for event in events] == [
        "created", "in_progress", "output_item.added", "content_part.added", "output_text.delta", "output_text.delta",
        "output_text.done", "content_part.done", "output_item.done", "completed",
    ]  # fmt: skip


def test_tools_called_in_parallel_and_their_results_sent_back(client, script, model, upstream, claude):
    script(Step(tool_calls=CALLS), Step(text="Rain in Bern, sun in Basel."))
    given = [{"role": "user", "content": "Weather?"}]
    first = client.responses.create(model=model, input=given, tools=[WEATHER], tool_choice="required")
    assert first.status == "completed"
    assert [(call.type, call.call_id, json.loads(call.arguments)) for call in first.output] == [
        ("function_call", "toolu_1", {"city": "Bern"}),
        ("function_call", "toolu_2", {"city": "Basel"}),
    ]
    given += first.output
    given += [{"type": "function_call_output", "call_id": call.call_id, "output": "rain"} for call in first.output]
    if model == "answer":
        given.append({"role": "user", "content": "And now?"})
    second = client.responses.create(model=model, input=given, tools=[WEATHER])
    assert second.output_text == "Rain in Bern, sun in Basel."
    if model == "fast":
        _, turn, *results = upstream.received[1].body["messages"]
        assert [call["id"] for call in turn["tool_calls"]] == ["toolu_1", "toolu_2"]
        assert [(result["role"], result["tool_call_id"]) for result in results] == [
            ("tool", "toolu_1"),
            ("tool", "toolu_2"),
        ]
        assert upstream.received[0].body["tools"][0]["function"]["name"] == "weather"
    if model == "claude":
        assert claude.received[0].body["tool_choice"] == {"type": "any"}
        assert [turn["role"] for turn in claude.received[1].body["messages"]] == ["user", "assistant", "user"]


def test_tool_calls_streamed_are_put_together_by_the_sdk(client, script, model):
    script(Step(tool_calls=CALLS), Step(tool_calls=CALLS))
    with client.responses.stream(model=model, input="Weather?", tools=[WEATHER]) as stream:
        deltas = [event for event in stream if event.type == "response.function_call_arguments.delta"]
        final = stream.get_final_response()
    assert deltas[-1].snapshot == '{"city":"Basel"}'
    assert (
        told(final)["output"] == told(client.responses.create(model=model, input="Weather?", tools=[WEATHER]))["output"]
    )


def test_an_answer_of_a_given_shape_is_parsed_by_the_sdk(client, script, model, upstream, claude):
    script(Step(text='{"name": "Bern", "people": 137000}'), Step(text='{"name": "Bern", "people": 137000}'))
    response = client.responses.parse(model=model, input="A city?", text_format=City)
    assert response.output_parsed == City(name="Bern", people=137000)
    with client.responses.stream(model=model, input="A city?", text_format=City) as stream:
        assert stream.get_final_response().output_parsed == City(name="Bern", people=137000)
    if model == "fast":
        described = upstream.received[0].body["response_format"]["json_schema"]
        assert (described["name"], described["strict"]) == ("City", True)
        assert described["schema"]["required"] == ["name", "people"]
    if model == "claude":
        assert claude.received[0].body["output_config"]["format"]["schema"]["required"] == ["name", "people"]


IMAGE = [
    {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"},
    {"type": "input_text", "text": "What is this?"},
]


def test_images(client, upstream, claude):
    for name in ("fast", "claude"):
        client.responses.create(model=name, input=[{"role": "user", "content": IMAGE}])
    assert upstream.received[0].body["messages"][0]["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}},
        {"type": "text", "text": "What is this?"},
    ]
    assert claude.received[0].body["messages"][0]["content"][0]["source"]["media_type"] == "image/png"


def test_parameters_are_sent_in_the_words_of_the_chat_dialect_and_echoed(client, upstream):
    response = client.responses.create(
        model="fast", input="hi", instructions="Be kind.", max_output_tokens=50, temperature=0.5, top_p=0.9,
        reasoning={"effort": "low"}, text={"verbosity": "low", "format": {"type": "json_object"}}, user="u1",
        metadata={"ticket": "7"}, parallel_tool_calls=False, service_tier="flex", prompt_cache_key="k", store=True,
        truncation="auto", extra_body={"top_k": 40, "vendor": {"deep": [1, None]}},
    )  # fmt: skip
    assert upstream.received[0].body == {
        "model": "small", "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hi"}],
        "max_completion_tokens": 50, "temperature": 0.5, "top_p": 0.9, "reasoning_effort": "low", "verbosity": "low",
        "response_format": {"type": "json_object"}, "user": "u1", "parallel_tool_calls": False, "service_tier": "flex",
        "prompt_cache_key": "k", "top_k": 40, "vendor": {"deep": [1, None]},
    }  # fmt: skip
    assert response.store is False  # type: ignore[attr-defined]
    assert (response.instructions, response.max_output_tokens, response.metadata) == ("Be kind.", 50, {"ticket": "7"})
    assert (response.temperature, response.parallel_tool_calls, response.truncation) == (0.5, False, "disabled")
    assert (response.text.verbosity, response.text.format.type, response.user) == ("low", "json_object", "u1")


def test_a_task_is_asked_by_name_or_by_the_last_turn_with_the_earlier_ones_before_it(client, upstream):
    client.responses.create(model="compare", extra_body={"hone": {"input": {"first": "tea", "second": "milk"}}})
    assert upstream.received[0].body["messages"] == [{"role": "user", "content": "tea or milk?"}]
    assert "hone" not in upstream.received[0].body
    raw = client.responses.with_raw_response.create(
        model="answer",
        instructions="In one word.",
        input=[
            {"role": "user", "content": "hi"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hello"}]},
            {"role": "user", "content": [{"type": "input_text", "text": "where is it?"}]},
        ],
    )
    assert raw.headers["x-hone-variant"] == "answer@baseline"
    assert raw.parse().output_text == "Question: where is it?"


def test_an_input_that_does_not_fit_is_the_callers_move(client):
    with pytest.raises(openai.BadRequestError, match=r"'second'.* is missing"):
        client.responses.create(model="compare", extra_body={"hone": {"input": {"first": "tea"}}})


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_an_error_of_the_upstream_is_the_sdks_own_class(client, script, model, status, kind, stream):
    script(Step(status=status, error="as scripted", retry_after=3))
    with pytest.raises(kind, match="as scripted") as caught:
        client.responses.create(model=model, input="hi", stream=stream)
    assert caught.value.response.headers["retry-after"] == "3"


def test_a_cut_stream_never_looks_complete(client, script, model, spans):
    script(Step(text="one two three four", cut_after=5 if model == "claude" else 3))
    seen = []
    with (
        pytest.raises(openai.APIError, match=r"lost|cut"),
        client.responses.with_streaming_response.create(model=model, input="hi", stream=True) as raw,
    ):
        seen += [event.type for event in raw.parse()]
    assert not {name for name in seen if name.endswith(("completed", "incomplete", "failed", ".done"))}
    span = spans(raw.headers["x-hone-trace-id"])[-1]
    assert span.error.startswith("UpstreamCut:")
    assert from_json(span.output)["content"] == "one two"


def test_the_error_of_a_cut_stream_goes_on_counting_and_breaks_the_connection(http, upstream):
    upstream.script(Step(text="one two three four", cut_after=3))
    body = b""
    with (
        http.stream("POST", RESPONSES, json={"model": "fast", "input": "hi", "stream": True}) as answer,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        for chunk in answer.iter_bytes():
            body += chunk
    events = [json.loads(line[6:]) for line in body.decode().splitlines() if line.startswith("data: ")]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    EVENT.validate_python(events[-1])
    assert (events[-1]["type"], events[-1]["code"]) == ("error", "upstream_cut")
    assert "connection was lost" in events[-1]["message"]


def test_an_error_in_mid_stream_reaches_the_caller_as_one(client, upstream):
    raw = 'data: {"choices":[{"index":0,"delta":{"content":"one"}}]}\n\ndata: {"error":{"message":"too busy"}}\n\n'
    upstream.script(Step(raw=raw, content_type="text/event-stream"))
    with pytest.raises(openai.APIError, match="too busy"):
        list(client.responses.create(model="fast", input="hi", stream=True))


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("finish", "reason"),
    [("length", "max_output_tokens"), ("content_filter", "content_filter"), ("pause_turn", "pause_turn")],
)
def test_an_answer_that_broke_off_is_incomplete_and_says_why(client, upstream, finish, reason, streamed):
    upstream.script(Step(text="one two", finish=finish))
    response = client.responses.create(model="fast", input="hi", stream=streamed)
    if streamed:
        last = list(response)[-1]
        assert last.type == "response.incomplete"
        response = last.response
    assert (response.status, response.incomplete_details.reason) == ("incomplete", reason)
    assert (response.output_text, response.output[0].status) == ("one two", "incomplete")


@pytest.mark.parametrize("streamed", [False, True])
def test_an_answer_that_does_not_say_why_it_ended_is_not_called_complete(client, upstream, streamed):
    upstream.script(
        chunks({"content": "one"}, finish=None) if streamed else completion({"content": "one"}, finish=None)
    )
    response = client.responses.create(model="fast", input="hi", stream=streamed)
    response = list(response)[-1].response if streamed else response
    assert (response.status, response.incomplete_details.reason) == ("incomplete", None)


def test_the_most_tokens_are_a_reason_in_front_of_claude_too(client, claude):
    claude.script(Step(text="one two", finish="max_tokens"))
    assert client.responses.create(model="claude", input="hi").incomplete_details.reason == "max_output_tokens"


@pytest.mark.parametrize("streamed", [False, True])
def test_a_choice_that_failed_is_a_failed_response(client, upstream, streamed):
    upstream.script(chunks({"content": "o"}, finish="error") if streamed else completion({"content": "o"}, "error"))
    response = client.responses.create(model="fast", input="hi", stream=streamed)
    if streamed:
        last = list(response)[-1]
        assert last.type == "response.failed"
        response = last.response
    assert (response.status, response.error.code) == ("failed", "server_error")


COUNTED = {
    "prompt_tokens": 9,
    "completion_tokens": 7,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 5},
}


@pytest.mark.parametrize("streamed", [False, True])
def test_reasoning_is_an_item_of_its_own_and_counted(client, upstream, streamed):
    upstream.script(
        chunks(
            {"role": "assistant", "content": ""},
            {"reasoning_content": "Two and "},
            {"reasoning_content": "two."},
            {"content": "Four"},
            usage=COUNTED,
        )
        if streamed
        else completion({"reasoning_content": "Two and two.", "content": "Four"}, usage=COUNTED)
    )
    if streamed:
        with client.responses.stream(model="fast", input="2+2?") as stream:
            kinds = [event.type for event in stream]
            response = stream.get_final_response()
        assert kinds.index("response.reasoning_text.done") < kinds.index("response.output_text.delta")
    else:
        response = client.responses.create(model="fast", input="2+2?")
    thought, said = response.output
    assert (thought.type, thought.content[0].type, thought.content[0].text) == (
        "reasoning", "reasoning_text", "Two and two.",
    )  # fmt: skip
    assert said.content[0].text == "Four"
    assert response.usage.input_tokens_details.cached_tokens == 4
    assert response.usage.output_tokens_details.reasoning_tokens == 5
    assert response.usage.total_tokens == 16


THINKING = {"type": "thinking", "thinking": "It rains.", "signature": "c2lnbmVk"}
THOUGHT = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5",
    "content": [THINKING, {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Bern"}}],
    "stop_reason": "tool_use",
    "usage": {"input_tokens": 3, "output_tokens": 9},
}


def test_thinking_that_is_signed_goes_back_as_it_came(client, claude):
    claude.script(Step(raw=json.dumps(THOUGHT), content_type="application/json"), Step(text="Rain."))
    first = client.responses.create(model="claude", input="Weather?", tools=[WEATHER])
    assert [item.type for item in first.output] == ["reasoning", "function_call"]
    given = [{"role": "user", "content": "Weather?"}, *first.output]
    given.append({"type": "function_call_output", "call_id": "toolu_1", "output": "rain"})
    assert client.responses.create(model="claude", input=given, tools=[WEATHER]).output_text == "Rain."
    assert claude.received[1].body["messages"][1]["content"] == THOUGHT["content"]


def sse(*events: dict) -> Step:
    raw = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return Step(raw=raw, content_type="text/event-stream")


def test_thinking_that_is_streamed_is_sealed_as_well(client, claude):
    begun = {name: THOUGHT[name] for name in ("id", "type", "role", "model", "usage")} | {"content": []}
    tool = {**THOUGHT["content"][1], "input": {}}
    arguments = [{"type": "input_json_delta", "partial_json": piece} for piece in ('{"city":', '"Bern"}')]
    claude.script(
        Step(raw=json.dumps(THOUGHT), content_type="application/json"),
        sse(
            {"type": "message_start", "message": begun},
            {"type": "content_block_start", "index": 0, "content_block": {**THINKING, "thinking": "", "signature": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "It "}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "rains."}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2lnbmVk"}},
            {"type": "content_block_stop", "index": 0},
            {"type": "content_block_start", "index": 1, "content_block": tool},
            *({"type": "content_block_delta", "index": 1, "delta": delta} for delta in arguments),
            {"type": "content_block_stop", "index": 1},
            {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}},
            {"type": "message_stop"},
        ),
    )  # fmt: skip
    whole = client.responses.create(model="claude", input="Weather?", tools=[WEATHER])
    with client.responses.stream(model="claude", input="Weather?", tools=[WEATHER]) as stream:
        done = [event.item for event in stream if event.type == "response.output_item.done"]
        assert told(stream.get_final_response()) == told(whole)
    assert done[0].encrypted_content == whole.output[0].encrypted_content is not None


@pytest.mark.parametrize("streamed", [False, True])
def test_pages_that_an_answer_rests_on_are_cited(client, upstream, streamed):
    page = {"url": "https://example.org", "title": "An example", "start_index": 0, "end_index": 2}
    cited = {"annotations": [{"type": "url_citation", "url_citation": page}, {"type": "scent"}]}
    upstream.script(chunks({"content": "Hi"}, cited) if streamed else completion({"content": "Hi", **cited}))
    response = client.responses.create(model="fast", input="hi", stream=streamed)
    if streamed:
        events = list(response)
        (added,) = [event for event in events if event.type == "response.output_text.annotation.added"]
        assert (added.annotation.url, added.annotation_index) == ("https://example.org", 0)
        response = events[-1].response
    (part,) = response.output[0].content
    assert (part.text, part.annotations[0].type, part.annotations[0].title) == ("Hi", "url_citation", "An example")


def test_arguments_are_parsed_by_the_sdk_where_the_tool_is_a_type(client, upstream):
    arguments = {"name": "City", "arguments": '{"name": "Bern", "people": 137000}'}
    upstream.script(Step(tool_calls=[{"id": "c1", "type": "function", "function": arguments}]))
    function = openai.pydantic_function_tool(City)["function"]
    response = client.responses.parse(model="fast", input="A city?", tools=[{"type": "function", **function}])
    assert response.output[0].parsed_arguments == {"name": "Bern", "people": 137000}
    Response.model_validate(response.to_dict() | {"output": []})


@pytest.mark.parametrize("streamed", [False, True])
def test_a_refusal_is_one(client, upstream, streamed):
    upstream.script(
        chunks({"refusal": "I "}, {"refusal": "won't."}) if streamed else completion({"refusal": "I won't."})
    )
    if streamed:
        with client.responses.stream(model="fast", input="hi") as stream:
            kinds = {event.type for event in stream}
            response = stream.get_final_response()
        assert {"response.refusal.delta", "response.refusal.done"} <= kinds
    else:
        response = client.responses.create(model="fast", input="hi")
    (part,) = response.output[0].content
    assert (part.type, part.refusal, response.output_text) == ("refusal", "I won't.", "")


LOGPROB = {"token": "Hi", "bytes": [72, 105], "logprob": -0.5, "top_logprobs": []}


@pytest.mark.parametrize("streamed", [False, True])
def test_log_probabilities_come_with_the_text(client, upstream, streamed):
    logprobs = {"logprobs": {"content": [LOGPROB]}}
    step = chunks({"content": "Hi"}) if streamed else completion({"content": "Hi"})
    body = json.loads(step.raw.splitlines()[0].removeprefix("data: "))
    body["choices"][0] |= logprobs
    rest = "\n".join(step.raw.splitlines()[1:])
    raw = f"data: {json.dumps(body)}\n{rest}\n\n" if streamed else json.dumps(body)
    upstream.script(Step(raw=raw, content_type=step.content_type))
    response = client.responses.create(
        model="fast", input="hi", include=["message.output_text.logprobs"], top_logprobs=2, stream=streamed
    )
    response = list(response)[-1].response if streamed else response
    assert response.output[0].content[0].logprobs[0].token == "Hi"
    assert (upstream.received[0].body["logprobs"], upstream.received[0].body["top_logprobs"]) == (True, 2)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"previous_response_id": "resp_1", "input": "hi"}, "send the items"),
        ({"conversation": "conv_1", "input": "hi"}, "send the items"),
        ({"background": True, "input": "hi"}, "`background` is not served"),
        ({"prompt": {"id": "pmpt_1"}, "input": "hi"}, "name a task"),
        ({"context_management": [{"type": "compaction"}], "input": "hi"}, "fewer items"),
        ({"n": 2, "input": "hi"}, "one answer"),
        ({"tools": [{"type": "web_search"}], "input": "hi"}, "'web_search' is a tool that its vendor runs"),
        ({"tool_choice": {"type": "file_search"}, "input": "hi"}, "no tool of the type 'file_search'"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "send the item itself"),
        ({"input": [{"type": "web_search_call", "id": "ws_1"}]}, "'web_search_call' cannot be sent"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]}, "as a data: URL"),
        ({}, "`input` is missing"),
        ({"input": [{"role": "user"}]}, r"input\[0\].*content"),
        ({"input": [{"role": "robot", "content": "hi"}]}, r"input\[0\].*robot"),
        ({"input": 7}, "not a response request"),
        ({"input": "hi", "text": "plain"}, "not a response request"),
        ({"input": "hi", "stream": "yes"}, "Expected `bool"),
    ],
)
def test_what_cannot_be_served_is_said_before_a_model_is_paid(http, upstream, spans, asked, said):
    answer = http.post(RESPONSES, json={"model": "fast", **asked})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(error["message"])
    assert upstream.received == []
    (span,) = spans(answer.headers["x-hone-trace-id"])
    assert span.error.startswith("CallError:")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[1]",
        b'{"model": "fast", "input": "\xff"}',
        b'{"model": "fast", "input": ' + b"[" * 9999 + b"]" * 9999 + b"}",
    ],
)
def test_a_broken_body_is_a_400(http, upstream, body):
    assert http.post(RESPONSES, content=body).status_code == 400
    assert upstream.received == []


def test_an_answer_without_a_choice_is_garbage(client, upstream):
    upstream.script(Step(raw='{"choices": []}', content_type="application/json"))
    with pytest.raises(openai.InternalServerError, match="not a chat completion"):
        client.responses.create(model="fast", input="hi")


@pytest.mark.parametrize(
    "delta",
    [{"content": 7}, {"tool_calls": "none"}, {"content": [{"type": "text", "text": ""}]}, {"logprobs": 3}, None],
)
def test_an_odd_delta_costs_nobody_the_answer(client, upstream, delta):
    upstream.script(chunks(delta, {"content": "hi"}, usage={"prompt_tokens": "many"}))
    with client.responses.stream(model="fast", input="hi") as stream:
        response = stream.get_final_response()
    assert (response.output_text, response.usage) == ("hi", None)


def test_a_burst_of_many_events_goes_through_whole(client, upstream):
    words = [f"word{number} " for number in range(20_000)]
    upstream.script(chunks(*({"content": word} for word in words)))
    events = list(client.responses.create(model="fast", input="hi", stream=True))
    assert [event.delta for event in events if event.type == "response.output_text.delta"] == words
    assert events[-1].response.output_text == "".join(words)


def test_calls_that_all_have_the_same_number_stay_apart(client, upstream):
    upstream.script(chunks(*({"tool_calls": [{"index": 0, **call}]} for call in CALLS), finish="tool_calls"))
    with client.responses.stream(model="fast", input="hi") as stream:
        response = stream.get_final_response()
    assert [(call.call_id, call.arguments) for call in response.output] == [
        ("toolu_1", '{"city":"Bern"}'),
        ("toolu_2", '{"city":"Basel"}'),
    ]


def test_pieces_of_calls_may_come_in_any_order(client, upstream):
    first, second = ({"index": at, "id": f"c{at}", "function": {"name": "f", "arguments": ""}} for at in (0, 1))
    pieces = [{"index": at, "function": {"arguments": text}} for at, text in ((1, "{"), (0, "["), (1, "}"), (0, "]"))]
    upstream.script(chunks(*({"tool_calls": [piece]} for piece in (first, second, *pieces)), finish="tool_calls"))
    with client.responses.stream(model="fast", input="hi") as stream:
        response = stream.get_final_response()
    assert [call.arguments for call in response.output] == ["[]", "{}"]


def test_a_caller_who_leaves_a_stream_stops_the_upstream(http, upstream, spans):
    upstream.script(Step(text="one two three four five six seven", between=0.2))
    with http.stream("POST", RESPONSES, json={"model": "fast", "input": "hi", "stream": True}) as answer:
        pieces = answer.iter_bytes()
        next(pieces), next(pieces)
    (span,) = spans()
    assert span.status == "cancelled"
    for _ in range(100):
        if upstream.left:
            break
        time.sleep(0.05)
    assert upstream.left == 1


@pytest.mark.parametrize("question", ["Who composed the opera?", "When is a refund paid for a lost parcel?"])
def test_a_task_with_knowledge_answers_or_says_that_it_does_not_know(client, question):
    whole = client.responses.create(model="look-up", input=question)
    with client.responses.stream(model="look-up", input=question) as stream:
        assert told(stream.get_final_response()) == told(whole)
    assert ("don't know" in whole.output_text) == ("opera" in question)
    assert whole.status == "completed"


@pytest.mark.parametrize("text", ["NUL \0 inside", "\u202eright \u2028", "𝔘𝔫𝔦 👩‍👩‍👧", "<script>{{ 7 * 7 }}"])
@pytest.mark.parametrize("streamed", [False, True])
def test_hostile_strings_come_back_equal(client, text, streamed):
    response = client.responses.create(model="fast", input=text, stream=streamed)
    response = list(response)[-1].response if streamed else response
    assert response.output_text == text


async def test_the_asynchronous_client_works_as_well(server):
    async with (
        openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any") as client,
        client.responses.stream(model="fast", input="hello there") as stream,
    ):
        assert (await stream.get_final_response()).output_text == "hello there"
