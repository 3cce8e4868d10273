"""The official `anthropic` SDK in front of hone; behind it a server of each dialect, a model in the process, tasks."""

import json
import time

import anthropic
import httpx2 as httpx
import pytest

from hone.core import from_json
from hone.local import House
from hone.server import Server
from hone.testing import FakeAnthropic, FakeUpstream, Step

PROJECT = """\
project = "parcels"

[models.gpt]
use = "openai-compatible/small"
base_url = "{chat}"
price = {{ input = 1.0, output = 2.0 }}

[models.newest]
use = "openai/gpt-5"
base_url = "{chat}"
api_key = "${{UPSTREAM_KEY}}"

[models.router]
use = "openrouter/anthropic/claude"
base_url = "{chat}"
api_key = "${{UPSTREAM_KEY}}"

[models.claude]
use = "anthropic/claude-haiku-4-5"
base_url = "{messages}"
api_key = "${{UPSTREAM_KEY}}"

[models.echo]
use = "fake/echo"

[models.floor]
use = "extractive/extractive"

[tasks.answer]
input = {{ question = "string" }}
models = ["gpt"]
prompt = "answer"

[tasks.compare]
input = {{ first = "string", second = "string" }}
models = ["gpt"]
prompt = "compare"

[tasks.look-up]
input = {{ question = "string" }}
models = ["floor"]
prompt = "look-up"
knowledge = "handbook"

[tasks.patient]
models = ["claude", "gpt"]

[knowledge.handbook]
sources = ["docs/*.md"]
"""

PROMPTS = {
    "answer": "# system\n\nBe kind.\n\n# user\n\nQuestion: {{ question }}\n",
    "compare": "# user\n\n{{ first }} or {{ second }}?\n",
    "look-up": (
        '# user\n\n{% for passage in context %}<context source="{{ passage.source }}">{{ passage.text }}</context>\n'
        "{% endfor %}\nQuestion: {{ question }}\n"
    ),
}
HANDBOOK = "# Refunds\n\nA refund is paid within fourteen days after the parcel was reported as lost.\n"

HELLO = [{"role": "user", "content": "hello there"}]
WEATHER = {
    "name": "weather",
    "description": "Weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
CALLS = [
    {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}},
    {"id": "call_2", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Basel"}'}},
]
EPHEMERAL = {"type": "ephemeral"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False}
PNG = "iVBORw0KGgo="
EVERYWHERE = pytest.mark.parametrize("model", ["gpt", "claude", "echo"])


@pytest.fixture
def chat():
    with FakeUpstream() as server:
        yield server


@pytest.fixture
def messages():
    with FakeAnthropic() as server:
        yield server


@pytest.fixture
def house(tmp_path, chat, messages, monkeypatch):
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_API_KEY", "HONE_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UPSTREAM_KEY", "the-upstream-key")
    (tmp_path / "hone.toml").write_text(PROJECT.format(chat=chat.url, messages=messages.url))
    for folder in ("prompts", "docs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "docs" / "handbook.md").write_text(HANDBOOK)
    for name, text in PROMPTS.items():
        (tmp_path / "prompts" / f"{name}.prompt.md").write_text(text)
    opened = House.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def sdk(server):
    with anthropic.Anthropic(base_url=server.url, api_key="any", max_retries=0) as made:
        yield made


@pytest.fixture
def plays(chat, messages):
    """Scripts whatever stands behind a model; what it gives goes into the call."""

    def script(model, **step):
        if model == "echo":
            return {"extra_body": {"fake": step}}
        (messages if model == "claude" else chat).script(Step(**step))
        return {}

    return script


def ask(sdk, model, asked=HELLO, **more):
    return sdk.messages.create(model=model, max_tokens=100, messages=asked, **more)


def streamed(sdk, model, asked=HELLO, **more):
    with sdk.messages.stream(model=model, max_tokens=100, messages=asked, **more) as stream:
        return stream.get_final_message()


def said(message):
    """What a message says, without its identity."""
    return message.to_dict(exclude_none=True) | {"id": None}


# -- in front of every model


@EVERYWHERE
def test_a_chat_and_its_span(sdk, spans, model):
    raw = sdk.messages.with_raw_response.create(
        model=model, max_tokens=100, messages=HELLO, system="Be kind.", metadata={"user_id": "u1"}
    )
    message = raw.parse()
    assert message.id.startswith("msg_")
    assert (message.type, message.role, message.stop_reason, message.stop_sequence) == (
        "message", "assistant", "end_turn", None,
    )  # fmt: skip
    assert [block.text for block in message.content] == ["hello there"]
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.model, span.status, span.finish, span.user) == (model, "ok", "stop", "u1")
    assert (message.usage.input_tokens, message.usage.output_tokens) == (span.input_tokens, span.output_tokens)
    assert span.input_tokens > 0
    assert from_json(span.input)[0] == {"role": "system", "content": "Be kind."}
    assert raw.headers["request-id"]


@EVERYWHERE
@pytest.mark.parametrize("step", [{"text": "one two three"}, {"tool_calls": CALLS}, {"text": "one", "finish": "odd"}])
def test_a_stream_adds_up_to_the_whole_message(sdk, plays, model, step):
    whole = ask(sdk, model, tools=[WEATHER], **plays(model, **step))
    assert said(streamed(sdk, model, tools=[WEATHER], **plays(model, **step))) == said(whole)
    assert whole.usage.output_tokens > 0


@EVERYWHERE
def test_the_events_of_a_stream_come_in_the_order_of_the_api(sdk, plays, model, spans):
    more = plays(model, text="one two")
    with sdk.messages.with_streaming_response.create(
        model=model, max_tokens=100, messages=HELLO, stream=True, **more
    ) as raw:
        events = list(raw.parse())
    assert [event.type for event in events] == [
        "message_start", "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop",
        "message_delta", "message_stop",
    ]  # fmt: skip
    assert events[0].message.model
    assert events[0].message.stop_reason is None
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.stream, span.status, span.output_tokens) == (True, "ok", events[-2].usage.output_tokens)
    assert events[-2].usage.input_tokens == span.input_tokens > 0


