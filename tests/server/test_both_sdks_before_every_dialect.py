"""The official Anthropic SDK, and OpenAI's responses, in front of every dialect that a vendor may speak behind hone."""

import base64
import json

import anthropic
import openai
import pytest

from hone.local import House
from hone.server import Server
from hone.testing import FakeAnthropic, FakeBedrock, FakeCohere, FakeGoogle, FakeUpstream, Step

UPSTREAMS = {
    "openai-compatible/small": FakeUpstream,
    "anthropic/claude-haiku-4-5": FakeAnthropic,
    "google/gemini-2.5-flash": FakeGoogle,
    "cohere/command-a-03-2025": FakeCohere,
    "bedrock/us.amazon.nova-lite-v1:0": FakeBedrock,
}
HELLO = [{"role": "user", "content": "hello there"}]
SCHEMA = {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False,
}  # fmt: skip
WEATHER = {"name": "weather", "description": "The weather of a city.", "input_schema": SCHEMA}
CALLS = [
    {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}},
    {"id": "call_2", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Basel"}'}},
]
PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fcffff3f030005fe02fea7"
        "35819d0000000049454e44ae426082"
    )
).decode()


@pytest.fixture(params=UPSTREAMS)
def use(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def upstream(use):
    with UPSTREAMS[use]() as server:
        yield server


@pytest.fixture
def house(tmp_path, use, upstream, monkeypatch):
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_API_KEY", "HONE_ENV", "AWS_BEARER_TOKEN_BEDROCK",
                 "AWS_PROFILE", "AWS_SESSION_TOKEN"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MODEL_KEY", "the-upstream-key")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", FakeBedrock.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", FakeBedrock.secret_key)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    key = "" if use.startswith("bedrock/") else 'api_key = "${MODEL_KEY}"\n'
    (tmp_path / "hone.toml").write_text(
        f'project = "parcels"\n[models.it]\nuse = "{use}"\nbase_url = "{upstream.url}"\n{key}'
    )
    opened = House.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def sdk(server: Server):
    with anthropic.Anthropic(base_url=server.url, api_key="any", max_retries=0) as made:
        yield made


def ask(sdk: anthropic.Anthropic, **more):
    return sdk.messages.create(**({"model": "it", "max_tokens": 100, "messages": HELLO} | more))


def test_a_message_and_its_stream_say_the_same(sdk, upstream):
    upstream.script(*[Step(text="one two three")] * 2)
    whole = ask(sdk, system="Be kind.", stop_sequences=["END"])
    with sdk.messages.stream(model="it", max_tokens=100, messages=HELLO, system="Be kind.") as stream:
        assert "".join(stream.text_stream) == "one two three"
        final = stream.get_final_message()
    for message in (whole, final):
        assert [block.text for block in message.content] == ["one two three"]
        assert (message.stop_reason, message.usage.output_tokens) == ("end_turn", 3)
        assert message.usage.input_tokens > 0
    assert "Be kind." in json.dumps(upstream.received[0].body)


@pytest.mark.parametrize("streamed", [False, True])
def test_parallel_tools_are_called_and_their_results_go_back(sdk, upstream, use, streamed):
    calls = CALLS if not use.startswith("google/") else [{**call, "id": None} for call in CALLS]
    upstream.script(
        Step(tool_calls=[{k: v for k, v in call.items() if v} for call in calls]), Step(text="Rain in both.")
    )
    asked = {"model": "it", "max_tokens": 100, "messages": HELLO, "tools": [WEATHER]}
    if streamed:
        with sdk.messages.stream(**asked) as stream:
            message = stream.get_final_message()
    else:
        message = sdk.messages.create(**asked)
    found = [block for block in message.content if block.type == "tool_use"]
    assert [(block.name, block.input) for block in found] == [
        ("weather", {"city": "Bern"}), ("weather", {"city": "Basel"}),
    ]  # fmt: skip
    assert message.stop_reason == "tool_use"
    assert len({block.id for block in found}) == 2
    results = [{"type": "tool_result", "tool_use_id": block.id, "content": "rain"} for block in found]
    turns = [*HELLO, {"role": "assistant", "content": message.content}, {"role": "user", "content": results}]
    last = sdk.messages.create(**(asked | {"messages": turns}))
    assert last.content[-1].text == "Rain in both."


def test_an_image_reaches_the_model(sdk, upstream):
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    turns = [{"role": "user", "content": [image, {"type": "text", "text": "What is it?"}]}]
    assert ask(sdk, messages=turns).content
    assert PIXEL in json.dumps(upstream.received[0].body)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, anthropic.RateLimitError), (500, anthropic.InternalServerError), (400, anthropic.BadRequestError)],
)
def test_errors_are_the_sdks_own(sdk, upstream, status, kind):
    upstream.script(Step(status=status, error="no"))
    with pytest.raises(kind):
        ask(sdk)


def test_a_stream_that_is_cut_never_looks_complete(sdk, upstream):
    upstream.script(Step(text="word " * 30, cut_after=6))
    with (
        pytest.raises(anthropic.APIError),
        sdk.messages.stream(model="it", max_tokens=100, messages=HELLO) as stream,
    ):
        list(stream.text_stream)


def test_tokens_can_be_counted(sdk):
    assert sdk.messages.count_tokens(model="it", messages=HELLO).input_tokens > 0


def test_responses_are_made_of_it_as_well(client: openai.OpenAI, upstream):
    upstream.script(*[Step(text="one two three")] * 2)
    whole = client.responses.create(model="it", input="hello", instructions="Be kind.")
    with client.responses.stream(model="it", input="hello") as stream:
        final = stream.get_final_response() if list(stream) else None
    assert whole.output_text == final.output_text == "one two three"
    assert (whole.status, final.status, whole.usage.output_tokens) == ("completed", "completed", 3)
