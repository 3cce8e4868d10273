"""From the OpenAI dialect to the Messages API: what is said otherwise there, what goes through, what is left out."""

import pytest

from hone.errors import CallError
from hone.providers.anthropic._request import LEFT_OUT, MAX_TOKENS, translate

HELLO = {"role": "user", "content": "hello"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bern"}'}}
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        "strict": True,
    },
}


def sent(*messages, **fields):
    return translate({"model": "m", "messages": list(messages or [HELLO]), **fields}, stream=False)


def text(said):
    return {"type": "text", "text": said}


def test_the_smallest_request():
    assert sent() == {
        "model": "m",
        "messages": [{"role": "user", "content": [text("hello")]}],
        "max_tokens": MAX_TOKENS,
    }


def test_a_stream_is_asked_for_as_such():
    assert translate({"model": "m", "messages": [HELLO]}, stream=True)["stream"] is True


def test_system_and_developer_messages_become_the_system_wherever_they_stood():
    body = sent({"role": "system", "content": "Be kind."}, HELLO, {"role": "developer", "content": "Be brief."})
    assert body["system"] == [text("Be kind."), text("Be brief.")]
    assert body["messages"] == [{"role": "user", "content": [text("hello")]}]


def test_a_system_field_of_the_vendors_own_stands_before_them():
    body = sent({"role": "system", "content": "Be kind."}, HELLO, system="You are Claude.")
    assert body["system"] == [text("You are Claude."), text("Be kind.")]


def test_turns_of_one_role_in_a_row_become_one():
    body = sent(HELLO, {"role": "user", "content": [text("are you there?")]}, {"role": "assistant", "content": "Yes."})
    assert body["messages"] == [
        {"role": "user", "content": [text("hello"), text("are you there?")]},
        {"role": "assistant", "content": [text("Yes.")]},
    ]


def test_empty_texts_are_left_out_because_the_api_refuses_them():
    body = sent(HELLO, {"role": "assistant", "content": ""}, {"role": "user", "content": "well?"})
    assert body["messages"] == [{"role": "user", "content": [text("hello"), text("well?")]}]


def test_tool_calls_and_their_results_become_blocks_the_results_in_one_turn():
    second = {"id": "call_2", "type": "function", "function": {"name": "now", "arguments": ""}}
    body = sent(
        HELLO,
        {"role": "assistant", "content": None, "tool_calls": [CALL, second]},
        {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
        {"role": "tool", "tool_call_id": "call_2", "content": ""},
        {"role": "user", "content": "and?"},
    )
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Bern"}},
                {"type": "tool_use", "id": "call_2", "name": "now", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": [text("rain")]},
                {"type": "tool_result", "tool_use_id": "call_2"},
                text("and?"),
            ],
        },
    ]


def test_what_was_thought_goes_back_first_with_its_signature():
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "abc"}
    message = {
        "role": "assistant", "content": "Let me see.", "reasoning_content": "Hm.", "thinking_blocks": [thought],
        "tool_calls": [CALL],
    }  # fmt: skip
    content = sent(HELLO, message)["messages"][1]["content"]
    assert [block["type"] for block in content] == ["thinking", "text", "tool_use"]
    assert content[0] == thought


def test_images_come_by_address_or_as_data():
    parts = [
        text("which?"),
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "high"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
    ]
    (turn,) = sent({"role": "user", "content": parts})["messages"]
    assert turn["content"][1:] == [
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
    ]