@EVERYWHERE
@pytest.mark.parametrize("call", [ask, streamed])
def test_tools_called_in_parallel_and_their_results_sent_back(sdk, plays, model, call):
    more = plays(model, tool_calls=CALLS)
    first = call(sdk, model, tools=[WEATHER], tool_choice={"type": "any"}, **more)
    assert first.stop_reason == "tool_use"
    assert [(block.id, block.name, block.input) for block in first.content] == [
        ("call_1", "weather", {"city": "Bern"}),
        ("call_2", "weather", {"city": "Basel"}),
    ]
    results = [{"type": "tool_result", "tool_use_id": block.id, "content": "rain"} for block in first.content]
    turns = [*HELLO, {"role": "assistant", "content": first.content}, {"role": "user", "content": results}]
    second = call(sdk, model, turns, tools=[WEATHER], **plays(model, text="Rain in both."))
    assert second.content[0].text == "Rain in both."


@pytest.mark.parametrize(
    ("model", "finish", "reason"),
    [
        ("gpt", "stop", "end_turn"),
        ("gpt", "length", "max_tokens"),
        ("gpt", "content_filter", "refusal"),
        ("gpt", "insufficient_system_resource", "insufficient_system_resource"),
        ("echo", "length", "max_tokens"),
        ("claude", "end_turn", "end_turn"),
        ("claude", "max_tokens", "max_tokens"),
        ("claude", "refusal", "refusal"),
        ("claude", "pause_turn", "pause_turn"),
    ],
)
@pytest.mark.parametrize("call", [ask, streamed])
def test_why_a_message_ended_is_said_in_the_words_of_the_api_and_never_made_up(sdk, plays, model, finish, reason, call):
    message = call(sdk, model, **plays(model, text="one", finish=finish))
    assert (message.stop_reason, message.stop_sequence) == (reason, None)


def test_a_call_that_was_forced_ends_in_tool_use_though_openai_says_stop(sdk, plays):
    forced = {"type": "tool", "name": "weather"}
    for call in (ask, streamed):
        more = plays("gpt", tool_calls=CALLS[:1], finish="stop")
        assert call(sdk, "gpt", tools=[WEATHER], tool_choice=forced, **more).stop_reason == "tool_use"


