"""The vendor's own SDK reads our fake upstream: so the fake, and what is recorded here, are in the real dialect."""

from pathlib import Path

import anthropic
import pytest

from hone.testing import FakeAnthropic, Step

RECORDED = Path(__file__).parent / "recorded"
HELLO = {"model": "claude-any", "max_tokens": 100, "messages": [{"role": "user", "content": "hello there"}]}
CALLS = [
    {"id": "toolu_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Zürich"}'}},
    {"id": "toolu_2", "type": "function", "function": {"name": "now", "arguments": "{}"}},
]


@pytest.fixture
def upstream():
    with FakeAnthropic() as server:
        yield server


@pytest.fixture
def sdk(upstream):
    with anthropic.Anthropic(base_url=upstream.url, api_key="any", max_retries=0) as made:
        yield made


def test_a_message(sdk):
    message = sdk.messages.create(**HELLO)
    assert message.content[0].text == "hello there"
    assert (message.role, message.stop_reason, message.usage.output_tokens) == ("assistant", "end_turn", 2)


def test_a_stream(sdk):
    with sdk.messages.stream(**HELLO) as stream:
        assert "".join(stream.text_stream) == "hello there"
        message = stream.get_final_message()
    assert (message.stop_reason, message.usage.output_tokens) == ("end_turn", 2)


def test_tool_calls_whole_and_streamed(sdk, upstream):
    upstream.script(Step(tool_calls=CALLS), Step(tool_calls=CALLS))
    whole = sdk.messages.create(**HELLO)
    with sdk.messages.stream(**HELLO) as stream:
        streamed = stream.get_final_message()
    for message in (whole, streamed):
        found = [(block.id, block.name, block.input) for block in message.content]
        assert found == [("toolu_1", "weather", {"city": "Zürich"}), ("toolu_2", "now", {})]
        assert message.stop_reason == "tool_use"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, anthropic.BadRequestError),
        (401, anthropic.AuthenticationError),
        (403, anthropic.PermissionDeniedError),
        (404, anthropic.NotFoundError),
        (429, anthropic.RateLimitError),
        (500, anthropic.InternalServerError),
        (529, anthropic.InternalServerError),
    ],
)
def test_errors_are_the_sdks_own_classes(sdk, upstream, status, kind):
    upstream.script(Step(status=status, error="as scripted"))
    with pytest.raises(kind, match="as scripted") as caught:
        sdk.messages.create(**HELLO)
    assert (caught.value.status_code, caught.value.request_id) == (status, "req_1")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"seed": 7}, "seed: Extra inputs"),
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"temperature": 1.5}, "temperature"),
        ({"tool_choice": {"type": "auto"}}, "tool_choice"),
        ({"metadata": {"team": "blue"}}, "metadata"),
        ({"messages": [{"role": "system", "content": "Be kind."}]}, "role"),
        ({"messages": [{"role": "user", "content": ""}]}, "non-empty"),
        ({"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "x"}]}]}, "tool_use"),
    ],
)
def test_it_refuses_what_the_vendor_refuses(sdk, fields, said):
    with pytest.raises(anthropic.BadRequestError, match=said):
        sdk.messages.create(**HELLO, extra_body=fields)


def test_what_is_recorded_here_is_in_the_dialect(sdk, upstream):
    upstream.script(
        Step(raw=(RECORDED / "message.json").read_text(), content_type="application/json"),
        Step(raw=(RECORDED / "text.sse").read_text(), content_type="text/event-stream"),
        Step(raw=(RECORDED / "thinking_and_tools.sse").read_text(), content_type="text/event-stream"),
    )
    message = sdk.messages.create(**HELLO)
    with sdk.messages.stream(**HELLO) as stream:
        text = stream.get_final_message()
    with sdk.messages.stream(**HELLO) as stream:
        tools = stream.get_final_message()
    assert message.usage.cache_read_input_tokens == 1000
    assert text.content[0].text == "Grüezi 世界 🌍!"
    kinds = ["thinking", "redacted_thinking", "text", "server_tool_use", "tool_use", "tool_use"]
    assert [block.type for block in tools.content] == kinds
    assert tools.content[4].input == {"city": "Zürich"}