def test_blocks_of_the_vendors_own_stay_as_they_are():
    document = {"type": "document", "source": {"type": "url", "url": "https://example.org/a.pdf"}}
    marked = {"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}
    (turn,) = sent({"role": "user", "content": [document, marked]})["messages"]
    assert turn["content"] == [document, marked]


def test_tools_become_tools_with_an_input_schema_and_the_vendors_own_stay():
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
    bare = {"type": "function", "function": {"name": "now"}, "cache_control": {"type": "ephemeral"}}
    assert sent(tools=[WEATHER, bare, search])["tools"] == [
        {
            "name": "weather",
            "description": "Weather of a city.",
            "strict": True,
            "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
        {
            "name": "now",
            "input_schema": {"type": "object", "properties": {}},
            "cache_control": {"type": "ephemeral"},
        },
        search,
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"tool_choice": "auto"}, {"type": "auto"}),
        ({"tool_choice": "none"}, {"type": "none"}),
        ({"tool_choice": "required"}, {"type": "any"}),
        ({"tool_choice": {"type": "function", "function": {"name": "weather"}}}, {"type": "tool", "name": "weather"}),
        ({"tool_choice": {"type": "tool", "name": "weather"}}, {"type": "tool", "name": "weather"}),
        ({"parallel_tool_calls": True}, None),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        (
            {"parallel_tool_calls": False, "tool_choice": "required"},
            {"type": "any", "disable_parallel_tool_use": True},
        ),
        ({"parallel_tool_calls": False, "tool_choice": "none"}, {"type": "none"}),
    ],
)
def test_the_choice_among_tools(given, expected):
    assert sent(tools=[WEATHER], **given).get("tool_choice") == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, MAX_TOKENS),
        ({"max_tokens": 10}, 10),
        ({"max_completion_tokens": 20}, 20),
        ({"max_tokens": 10, "max_completion_tokens": 20}, 20),
        ({"max_tokens": None}, MAX_TOKENS),
        ({"max_tokens": 0}, 0),
    ],
)
def test_how_much_may_be_said(given, expected):
    assert sent(**given)["max_tokens"] == expected


def test_where_to_stop():
    assert sent(stop="END")["stop_sequences"] == ["END"]
    assert sent(stop=["a", "b"])["stop_sequences"] == ["a", "b"]


def test_temperature_goes_to_one_there_and_zero_is_kept():
    assert sent(temperature=0)["temperature"] == 0
    assert sent(temperature=0.7)["temperature"] == 0.7
    assert sent(temperature=1.5)["temperature"] == 1


def test_the_end_user_is_named_where_the_api_looks_for_it():
    assert sent(user="u1")["metadata"] == {"user_id": "u1"}
    assert sent(safety_identifier="u2")["metadata"] == {"user_id": "u2"}
    assert sent(metadata={"user_id": "u3", "team": "blue"}, user="u1")["metadata"] == {"user_id": "u3"}
    assert "metadata" not in sent(metadata={"team": "blue"})


def test_a_json_schema_for_the_answer_becomes_the_output_format():
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
    assert sent(response_format=wanted, output_config={"effort": "low"})["output_config"] == {
        "effort": "low",
        "format": {"type": "json_schema", "schema": schema},
    }
    assert "output_config" not in sent(response_format={"type": "json_object"})


def test_fields_of_the_vendors_own_go_through():
    thinking = {"type": "enabled", "budget_tokens": 2048}
    body = sent(thinking=thinking, top_k=5, top_p=0.9, output_config={"effort": "low"}, not_yet_known=[1, None])
    assert (body["thinking"], body["top_k"], body["top_p"]) == (thinking, 5, 0.9)
    assert (body["output_config"], body["not_yet_known"]) == ({"effort": "low"}, [1, None])


def test_fields_that_only_the_openai_dialect_knows_are_left_out():
    assert sent(**dict.fromkeys(LEFT_OUT - {"n"}, "x"), n=1, service_tier="flex") == sent()
    assert sent(service_tier="auto")["service_tier"] == "auto"


@pytest.mark.parametrize(
    ("messages", "fields", "said"),
    [
        ([HELLO], {"n": 2}, "one choice, not n = 2"),
        ([HELLO], {"functions": [{"name": "f"}]}, "declare them as `tools`"),
        ([HELLO], {"tools": "weather"}, r"Expected `array | null`, got `str` - at `\$.tools`"),
        ([{"role": "user", "content": 5}], {}, r"at `\$.messages\[0\].content`"),
        ([{"role": "function", "content": "5"}], {}, "role 'function'"),
        ([{"role": "tool", "content": "5"}], {}, "no tool_call_id"),
        ([{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}], {}, "'input_audio'"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}], {}, "has no url"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], {}, "has no url"),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/svg+xml,<svg/>"}}]}],
            {},
            "not base64",
        ),
        (
            [{"role": "assistant", "tool_calls": [CALL | {"function": {"name": "f", "arguments": "{"}}]}],
            {},
            "arguments of tool call 'call_1'",
        ),
    ],
)
def test_what_cannot_be_asked_is_the_callers_move(messages, fields, said):
    with pytest.raises(CallError, match=said.replace("|", r"\|")):
        sent(*messages, **fields)