@pytest.mark.parametrize("model", ["gpt", "claude"])
def test_a_schema_for_the_answer(sdk, chat, messages, model):
    config = {"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "low"}
    ask(sdk, model, output_config=config)
    if model == "claude":
        assert messages.received[0].body["output_config"] == config
    else:
        assert chat.received[0].body["response_format"]["json_schema"]["schema"] == SCHEMA
        assert chat.received[0].body["reasoning_effort"] == "low"


@pytest.mark.parametrize("model", ["gpt", "claude"])
def test_images_by_address_and_as_data(sdk, chat, messages, model):
    blocks = [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        {"type": "text", "text": "Which is it?"},
    ]
    ask(sdk, model, [{"role": "user", "content": blocks}])
    if model == "claude":
        assert messages.received[0].body["messages"][0]["content"] == blocks
    else:
        assert chat.received[0].body["messages"][0]["content"] == [
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
            {"type": "text", "text": "Which is it?"},
        ]


@EVERYWHERE
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        (400, anthropic.BadRequestError, "invalid_request_error"),
        (401, anthropic.AuthenticationError, "authentication_error"),
        (403, anthropic.PermissionDeniedError, "permission_error"),
        (404, anthropic.NotFoundError, "not_found_error"),
        (429, anthropic.RateLimitError, "rate_limit_error"),
        (500, anthropic.InternalServerError, "api_error"),
        (529, anthropic.InternalServerError, "overloaded_error"),
    ],
)
def test_an_error_is_the_sdks_own_class(sdk, plays, spans, model, stream, status, kind, word):
    more = plays(model, status=status, error="as scripted", retry_after=3)
    with pytest.raises(kind, match="as scripted") as caught:
        ask(sdk, model, stream=stream, **more)
    assert caught.value.status_code == status
    assert caught.value.body["type"] == "error"
    assert caught.value.body["error"] == {"type": word, "message": caught.value.body["error"]["message"]}
    assert caught.value.response.headers["retry-after"] == "3"
    if model != "echo":
        assert caught.value.request_id == caught.value.response.headers["x-request-id"] == "req_1"
    (span,) = spans(caught.value.response.headers["x-hone-trace-id"])
    assert span.error.startswith("UpstreamRefused:")


@EVERYWHERE
def test_a_cut_stream_never_gets_to_message_stop_and_drops_the_connection(server, plays, model, spans):
    more = plays(model, text="one two three four", cut_after=5)
    body = {"model": model, "max_tokens": 9, "messages": HELLO, "stream": True} | more.get("extra_body", {})
    read = b""
    with (
        pytest.raises(httpx.RemoteProtocolError),
        httpx.stream("POST", f"{server.url}/v1/messages", json=body) as answer,
    ):
        for chunk in answer.iter_bytes():
            read += chunk
    last = read.strip().split(b"\n\n")[-1]
    assert last.startswith(b"event: error\ndata: {")
    assert json.loads(last.partition(b"data: ")[2])["error"]["type"] == "api_error"
    assert b"message_stop" not in read
    assert b"message_delta" not in read
    (span,) = spans(answer.headers["x-hone-trace-id"])
    assert span.error.startswith("UpstreamCut:")
    assert from_json(span.output)["content"].startswith("one")


@EVERYWHERE
def test_a_cut_stream_raises_in_the_sdk(sdk, plays, model):
    with pytest.raises(anthropic.APIError):
        streamed(sdk, model, **plays(model, text="one two three four", cut_after=5))


@EVERYWHERE
def test_a_caller_who_leaves_a_stream_is_recorded_as_cancelled(sdk, chat, messages, plays, model, spans):
    more = plays(model, text="one two three four five six seven", between=0.2)
    with sdk.messages.stream(model=model, max_tokens=9, messages=HELLO, **more) as stream:
        assert next(iter(stream.text_stream)) == "one"
    (span,) = spans()
    assert (span.status, from_json(span.output)["content"][:3]) == ("cancelled", "one")
    if model != "echo":
        upstream = messages if model == "claude" else chat
        end = time.monotonic() + 5
        while not upstream.left and time.monotonic() < end:
            time.sleep(0.05)
        assert upstream.left == 1


def test_pieces_are_passed_on_as_they_come(sdk, plays):
    with sdk.messages.stream(
        model="gpt", max_tokens=9, messages=HELLO, **plays("gpt", text="one two three", between=0.3)
    ) as stream:
        times = [time.monotonic() for _ in stream.text_stream]
    assert len(times) == 3
    assert times[-1] - times[0] > 0.3


# -- in front of a server of the OpenAI dialect


