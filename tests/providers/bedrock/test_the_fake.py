"""The vendor's own library reads our fake upstream: so the fake, and what is recorded here, are in the real dialect."""

from pathlib import Path

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError
from botocore.session import Session

from hone.testing import FakeBedrock, Step

RECORDED = Path(__file__).parent / "recorded"
STREAM = "application/vnd.amazon.eventstream"
HELLO = {"modelId": "amazon.nova-lite-v1:0", "messages": [{"role": "user", "content": [{"text": "hello there"}]}]}
TOOLS = {"toolConfig": {"tools": [{"toolSpec": {"name": "now", "inputSchema": {"json": {"type": "object"}}}}]}}
CALLS = [
    {"id": "tooluse_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Zürich"}'}},
    {"id": "tooluse_2", "type": "function", "function": {"name": "now", "arguments": "{}"}},
]


@pytest.fixture
def sdk(upstream, credentials):
    made = client(upstream.url)
    yield made
    made.close()


def client(url: str, **given):
    config = Config(retries={"total_max_attempts": 1})
    return Session().create_client("bedrock-runtime", endpoint_url=url, region_name="us-east-1", config=config, **given)


def test_a_message(sdk):
    answer = sdk.converse(**HELLO)
    assert answer["output"]["message"]["content"] == [{"text": "hello there"}]
    assert (answer["stopReason"], answer["usage"]["outputTokens"]) == ("end_turn", 2)


def test_a_stream(sdk):
    events = list(sdk.converse_stream(**HELLO)["stream"])
    deltas = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
    assert "".join(deltas) == "hello there"
    assert events[-2]["messageStop"]["stopReason"] == "end_turn"
    assert events[-1]["metadata"]["usage"]["outputTokens"] == 2


def test_tool_calls_whole_and_streamed(sdk, upstream):
    upstream.script(Step(tool_calls=CALLS), Step(tool_calls=CALLS))
    answer = sdk.converse(**HELLO | TOOLS)
    assert [block["toolUse"]["input"] for block in answer["output"]["message"]["content"]] == [{"city": "Zürich"}, {}]
    events = list(sdk.converse_stream(**HELLO | TOOLS)["stream"])
    begun = [event["contentBlockStart"]["start"]["toolUse"] for event in events if "contentBlockStart" in event]
    assert [use["name"] for use in begun] == ["weather", "now"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "ValidationException"),
        (403, "AccessDeniedException"),
        (404, "ResourceNotFoundException"),
        (408, "ModelTimeoutException"),
        (424, "ModelErrorException"),
        (429, "ThrottlingException"),
        (500, "InternalServerException"),
        (503, "ServiceUnavailableException"),
    ],
)
def test_errors_are_the_librarys_own_classes(sdk, upstream, status, kind):
    upstream.script(Step(status=status, error="as scripted"))
    with pytest.raises(getattr(sdk.exceptions, kind), match="as scripted") as caught:
        sdk.converse(**HELLO)
    assert caught.value.response["ResponseMetadata"]["RequestId"] == "req_1"


def test_an_exception_in_mid_stream(sdk, upstream):
    lines = 'messageStart {"role": "assistant"}\nthrottlingException {"message": "too busy"}'
    upstream.script(Step(raw=lines, content_type=STREAM))
    with pytest.raises(EventStreamError, match="too busy"):
        list(sdk.converse_stream(**HELLO)["stream"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"aws_secret_access_key": "another"}, "signature we calculated does not match"),
        ({"aws_access_key_id": "ANOTHER"}, "security token"),
    ],
)
def test_whoever_signs_with_something_else_is_refused(upstream, given, said):
    right = {"aws_access_key_id": FakeBedrock.access_key, "aws_secret_access_key": FakeBedrock.secret_key}
    stranger = client(upstream.url, **right | given)
    with pytest.raises(ClientError, match=said):
        stranger.converse(**HELLO)
    stranger.close()


def test_a_session_token_is_part_of_what_is_signed(upstream, credentials):
    visitor = client(
        upstream.url,
        aws_access_key_id=FakeBedrock.access_key,
        aws_secret_access_key=FakeBedrock.secret_key,
        aws_session_token="token",
    )
    visitor.converse(**HELLO)
    assert upstream.received[0].headers["x-amz-security-token"] == "token"
    visitor.close()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"inferenceConfig": {"temperature": 1.5}}, "temperature"),
        ({"messages": [{"role": "user", "content": [{"text": " "}]}]}, "blank"),
        ({"messages": [{"role": "assistant", "content": [{"text": "x"}]}]}, "start with a user"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}] * 2}, "alternate"),
        (
            {"messages": [{"role": "user", "content": [{"toolResult": {"toolUseId": "x", "content": []}}]}]},
            "Expected toolResult",
        ),
    ],
)
def test_it_refuses_what_the_vendor_refuses(sdk, fields, said):
    with pytest.raises(sdk.exceptions.ValidationException, match=said):
        sdk.converse(**HELLO | fields)


def test_what_is_recorded_here_is_in_the_dialect(sdk, upstream):
    upstream.script(
        Step(raw=(RECORDED / "answer.json").read_text(), content_type="application/json"),
        Step(raw=(RECORDED / "text.events").read_text(), content_type=STREAM),
        Step(raw=(RECORDED / "thinking_and_tools.events").read_text(), content_type=STREAM),
    )
    answer = sdk.converse(**HELLO)
    text = list(sdk.converse_stream(**HELLO)["stream"])
    tools = list(sdk.converse_stream(**HELLO)["stream"])
    assert answer["usage"]["cacheReadInputTokens"] == 1000
    assert answer["output"]["message"]["content"][0]["reasoningContent"]["reasoningText"]["signature"]
    assert text[1]["contentBlockDelta"]["delta"]["text"] == "Grüezi"
    assert len(tools) == 21
