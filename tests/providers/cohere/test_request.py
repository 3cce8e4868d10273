"""From the OpenAI dialect to Cohere's: what is said otherwise there, what goes through, what is left out."""

import pytest

from hone.errors import CallError
from hone.providers._asked import LEFT_OUT
from hone.providers.cohere._request import translate

HELLO = {"role": "user", "content": "hello"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bern"}'}}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = {"type": "function", "function": {"name": "weather", "description": "Of a city.", "parameters": SCHEMA}}
NOW = {"type": "function", "function": {"name": "now"}}


def sent(*messages, **fields):
    return translate({"model": "m", "messages": list(messages or [HELLO]), **fields}, stream=False)


def test_the_smallest_request():
    assert sent() == {"model": "m", "messages": [HELLO]}


def test_a_stream_is_asked_for_as_such():
    assert translate({"model": "m", "messages": [HELLO]}, stream=True)["stream"] is True


def test_a_developer_speaks_as_the_system():
    body = sent({"role": "developer", "content": "Be brief."}, {"role": "system", "content": "Be kind."}, HELLO)
    assert [turn["role"] for turn in body["messages"]] == ["system", "system", "user"]


@pytest.mark.parametrize(
    ("field", "becomes"),
    [
        ({"max_tokens": 5, "max_completion_tokens": 7}, {"max_tokens": 7}),
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"stop": "END"}, {"stop_sequences": ["END"]}),
        ({"stop": ["A", "B"]}, {"stop_sequences": ["A", "B"]}),
        ({"top_p": 1.0}, {"p": 0.99}),
        ({"top_p": 0}, {"p": 0.01}),
        ({"top_p": 0.5}, {"p": 0.5}),
        ({"top_k": 40}, {"k": 40}),
        ({"k": 40}, {"k": 40}),
        ({"temperature": 0}, {"temperature": 0}),
        ({"frequency_penalty": 0, "presence_penalty": 0.5}, {"presence_penalty": 0.5}),
        ({"frequency_penalty": 2, "presence_penalty": -1}, {"frequency_penalty": 1}),
        ({"seed": 7}, {"seed": 7}),
        ({"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
        ({"reasoning_effort": "high"}, {}),
        ({"thinking": {"type": "enabled"}, "reasoning_effort": "none"}, {"thinking": {"type": "enabled"}}),
        ({"safety_mode": "STRICT", "documents": ["a"]}, {"safety_mode": "STRICT", "documents": ["a"]}),
        ({"seed": None, "stop": None, "n": 1, "parallel_tool_calls": False, "service_tier": "auto"}, {}),
        ({"response_format": {"type": "text"}}, {"response_format": {"type": "text"}}),
        ({"response_format": {"type": "json_object"}}, {"response_format": {"type": "json_object"}}),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "x", "strict": True, "schema": SCHEMA},
                }
            },
            {"response_format": {"type": "json_object", "json_schema": SCHEMA}},
        ),
        (
            {"response_format": {"type": "json_object", "json_schema": SCHEMA}},
            {"response_format": {"type": "json_object", "json_schema": SCHEMA}},
        ),
    ],
)
def test_fields(field, becomes):
    assert sent(**field) == {"model": "m", "messages": [HELLO]} | becomes


def test_fields_without_a_counterpart_are_left_out():
    assert sent(**dict.fromkeys(LEFT_OUT, "anything")).keys() == {"model", "messages"}


def test_tools():
    function = {"name": "now", "parameters": {"type": "object", "properties": {}}}
    assert sent(tools=[WEATHER, NOW])["tools"] == [WEATHER, {"type": "function", "function": function}]


def test_one_strict_tool_makes_all_strict_because_the_api_knows_no_other_way():
    strict = {"type": "function", "function": WEATHER["function"] | {"strict": True}}
    body = sent(tools=[strict, NOW])
    assert body["strict_tools"] is True
    assert body["tools"][0] == WEATHER


@pytest.mark.parametrize(("choice", "word"), [("auto", None), (None, None), ("none", "NONE"), ("required", "REQUIRED")])
def test_how_tools_are_chosen(choice, word):
    body = sent(tools=[WEATHER, NOW], tool_choice=choice)
    assert (body.get("tool_choice"), len(body["tools"])) == (word, 2)


def test_a_tool_that_must_be_called_is_the_only_one_sent():
    body = sent(tools=[WEATHER, NOW], tool_choice={"type": "function", "function": {"name": "weather"}})
    assert (body["tool_choice"], body["tools"]) == ("REQUIRED", [WEATHER])


def test_a_choice_without_tools_is_none():
    assert "tool_choice" not in sent(tool_choice="required")


def test_tool_calls_and_their_results():
    assistant = {"role": "assistant", "content": None, "tool_calls": [CALL | {"index": 0}]}
    result = {"role": "tool", "tool_call_id": "call_1", "content": "rain", "name": "weather"}
    assert sent(HELLO, assistant, result)["messages"][1:] == [
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
    ]


def test_what_was_planned_and_thought_goes_back_with_its_tool_calls():
    assistant = {
        "role": "assistant", "content": None, "tool_calls": [CALL],
        "reasoning_content": "Two cities. I will look.", "tool_plan": "I will look.",
    }  # fmt: skip
    assert sent(HELLO, assistant)["messages"][1] == {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": "Two cities. "}],
        "tool_plan": "I will look.",
        "tool_calls": [CALL],
    }


def test_what_was_thought_before_an_answer_does_not_go_back():
    assistant = {"role": "assistant", "content": "Hi.", "reasoning_content": "Be polite."}
    assert sent(HELLO, assistant)["messages"][1] == {"role": "assistant", "content": "Hi."}


def test_images_go_through_by_address_and_inline():
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
    ]
    assert sent({"role": "user", "content": parts})["messages"][0]["content"] == parts


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
        ([HELLO], {"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "type 'custom'"),
        ([HELLO], {"tools": [WEATHER], "tool_choice": {"type": "allowed_tools"}}, "tool_choice"),
        ([HELLO], {"tools": [WEATHER], "tool_choice": {"function": {"name": "x"}}}, "not among the tools"),
    ],
)
def test_what_cannot_be_asked_is_the_callers_move(messages, fields, said):
    with pytest.raises(CallError, match=said):
        sent(*messages, **fields)