def test_nothing_that_only_anthropic_knows_reaches_another_server(sdk, chat):
    turns = [
        {"role": "user", "content": [{"type": "text", "text": "hello", "cache_control": EPHEMERAL}]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "abc"},
                {"type": "text", "text": "Let me see."},
                {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}},
                {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Bern"},
                 "cache_control": EPHEMERAL},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": "no such city", "is_error": True,
                 "cache_control": EPHEMERAL},
                {"type": "text", "text": "well?", "cache_control": EPHEMERAL},
            ],
        },
    ]  # fmt: skip
    ask(
        sdk,
        "gpt",
        turns,
        system=[
            {"type": "text", "text": "Be kind."},
            {"type": "text", "text": "Be brief.", "cache_control": EPHEMERAL},
        ],
        tools=[{**WEATHER, "cache_control": EPHEMERAL, "eager_input_streaming": True}],
        metadata={"user_id": "u" * 200},
        cache_control=EPHEMERAL,
        stop_sequences=["END"],
        tool_choice={"type": "auto", "disable_parallel_tool_use": True},
        extra_body={"context_management": {"edits": []}, "thinking": {"type": "enabled"}, "vendor": 1},
        extra_headers={"anthropic-beta": "one-2026"},
    )
    assert not [name for name in chat.received[0].headers if name.startswith("anthropic")]
    body = chat.received[0].body
    assert "cache_control" not in json.dumps(body)
    assert body.pop("messages") == [
        {"role": "system", "content": "Be kind.\nBe brief."},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "Let me see.", "tool_calls": [CALLS[0]]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Error: no such city"},
        {"role": "user", "content": "well?"},
    ]
    function = {
        "name": "weather", "description": "Weather of a city.", "parameters": WEATHER["input_schema"],
    }  # fmt: skip
    assert body.pop("tools") == [{"type": "function", "function": function}]
    assert len(body.pop("user")) == 64
    # What a server may understand goes on: whether it does is for it to say.
    assert body == {
        "model": "small", "max_tokens": 100, "stop": ["END"], "tool_choice": "auto", "parallel_tool_calls": False,
        "thinking": {"type": "enabled"}, "vendor": 1,
    }  # fmt: skip


def test_openai_is_told_the_limit_under_the_name_that_its_new_models_want(sdk, chat):
    ask(sdk, "newest")
    assert chat.received[0].body["max_completion_tokens"] == 100
    assert "max_tokens" not in chat.received[0].body


def test_a_router_that_hands_cache_control_to_claude_gets_it(sdk, chat):
    marked = [{"type": "text", "text": "long", "cache_control": EPHEMERAL}]
    ask(sdk, "router", [{"role": "user", "content": marked}])
    assert chat.received[0].body["messages"][0]["content"] == marked


def test_what_tools_show_is_shown_by_the_user_after_all_results(sdk, chat):
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    calls = [{"type": "tool_use", "id": f"call_{n}", "name": "look", "input": {}} for n in (1, 2)]
    results = [
        {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "here"}, image]},
        {"type": "tool_result", "tool_use_id": "call_2", "content": "nothing"},
    ]
    ask(sdk, "gpt", [*HELLO, {"role": "assistant", "content": calls}, {"role": "user", "content": results}])
    assert chat.received[0].body["messages"][2:] == [
        {"role": "tool", "tool_call_id": "call_1", "content": "here"},
        {"role": "tool", "tool_call_id": "call_2", "content": "nothing"},
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}],
        },
    ]


def test_documents_become_files_or_text(sdk, chat):
    pdf = {
        "type": "document",
        "title": "a.pdf",
        "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
    }
    note = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "A note."}}
    ask(sdk, "gpt", [{"role": "user", "content": [pdf, note]}])
    assert chat.received[0].body["messages"][0]["content"] == [
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
        {"type": "text", "text": "A note."},
    ]


COMPLETION = {
    "id": "chatcmpl-7",
    "object": "chat.completion",
    "model": "small",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 100,
        "completion_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
        "completion_tokens_details": {"reasoning_tokens": 5},
    },
}


def whole(**choice):
    body = COMPLETION | {"choices": [COMPLETION["choices"][0] | choice]}
    return {"raw": json.dumps(body), "content_type": "application/json"}


def events(*deltas, finish="stop", usage=COMPLETION["usage"], **last):
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": finish} | last)
    chunks = [{"id": "chatcmpl-7", "model": "small", "choices": [choice]} for choice in choices]
    lines = [json.dumps(chunk) for chunk in [*chunks, {"id": "chatcmpl-7", "choices": [], "usage": usage}]]
    text = "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"])
    return {"raw": text, "content_type": "text/event-stream"}


@pytest.mark.parametrize("call", [ask, streamed])
def test_cached_tokens_are_not_counted_twice(sdk, chat, call):
    chat.script(Step(**(whole() if call is ask else events({"content": "hi"}))))
    message = call(sdk, "gpt")
    assert message.id == "msg_7"
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (30, 60, 10)
    assert (usage.output_tokens, usage.output_tokens_details.thinking_tokens) == (9, 5)


