"""Items of a response request as messages and tools of the chat dialect."""

import pytest

from hone.errors import CallError
from hone.server.openai.responses._thinking import packed, unpacked
from hone.server.openai.responses._tools import tools_and_choice
from hone.server.openai.responses._turns import messages_in

BLOCKS = [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}]


def call(call_id: str) -> dict:
    return {"type": "function_call", "id": f"fc_{call_id}", "call_id": call_id, "name": "f", "arguments": "{}"}


def chat_call(call_id: str) -> dict:
    return {"id": call_id, "type": "function", "function": {"name": "f", "arguments": "{}"}}


def result(call_id: str, output="done") -> dict:
    return {"type": "function_call_output", "call_id": call_id, "output": output}


def said(text: str) -> dict:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def thought(text: str | None = None, blocks: list | None = None) -> dict:
    content = None if text is None else [{"type": "reasoning_text", "text": text}]
    return {
        "type": "reasoning",
        "id": "rs",
        "summary": [],
        "content": content,
        "encrypted_content": packed(blocks or []),
    }


def test_a_string_is_the_users_turn_and_instructions_stand_first():
    assert messages_in("hi", "Be kind.") == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "hi"},
    ]


def test_what_the_assistant_said_and_its_calls_are_one_message():
    assert messages_in([said("Let me see."), call("a"), call("b"), result("a"), result("b")], None) == [
        {"role": "assistant", "content": "Let me see.", "tool_calls": [chat_call("a"), chat_call("b")]},
        {"role": "tool", "tool_call_id": "a", "content": "done"},
        {"role": "tool", "tool_call_id": "b", "content": "done"},
    ]


def test_a_call_after_a_result_begins_a_new_message():
    roles = [message["role"] for message in messages_in([call("a"), result("a"), call("b"), result("b")], None)]
    assert roles == ["assistant", "tool", "assistant", "tool"]


def test_what_is_said_after_a_call_does_not_part_it_from_its_result():
    messages = messages_in([said("one "), call("a"), said("two"), result("a")], None)
    assert [message["role"] for message in messages] == ["assistant", "tool"]
    assert messages[0]["content"] == "one two"


def test_two_answers_in_a_row_stay_two():
    assert [message["content"] for message in messages_in([said("one"), said("two")], None)] == ["one", "two"]


def test_reasoning_goes_back_with_the_call_it_led_to_and_only_there():
    with_call, _, answer, _ = messages_in(
        [thought("hm"), call("a"), result("a"), thought("so"), said("yes"), {"role": "user", "content": "ok"}], None
    )
    assert with_call["reasoning_content"] == "hm"
    assert "reasoning_content" not in answer


def test_reasoning_that_led_to_two_calls_goes_back_once():
    (message,) = messages_in([thought("hm"), call("a"), call("b")], None)
    assert message["reasoning_content"] == "hm"


def test_what_was_thought_before_somebody_else_spoke_is_left_out():
    _, message = messages_in([thought("hm", BLOCKS), {"role": "user", "content": "and?"}, call("a")], None)
    assert message.keys() == {"role", "content", "tool_calls"}


def test_signed_thinking_opens_the_message_it_belongs_to():
    (message,) = messages_in([thought("hm", BLOCKS), said("yes"), thought(blocks=BLOCKS), call("a")], None)
    assert message["thinking_blocks"] == [*BLOCKS, *BLOCKS]
    assert (message["content"], message["tool_calls"]) == ("yes", [chat_call("a")])


def test_thinking_that_another_server_sealed_is_left_out():
    assert messages_in([{"type": "reasoning", "encrypted_content": "gAAAA"}, said("yes")], None) == [
        {"role": "assistant", "content": "yes"}
    ]


def test_thinking_survives_the_way_there_and_back():
    assert unpacked(packed(BLOCKS), "input[0]") == BLOCKS
    assert packed([]) is None
    with pytest.raises(CallError, match="not what hone gave"):
        unpacked(f"{packed(BLOCKS)}!", "input[0]")


def test_a_refusal_of_an_earlier_answer_stays_one():
    item = {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    assert messages_in([item], None)[0]["content"] == [{"type": "refusal", "refusal": "No."}]


@pytest.mark.parametrize(
    ("part", "made"),
    [
        ({"type": "input_text", "text": "a"}, "a"),
        (
            {"type": "input_text", "text": "a", "cache_control": {"type": "ephemeral"}},
            [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}],
        ),
        (
            {"type": "input_image", "image_url": "https://x/y.png", "file_id": None},
            [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}],
        ),
        (
            {"type": "input_file", "file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf"},
            [{"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf"}}],
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
            [{"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}}],
        ),
    ],
)
def test_a_part_becomes_its_counterpart(part, made):
    assert messages_in([{"role": "user", "content": [part]}], None)[0]["content"] == made
    assert messages_in([call("a"), result("a", [part])], None)[1]["content"] == made


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ({"type": "input_file", "file_url": "https://x"}, "fetches no `file_url`"),
        ({"type": "input_file"}, "no `file_data`"),
        ({"type": "input_image"}, "no `image_url`"),
        ({"type": "input_text"}, r"input\[0\].content\[0\].text` must be a string"),
        ({"type": "smell"}, "'smell' cannot be sent"),
    ],
)
def test_a_part_without_a_counterpart_is_the_callers_move(part, problem):
    with pytest.raises(CallError, match=problem):
        messages_in([{"role": "user", "content": [part]}], None)


def test_an_assistant_says_no_images():
    with pytest.raises(CallError, match="says no part of the type 'input_image'"):
        messages_in([{"role": "assistant", "content": [{"type": "input_image"}]}], None)


WEATHER = {"type": "function", "name": "weather", "parameters": {}, "strict": None, "defer_loading": False}
TIME = {"type": "function", "name": "time", "cache_control": {"type": "ephemeral"}}
CHAT_WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {}}}
CHAT_TIME = {"type": "function", "function": {"name": "time"}, "cache_control": {"type": "ephemeral"}}


@pytest.mark.parametrize(
    ("choice", "made"),
    [
        (None, {"tools": [CHAT_WEATHER, CHAT_TIME]}),
        ("none", {"tools": [CHAT_WEATHER, CHAT_TIME], "tool_choice": "none"}),
        (
            {"type": "function", "name": "time"},
            {
                "tools": [CHAT_WEATHER, CHAT_TIME],
                "tool_choice": {"type": "function", "function": {"name": "time"}},
            },
        ),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "time"}]},
            {"tools": [CHAT_TIME], "tool_choice": "required"},
        ),
    ],
)
def test_tools_and_the_choice_among_them(choice, made):
    assert tools_and_choice([WEATHER, TIME], choice) == made


@pytest.mark.parametrize(
    ("tools", "choice", "problem"),
    [
        ([{"type": "mcp"}], None, "'mcp' is a tool that its vendor runs"),
        ([CHAT_WEATHER], None, "has no name"),
        ([WEATHER], {"type": "mcp"}, "no tool of the type 'mcp'"),
        ([WEATHER], {"type": "allowed_tools", "tools": [{"type": "function", "name": "time"}]}, "allows 'time'"),
        ([WEATHER], {"type": "allowed_tools", "tools": []}, "allows no tool"),
    ],
)
def test_a_tool_that_nobody_here_can_run_is_refused(tools, choice, problem):
    with pytest.raises(CallError, match=problem):
        tools_and_choice(tools, choice)
