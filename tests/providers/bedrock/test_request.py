"""From the OpenAI dialect to Converse. Every translation here is held against the API's own published model."""

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from hone.errors import CallError
from hone.providers._asked import LEFT_OUT
from hone.providers.bedrock._request import translate

HELLO = {"role": "user", "content": "hello"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bern"}'}}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = {"type": "function", "function": {"name": "weather", "description": "Of a city.", "parameters": SCHEMA}}
SPEC = {"toolSpec": {"name": "weather", "description": "Of a city.", "inputSchema": {"json": SCHEMA}}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/jpg;base64,iVBORw0KGgo="}}


@pytest.fixture(scope="module")
def published():
    return Session().get_service_model("bedrock-runtime").operation_model("Converse").input_shape


@pytest.fixture
def sent(published):
    def send(*messages, **fields):
        body = translate({"model": "m", "messages": list(messages or [HELLO]), **fields})
        report = ParamValidator().validate(body | {"modelId": "m"}, published)
        assert not report.has_errors(), report.generate_report()
        return body

    return send


def user(*blocks):
    return {"role": "user", "content": list(blocks)}


def text(said):
    return {"text": said}


def test_the_smallest_request(sent):
    assert sent() == {"messages": [user(text("hello"))]}


def test_system_and_developer_messages_become_the_system_wherever_they_stood(sent):
    body = sent({"role": "system", "content": "Be kind."}, HELLO, {"role": "developer", "content": "Be brief."})
    assert body == {"system": [text("Be kind."), text("Be brief.")], "messages": [user(text("hello"))]}


def test_turns_of_one_role_in_a_row_become_one(sent):
    body = sent(HELLO, {"role": "user", "content": [{"type": "text", "text": "well?"}]})
    assert body["messages"] == [user(text("hello"), text("well?"))]


def test_blank_texts_are_left_out_because_they_would_be_refused(sent):
    body = sent(HELLO, {"role": "assistant", "content": " \n"}, {"role": "user", "content": "well?"})
    assert body["messages"] == [user(text("hello"), text("well?"))]


def test_tool_calls_and_their_results_in_one_turn(sent):
    second = {"id": "call_2", "type": "function", "function": {"name": "now", "arguments": ""}}
    body = sent(
        HELLO,
        {"role": "assistant", "content": "Let me look.", "tool_calls": [CALL, second]},
        {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
        {"role": "tool", "tool_call_id": "call_2", "content": [IMAGE]},
        {"role": "user", "content": "and?"},
        tools=[WEATHER],
    )
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                text("Let me look."),
                {"toolUse": {"toolUseId": "call_1", "name": "weather", "input": {"city": "Bern"}}},
                {"toolUse": {"toolUseId": "call_2", "name": "now", "input": {}}},
            ],
        },
        user(
            {"toolResult": {"toolUseId": "call_1", "content": [text("rain")]}},
            {
                "toolResult": {
                    "toolUseId": "call_2",
                    "content": [{"image": {"format": "jpeg", "source": {"bytes": "iVBORw0KGgo="}}}],
                }
            },
            text("and?"),
        ),
    ]


def test_what_was_thought_opens_the_turn_if_it_is_signed(sent):
    blocks = [
        {"type": "thinking", "thinking": "Bern.", "signature": "sig", "index": 0},
        {"type": "redacted_thinking", "data": "EmwK", "index": 1},
        {"type": "thinking", "thinking": "Unsigned."},
    ]
    said = {"role": "assistant", "content": "Rain.", "reasoning_content": "Bern.", "thinking_blocks": blocks}
    assert sent(HELLO, said)["messages"][1]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "Bern.", "signature": "sig"}}},
        {"reasoningContent": {"redactedContent": "EmwK"}},
        text("Rain."),
    ]


def test_blocks_of_converses_own_stay_as_they_are(sent):
    document = {"document": {"format": "pdf", "name": "a", "source": {"bytes": "AA=="}}}
    assert sent({"role": "user", "content": [document, {"cachePoint": {"type": "default"}}]})["messages"] == [
        user(document, {"cachePoint": {"type": "default"}})
    ]


def test_what_is_to_be_cached_is_marked_as_anthropics_own_api_has_it(sent):
    marked = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    point = {"cachePoint": {"type": "default", "ttl": "1h"}}
    body = sent(
        {"role": "system", "content": [{"type": "text", "text": "Long."} | marked]},
        HELLO,
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "rain"} | marked]},
        tools=[WEATHER | {"cache_control": {"type": "ephemeral"}}],
    )
    assert body["system"] == [text("Long."), point]
    result = {"toolResult": {"toolUseId": "call_1", "content": [text("rain")]}}
    assert body["messages"][2] == user(result, point)
    assert body["toolConfig"]["tools"] == [SPEC, {"cachePoint": {"type": "default"}}]