@pytest.mark.parametrize("call", [ask, streamed])
@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_what_a_model_thought_comes_first(sdk, chat, call, name):
    said = {name: "Hm.", "content": "hi"}
    chat.script(Step(**(whole(message=said) if call is ask else events({name: "H"}, {name: "m."}, {"content": "hi"}))))
    thought, text = call(sdk, "gpt").content
    assert (thought.type, thought.thinking, thought.signature, text.text) == ("thinking", "Hm.", "", "hi")


@pytest.mark.parametrize("call", [ask, streamed])
def test_the_stop_sequence_that_ended_a_message_is_named_where_the_server_names_it(sdk, chat, call):
    chat.script(Step(**(whole(stop_reason="END") if call is ask else events({"content": "hi"}, stop_reason="END"))))
    message = call(sdk, "gpt", stop_sequences=["END"])
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "END")


@pytest.mark.parametrize("call", [ask, streamed])
def test_a_refusal_is_text_and_a_stop_reason(sdk, chat, call):
    said = {"content": None, "refusal": "I cannot."}
    chat.script(Step(**(whole(message=said) if call is ask else events(said))))
    message = call(sdk, "gpt")
    assert (message.content[0].text, message.stop_reason) == ("I cannot.", "refusal")


def test_arguments_that_are_no_json_come_in_the_vendors_own_wrapping(sdk, chat):
    broken = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Be'}}
    said = {"role": "assistant", "content": None, "tool_calls": [broken]}
    chat.script(Step(**whole(message=said, finish_reason="length")))
    message = ask(sdk, "gpt", tools=[WEATHER])
    assert (message.stop_reason, message.content[0].input) == ("max_tokens", {"INVALID_JSON": '{"city": "Be'})


def call_piece(index, arguments, **more):
    function = {"arguments": arguments} | ({"name": more.pop("name")} if "name" in more else {})
    return {"tool_calls": [{"index": index, "function": function, **more}]}


def test_text_and_calls_that_come_mixed_are_blocks_one_after_another(sdk, chat):
    chat.script(
        Step(
            **events(
                {"content": "Let me see."},
                call_piece(0, '{"city"', id="call_1", name="weather"),
                call_piece(1, '{"ci', id="call_2", name="weather"),
                call_piece(0, ':"Bern"}'),
                {"content": "And then."},
                call_piece(1, 'ty":"Basel"}'),
                finish="tool_calls",
            )
        )
    )
    open_blocks, found = [], []
    with sdk.messages.stream(model="gpt", max_tokens=9, messages=HELLO, tools=[WEATHER]) as stream:
        for event in stream:
            if event.type == "content_block_start":
                assert open_blocks == []
                open_blocks.append(event.index)
            elif event.type == "content_block_delta":
                assert open_blocks == [event.index]
            elif event.type == "content_block_stop":
                assert open_blocks.pop() == event.index
                found.append(event.index)
        message = stream.get_final_message()
    assert found == list(range(len(message.content)))
    assert [(block.type, getattr(block, "text", None) or block.input) for block in message.content] == [
        ("text", "Let me see."),
        ("tool_use", {"city": "Bern"}),
        ("tool_use", {"city": "Basel"}),
        ("text", "And then."),
    ]


def test_calls_that_all_say_index_0_are_told_apart_by_their_ids(sdk, chat):
    pieces = [
        call_piece(0, json.dumps({"city": city}), id=f"call_{city}", name="weather") for city in ("Bern", "Basel")
    ]
    chat.script(Step(**events(*pieces, finish="tool_calls")))
    message = streamed(sdk, "gpt", tools=[WEATHER])
    assert [(block.id, block.input["city"]) for block in message.content] == [
        ("call_Bern", "Bern"),
        ("call_Basel", "Basel"),
    ]


def test_comments_become_pings(chat, server):
    raw = events({"content": "hi"})["raw"].replace("data: [DONE]", ": still there\n\ndata: [DONE]")
    chat.script(Step(raw=f": early\n\n{raw}", content_type="text/event-stream"))
    body = {"model": "gpt", "max_tokens": 9, "messages": HELLO, "stream": True}
    answer = httpx.post(f"{server.url}/v1/messages", json=body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = answer.text.strip().split("\n\n")
    assert blocks[0] == ": early"  # clients want nothing before `message_start`
    assert blocks[1].startswith("event: message_start")
    assert 'event: ping\ndata: {"type":"ping"}' in blocks


# -- in front of Anthropic


def test_an_anthropic_model_gets_what_the_caller_wrote(sdk, messages):
    turns = [
        {"role": "user", "content": [{"type": "text", "text": "hello", "cache_control": EPHEMERAL}]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "abc"},
                {"type": "redacted_thinking", "data": "xyz"},
                {"type": "text", "text": "Let me see."},
                {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Bern"},
                 "cache_control": EPHEMERAL},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": True, "cache_control": EPHEMERAL,
                 "content": [
                    {"type": "text", "text": "no such city"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
                 ]},
                {"type": "document", "source": {"type": "url", "url": "https://example.org/a.pdf"},
                 "citations": {"enabled": True}},
            ],
        },
    ]  # fmt: skip
    asked = {
        "system": [{"type": "text", "text": "Be kind.", "cache_control": EPHEMERAL}],
        "tools": [
            {**WEATHER, "cache_control": EPHEMERAL, "strict": True},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        ],
        "tool_choice": {"type": "tool", "name": "weather", "disable_parallel_tool_use": True},
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "metadata": {"user_id": "u" * 200},
        "stop_sequences": ["END"],
        "service_tier": "standard_only",
        "cache_control": EPHEMERAL,
    }
    sampling = {"temperature": 1.0, "top_p": 0.5, "top_k": 40}
    ask(sdk, "claude", turns, **asked, extra_body=sampling)
    assert messages.received[0].body == {
        "model": "claude-haiku-4-5", "max_tokens": 100, "messages": turns, **asked, **sampling,
    }  # fmt: skip


def test_a_system_message_between_the_turns_stays_there(sdk, messages, chat):
    turns = [
        {"role": role, "content": [{"type": "text", "text": role}]} for role in ("user", "assistant", "system", "user")
    ]
    for model in ("claude", "gpt"):
        ask(sdk, model, turns, system="Be kind.")
    assert messages.received[0].body["messages"] == turns
    assert messages.received[0].body["system"] == [{"type": "text", "text": "Be kind."}]
    assert [message["content"] for message in chat.received[0].body["messages"]] == [
        "Be kind.", "user", "assistant", "system", "user",
    ]  # fmt: skip


THOUGHTFUL = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5",
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "abc"},
        {"type": "redacted_thinking", "data": "xyz"},
        {"type": "text", "text": "It rains."},
    ],
    "stop_reason": "stop_sequence",
    "stop_sequence": "END",
    "usage": {
        "input_tokens": 30,
        "cache_creation_input_tokens": 10,
        "cache_read_input_tokens": 60,
        "output_tokens": 9,
        "output_tokens_details": {"thinking_tokens": 5},
    },
}


def _event(kind, **fields):
    return f"event: {kind}\ndata: {json.dumps({'type': kind} | fields)}\n\n"


def anthropic_events():
    empty = [
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "redacted_thinking", "data": "xyz"},
        {"type": "text", "text": ""},
    ]
    deltas = [
        [
            {"type": "thinking_delta", "thinking": "H"},
            {"type": "thinking_delta", "thinking": "m."},
            {"type": "signature_delta", "signature": "abc"},
        ],
        [],
        [{"type": "text_delta", "text": "It "}, {"type": "text_delta", "text": "rains."}],
    ]
    begun = THOUGHTFUL | {"content": [], "stop_reason": None, "stop_sequence": None}
    found = [_event("message_start", message=begun)]
    for index, block in enumerate(empty):
        found.append(_event("content_block_start", index=index, content_block=block))
        found += [_event("content_block_delta", index=index, delta=delta) for delta in deltas[index]]
        found.append(_event("content_block_stop", index=index))
    delta = {"stop_reason": "stop_sequence", "stop_sequence": "END"}
    found += [_event("message_delta", delta=delta, usage=THOUGHTFUL["usage"]), _event("message_stop")]
    return "".join(found)


@pytest.mark.parametrize("call", [ask, streamed])
def test_a_message_of_anthropics_arrives_as_it_was_signatures_and_all(sdk, messages, call):
    scripted = (
        Step(raw=json.dumps(THOUGHTFUL), content_type="application/json")
        if call is ask
        else Step(raw=anthropic_events(), content_type="text/event-stream")
    )
    messages.script(scripted)
    message = call(sdk, "claude", stop_sequences=["END"])
    assert message.to_dict(exclude_none=True) == THOUGHTFUL
    ask(sdk, "claude", [*HELLO, {"role": "assistant", "content": message.content}, *HELLO])
    assert messages.received[1].body["messages"][1]["content"] == THOUGHTFUL["content"]