@pytest.mark.parametrize(
    ("field", "becomes"),
    [
        ({"max_tokens": 5, "max_completion_tokens": 7}, {"inferenceConfig": {"maxTokens": 7}}),
        ({"temperature": 1.5, "top_p": 0.5}, {"inferenceConfig": {"temperature": 1.0, "topP": 0.5}}),
        ({"stop": "END"}, {"inferenceConfig": {"stopSequences": ["END"]}}),
        ({"stop": ["A", "B"]}, {"inferenceConfig": {"stopSequences": ["A", "B"]}}),
        ({"inferenceConfig": {"maxTokens": 9}, "max_tokens": 5}, {"inferenceConfig": {"maxTokens": 9}}),
        ({"top_k": 40, "thinking": {"type": "enabled"}},
         {"additionalModelRequestFields": {"top_k": 40, "thinking": {"type": "enabled"}}}),
        ({"top_k": 40, "additionalModelRequestFields": {"top_k": 5, "x": 1}},
         {"additionalModelRequestFields": {"top_k": 5, "x": 1}}),
        ({"guardrailConfig": {"guardrailIdentifier": "a1", "guardrailVersion": "1"}},
         {"guardrailConfig": {"guardrailIdentifier": "a1", "guardrailVersion": "1"}}),
        ({"service_tier": "flex"}, {"serviceTier": {"type": "flex"}}),
        ({"service_tier": "auto"}, {}),
        ({"response_format": {"type": "json_object"}}, {}),
        ({"seed": 7, "frequency_penalty": 1, "presence_penalty": 1, "reasoning_effort": "low", "n": 1}, {}),
        ({"parallel_tool_calls": False, "stream": True, "temperature": None, "top_k": None}, {}),
    ],
)  # fmt: skip
def test_fields(sent, field, becomes):
    assert sent(**field) == {"messages": [user(text("hello"))]} | becomes


def test_fields_without_a_counterpart_are_left_out(sent):
    assert sent(**dict.fromkeys(LEFT_OUT, "anything")).keys() == {"messages"}


def test_a_json_schema_for_the_answer_is_text_there(sent):
    described = {"name": "place", "description": "A place.", "schema": SCHEMA, "strict": True}
    body = sent(response_format={"type": "json_schema", "json_schema": described})
    schema = {"schema": '{"type":"object","properties":{"city":{"type":"string"}}}', "name": "place"}
    schema |= {"description": "A place."}
    assert body["outputConfig"] == {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}


@pytest.mark.parametrize(
    ("choice", "becomes"),
    [
        (None, {}),
        ("auto", {}),
        ("required", {"toolChoice": {"any": {}}}),
        ({"type": "function", "function": {"name": "weather"}}, {"toolChoice": {"tool": {"name": "weather"}}}),
    ],
)
def test_how_tools_are_chosen(sent, choice, becomes):
    assert sent(tools=[WEATHER], tool_choice=choice)["toolConfig"] == {"tools": [SPEC]} | becomes


def test_tools_that_must_not_be_called_are_not_sent(sent):
    assert "toolConfig" not in sent(tools=[WEATHER], tool_choice="none")


def test_a_tool_without_parameters_a_strict_one_and_one_of_the_vendors_own(sent):
    tools = [
        {"type": "function", "function": {"name": "now", "description": "", "strict": True}},
        {"systemTool": {"name": "nova_grounding"}},
    ]
    spec = {"name": "now", "inputSchema": {"json": {"type": "object", "properties": {}}}, "strict": True}
    assert sent(tools=tools)["toolConfig"]["tools"] == [{"toolSpec": spec}, tools[1]]


@pytest.mark.parametrize(
    ("messages", "fields", "said"),
    [
        ([HELLO], {"n": 2}, "one choice"),
        ([HELLO], {"functions": [{}]}, "functions"),
        ([HELLO], {"messages": "hello"}, "not a chat completion request"),
        ([{"role": "critic", "content": "x"}], {}, "role 'critic'"),
        ([{"role": "tool", "content": "x"}], {}, "no tool_call_id"),
        ([{"role": "user", "content": [{"type": "input_audio"}]}], {}, "input_audio"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], {}, "has no url"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": "https://a/b.png"}]}], {}, "not by address"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": "data:image/png,x"}]}], {}, "not base64"),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": "data:image/svg+xml;base64,x"}]}],
            {},
            "no images of the type 'image/svg",
        ),
        (
            [{"role": "assistant", "tool_calls": [CALL | {"function": {"name": "f", "arguments": "{"}}]}],
            {},
            "arguments of tool call 'call_1'",
        ),
        ([HELLO], {"tools": [WEATHER], "tool_choice": {"type": "allowed_tools"}}, "tool_choice"),
    ],
)
def test_what_cannot_be_asked_is_the_callers_move(sent, messages, fields, said):
    with pytest.raises(CallError, match=said):
        sent(*messages, **fields)