def test_an_error_in_mid_stream_keeps_its_type_and_its_words(server, messages):
    start = _event("message_start", message=THOUGHTFUL | {"content": []})
    start += _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    start += _event("content_block_delta", index=0, delta={"type": "text_delta", "text": "It"})
    said = {"type": "overloaded_error", "message": "too busy"}
    messages.script(Step(raw=start + _event("error", error=said), content_type="text/event-stream"))
    body = {"model": "claude", "max_tokens": 9, "messages": HELLO, "stream": True}
    read = b""
    with (
        pytest.raises(httpx.RemoteProtocolError),
        httpx.stream("POST", f"{server.url}/v1/messages", json=body) as answer,
    ):
        for chunk in answer.iter_bytes():
            read += chunk
    told = json.loads(read.strip().split(b"\n\n")[-1].partition(b"data: ")[2])
    assert told == {"type": "error", "error": said, "request_id": None}


def test_the_page_of_such_a_trace_is_readable(sdk, server):
    blocks = [
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "A note."}},
        {"type": "text", "text": "What does it say?", "cache_control": EPHEMERAL},
    ]
    answered = {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": "Hm.", "signature": "abc"}, *blocks[1:]],
    }
    raw = sdk.messages.with_raw_response.create(
        model="claude", max_tokens=9, messages=[{"role": "user", "content": blocks}, answered, *HELLO]
    )
    page = httpx.get(f"{server.url}/traces/{raw.headers['x-hone-trace-id']}")
    assert page.status_code == 200
    assert "What does it say?" in page.text


def test_beta_features_are_asked_for_at_the_path_and_with_the_header_of_the_sdk(sdk, messages):
    message = sdk.beta.messages.create(model="claude", max_tokens=9, messages=HELLO, betas=["one-2026", "two-2026"])
    assert message.content[0].text == "hello there"
    assert messages.received[0].headers["anthropic-beta"] == "one-2026,two-2026"


def test_a_fallback_to_another_vendor_gets_a_request_it_understands(sdk, messages, chat):
    messages.script(Step(status=529, error="too busy"))
    marked = [{"role": "user", "content": [{"type": "text", "text": "hello", "cache_control": EPHEMERAL}]}]
    assert ask(sdk, "patient", marked).content[0].text == "hello"
    assert chat.received[0].body["messages"] == [{"role": "user", "content": "hello"}]


# -- in front of tasks


@pytest.mark.parametrize("call", [ask, streamed])
def test_a_task_renders_its_prompt_from_the_last_turn(sdk, chat, spans, call):
    turns = [
        *HELLO,
        {"role": "assistant", "content": "hi"},
        {"role": "user", "content": [{"type": "text", "text": "Where?"}]},
    ]
    assert call(sdk, "answer", turns).content[0].text == "Question: Where?"
    assert [message["content"] for message in chat.received[0].body["messages"]] == [
        "Be kind.", "hello there", "hi", "Question: Where?",
    ]  # fmt: skip
    root, model_call = spans(None, 2)
    assert (root.kind, root.task, model_call.parent_id) == ("task", "answer", root.span_id)


@pytest.mark.parametrize("call", [ask, streamed])
def test_a_task_takes_its_input_by_name(sdk, call):
    given = {"hone": {"input": {"first": "tea", "second": "coffee"}}}
    assert call(sdk, "compare", [], extra_body=given).content[0].text == "tea or coffee?"


@pytest.mark.parametrize("call", [ask, streamed])
def test_knowledge_is_quoted(sdk, call):
    message = call(sdk, "look-up", [{"role": "user", "content": "When is a refund paid for a lost parcel?"}])
    assert "fourteen days" in message.content[0].text
    assert (message.model, message.stop_reason) == ("extractive", "end_turn")


# -- what goes wrong before any model is asked


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "truncated"),
        (b"[1]", "Expected `object`"),
        (b'{"messages": []}', "missing required field `model`"),
        (b'{"model": "gpt"}', "`messages` is missing"),
        (b'{"model": "gpt", "messages": [{"role": "user", "content": 7}]}', "Expected `str | array"),
        (b'{"model": "gpt", "messages": [{"role": "tool", "content": ""}]}', "role 'tool'"),
        (b'{"model": "gpt", "messages": [], "tool_choice": {"type": "maybe"}}', "type 'maybe'"),
        (b'{"model": "answer", "messages": [], "hone": {"inputs": {}}}', "unknown field `inputs`"),
        (b'{"model": "gpt", "messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not a messages request"),
        (
            b'{"model": "gpt", "messages": [{"role": "user", "content": [{"type": "tool_result", "content": 3}]}]}',
            "neither a string nor a list",
        ),
    ],
)
def test_a_broken_body_is_a_400_in_the_dialect(server, chat, spans, body, text):
    answer = httpx.post(f"{server.url}/v1/messages", content=body)
    assert answer.status_code == 400
    told = answer.json()
    assert (told["type"], told["error"]["type"]) == ("error", "invalid_request_error")
    assert text in told["error"]["message"]
    assert answer.headers["request-id"] == answer.headers["x-hone-trace-id"]
    (span,) = spans(answer.headers["x-hone-trace-id"])
    assert span.error.startswith("CallError:")
    assert chat.received == []


def test_an_unknown_model_is_not_found(sdk):
    with pytest.raises(anthropic.NotFoundError, match="did you mean `claude`"):
        ask(sdk, "claud")


def test_a_request_over_the_limit(sdk):
    with pytest.raises(anthropic.APIStatusError, match="max_body") as caught:
        ask(sdk, "gpt", [{"role": "user", "content": "x" * 9_000_000}])
    assert (caught.value.status_code, caught.value.body["error"]["type"]) == (413, "request_too_large")


def test_the_guard_speaks_the_dialect_and_takes_the_key_of_the_sdk(house):
    with Server(house, "127.0.0.1", 0, api_key="sesame") as server:

        def with_key(key):
            return anthropic.Anthropic(base_url=server.url, api_key=key, max_retries=0)

        with with_key("sesame") as sdk:
            assert ask(sdk, "echo").content[0].text == "hello there"
        with with_key("wrong") as sdk, pytest.raises(anthropic.AuthenticationError) as caught:
            ask(sdk, "echo")
        assert caught.value.body["error"]["type"] == "authentication_error"


@pytest.mark.parametrize(
    ("method", "path", "status", "word"),
    [
        ("GET", "/v1/messages", 405, "invalid_request_error"),
        ("POST", "/v1/messages/batches", 404, "not_found_error"),
    ],
)
def test_a_door_that_is_not_there_says_so_in_the_dialect(server, method, path, status, word):
    answer = httpx.request(method, server.url + path)
    assert (answer.status_code, answer.json()["type"]) == (status, "error")
    assert answer.json()["error"]["type"] == word


# -- counting


def test_anthropic_counts_its_own_tokens(messages, sdk):
    messages.script(Step(raw='{"input_tokens": 42}', content_type="application/json"))
    raw = sdk.messages.with_raw_response.count_tokens(
        model="claude", messages=HELLO, system="Be kind.", tools=[WEATHER], thinking={"type": "disabled"}
    )
    assert raw.parse().input_tokens == 42
    assert "x-hone-estimate" not in raw.headers
    (request,) = messages.received
    assert request.path == "/v1/messages/count_tokens"
    assert request.body == {
        "model": "claude-haiku-4-5",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hello there"}]}],
        "system": [{"type": "text", "text": "Be kind."}],
        "tools": [WEATHER],
        "thinking": {"type": "disabled"},
    }


def test_the_vendors_refusal_to_count_is_passed_on(sdk, messages):
    messages.script(Step(status=429, error="too many", retry_after=7))
    with pytest.raises(anthropic.RateLimitError, match="too many") as caught:
        sdk.messages.count_tokens(model="claude", messages=HELLO)
    assert caught.value.response.headers["retry-after"] == "7"


def test_elsewhere_a_count_is_an_estimate_that_says_so(sdk, chat):
    def estimated(**asked):
        raw = sdk.messages.with_raw_response.count_tokens(model="gpt", **asked)
        assert raw.headers["x-hone-estimate"] == "true"
        return raw.parse().input_tokens

    plain = estimated(messages=[{"role": "user", "content": "x" * 400}])
    assert plain == 104  # a quarter of the bytes, and four for the turn
    assert estimated(messages=[{"role": "user", "content": "x" * 800}]) == 204
    assert estimated(messages=[{"role": "user", "content": "x" * 400}], tools=[WEATHER]) > plain
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 400_000}}
    assert estimated(messages=[{"role": "user", "content": [image]}]) == 1504
    note = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "y" * 400_000}}
    assert estimated(messages=[{"role": "user", "content": [note]}]) > 100_000
    assert chat.received == []


def test_a_task_is_counted_with_what_its_prompt_adds(sdk):
    counted = sdk.messages.count_tokens(model="answer", messages=[{"role": "user", "content": "x" * 400}])
    assert counted.input_tokens > 104 + 4


def test_nothing_is_recorded_of_a_count(sdk, house):
    sdk.messages.count_tokens(model="gpt", messages=HELLO)
    ask(sdk, "gpt")
    house.telemetry.flush()
    assert len(house.traces.latest().items) == 1
