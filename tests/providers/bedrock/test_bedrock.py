"""Converse over real HTTP on loopback: who calls, from where, and everything that can go wrong at the other end."""

import sys
from pathlib import Path

import msgspec
import pytest

from hone.core import Usage
from hone.errors import CallError, MissingExtra, ProjectError, UpstreamCut, UpstreamGarbage, UpstreamRefused
from hone.gateway._output import read_completion
from hone.models import Prices
from hone.providers import Answer, ChatRequest, Model, registry
from hone.providers.bedrock._auth import Proof
from hone.providers.bedrock._place import place_of
from hone.testing import FakeBedrock, Step

RECORDED = Path(__file__).parent / "recorded"
ANSWER = (RECORDED / "answer.json").read_text()
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
STREAM = "application/vnd.amazon.eventstream"


@pytest.fixture
async def provider():
    made = registry.load("bedrock")()
    yield made
    await made.close()


def model(url: str | None, key: str | None = None, name: str = HAIKU) -> Model:
    return Model(alias="claude", provider="bedrock", name=name, base_url=url, api_key=key)


def request(text: str = "hello there", *, stream: bool = False, **fields) -> ChatRequest:
    body = {"model": HAIKU, "messages": [{"role": "user", "content": text}], **fields}
    return ChatRequest(body=msgspec.json.encode(body), stream=stream, timeout=5, headers={"traceparent": "00-a-b-01"})


async def everything(answer: Answer) -> bytes:
    assert answer.chunks is not None
    return b"".join([chunk async for chunk in answer.chunks])


# -- who calls


async def test_a_signed_call_comes_back_in_the_openai_dialect(upstream, provider, credentials):
    answer = await provider.chat(model(upstream.url), request())
    completion = msgspec.json.decode(answer.body)
    assert (completion["object"], completion["model"]) == ("chat.completion", HAIKU)
    assert completion["choices"][0]["message"] == {"role": "assistant", "content": "hello there"}
    assert completion["choices"][0]["finish_reason"] == "stop"
    (received,) = upstream.received
    assert received.path == "/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse"
    assert "/eu-central-1/bedrock/aws4_request" in received.headers["authorization"]
    assert received.headers["traceparent"] == "00-a-b-01"


async def test_an_arn_is_one_segment_of_the_path_and_signed_as_such(upstream, provider, credentials):
    arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0"
    await provider.chat(model(upstream.url, name=arn), request())
    assert upstream.received[0].path.count("/") == 3
    assert "inference-profile%2Fus.amazon" in upstream.received[0].path


async def test_a_session_token_is_signed_too(upstream, provider, credentials, monkeypatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "for-an-hour")
    await provider.chat(model(upstream.url), request())
    assert upstream.received[0].headers["x-amz-security-token"] == "for-an-hour"
    assert "x-amz-security-token" in upstream.received[0].headers["authorization"]


async def test_a_wrong_signature_is_refused_and_what_was_signed_stays_here(
    upstream, provider, credentials, monkeypatch
):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "for-an-hour")
    with pytest.raises(UpstreamRefused, match="does not match") as caught:
        await provider.chat(model(upstream.url), request())
    assert caught.value.status == 403
    assert b"x-amz-security-token:[key]" in caught.value.body
    assert "for-an-hour" not in str(caught.value) + caught.value.body.decode()


@pytest.mark.parametrize("configured", [True, False])
async def test_an_api_key_needs_neither_botocore_nor_a_region(upstream, provider, monkeypatch, configured):
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "from-the-environment")
    await provider.chat(model(upstream.url, key="configured" if configured else None), request())
    said = "configured" if configured else "from-the-environment"
    assert upstream.received[0].headers["authorization"] == f"Bearer {said}"


async def test_a_stream_with_an_api_key_needs_no_botocore(upstream, provider, monkeypatch):
    for name in ("botocore", "botocore.auth", "botocore.eventstream"):
        monkeypatch.setitem(sys.modules, name, None)
    answer = await provider.chat(model(upstream.url, key="any"), request(stream=True))
    assert (await everything(answer)).endswith(b"data: [DONE]\n\n")


async def test_without_botocore_the_extra_is_named(upstream, provider, credentials, monkeypatch):
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    with pytest.raises(MissingExtra, match=r'pip install "hone\[bedrock\]"'):
        await provider.chat(model(upstream.url), request())
    assert upstream.received == []


async def test_without_credentials_nothing_is_sent(upstream, provider, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with pytest.raises(ProjectError, match="needs AWS credentials"):
        await provider.chat(model(upstream.url), request())
    assert upstream.received == []


async def test_a_profile_that_is_not_there_is_said(upstream, provider, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ProjectError, match="nobody"):
        await provider.chat(model(upstream.url), request())


async def test_a_profile_of_the_shared_file_signs(upstream, provider, monkeypatch, tmp_path):
    lines = f"aws_access_key_id = {FakeBedrock.access_key}\naws_secret_access_key = {FakeBedrock.secret_key}\n"
    (tmp_path / "credentials").write_text(f"[work]\n{lines}")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert (await provider.chat(model(upstream.url), request())).body


async def test_a_signature_needs_a_region(upstream, provider, credentials, monkeypatch):
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(ProjectError, match="needs a region"):
        await provider.chat(model(upstream.url), request())


def test_a_proof_does_not_show_its_secrets():
    assert "secret" not in repr(Proof({"authorization": "Bearer secret"}, ("secret",)))


# -- where


@pytest.mark.parametrize(
    ("base", "environment", "place"),
    [
        (None, {"AWS_REGION": "us-west-2"}, ("us-west-2", "https://bedrock-runtime.us-west-2.amazonaws.com")),
        (None, {"AWS_DEFAULT_REGION": "eu-west-1"}, ("eu-west-1", "https://bedrock-runtime.eu-west-1.amazonaws.com")),
        (None, {"AWS_REGION": "cn-north-1"}, ("cn-north-1", "https://bedrock-runtime.cn-north-1.amazonaws.com.cn")),
        (
            "https://bedrock-runtime.ap-south-1.amazonaws.com/",
            {"AWS_REGION": "us-west-2"},
            ("ap-south-1", "https://bedrock-runtime.ap-south-1.amazonaws.com"),
        ),
        (
            "https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com",
            {},
            ("us-east-1", "https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com"),
        ),
        (
            "https://bedrock-runtime-fips.us-east-1.amazonaws.com",
            {},
            ("us-east-1", "https://bedrock-runtime-fips.us-east-1.amazonaws.com"),
        ),
        ("http://localhost:9000", {"AWS_REGION": "us-west-2"}, ("us-west-2", "http://localhost:9000")),
    ],
)
def test_the_region_and_the_address_it_has(monkeypatch, base, environment, place):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert place_of(model(base)) == place


def test_without_a_region_there_is_no_address():
    with pytest.raises(ProjectError, match="AWS_REGION is not set"):
        place_of(model(None))


# -- what comes back


async def test_text_tool_calls_thinking_and_usage(upstream, provider):
    upstream.script(Step(raw=ANSWER, content_type="application/json"))
    completion = msgspec.json.decode((await provider.chat(model(upstream.url, "any"), request())).body)
    (choice,) = completion["choices"]
    assert choice["finish_reason"] == "tool_calls"
    message = choice["message"]
    assert message["content"] == "I look up both."
    assert [(call["id"], call["function"]["arguments"]) for call in message["tool_calls"]] == [
        ("tooluse_1A", '{"city":"Bern"}'),
        ("tooluse_1C", "{}"),
    ]
    assert message["reasoning_content"] == "Two cities, two calls."
    assert message["thinking_blocks"] == [
        {"type": "thinking", "thinking": "Two cities, two calls.", "signature": "EqQBCgIYAhIM1gbcDa9G"},
        {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix="},
    ]
    assert completion["usage"] == {
        "prompt_tokens": 1250,
        "completion_tokens": 120,
        "total_tokens": 1370,
        "prompt_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 200},
    }


async def test_a_call_with_cached_tokens_costs_what_the_vendors_price_list_says(upstream, provider):
    upstream.script(Step(raw=ANSWER, content_type="application/json"))
    usage = read_completion((await provider.chat(model(upstream.url, "any"), request())).body).usage
    assert usage == Usage(input=1250, output=120, cache_read=1000, cache_write=200)
    # Claude Haiku 4.5 in a region, dollars a million: input 1.10, output 5.50, cache read 0.11, cache write 1.375.
    by_hand = (50 * 1.1 + 120 * 5.5 + 1000 * 0.11 + 200 * 1.375) / 1e6
    assert Prices().cost("bedrock", HAIKU, usage) == pytest.approx(by_hand)


async def test_a_stream_arrives_and_its_connection_is_used_again(upstream, provider, credentials):
    for _ in range(3):
        body = await everything(await provider.chat(model(upstream.url), request(stream=True)))
        assert body.endswith(b"data: [DONE]\n\n")
    assert upstream.received[0].path.endswith("/converse-stream")
    assert len(provider._upstreams.at(upstream.url)._idle) == 1


@pytest.mark.parametrize("stream", [False, True])
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
async def test_an_error_keeps_its_status_words_and_ids_in_the_openai_shape(upstream, provider, status, kind, stream):
    upstream.script(Step(status=status, error="as scripted", retry_after=7))
    with pytest.raises(UpstreamRefused, match=f"{status}: as scripted$") as caught:
        await provider.chat(model(upstream.url, "any"), request(stream=stream))
    assert caught.value.status == status
    assert caught.value.details == {"retry-after": "7", "x-request-id": "req_1"}
    error = msgspec.json.decode(caught.value.body)["error"]
    assert error == {"message": "as scripted", "type": kind, "param": None, "code": kind}


async def test_a_key_that_the_vendor_repeats_stays_here(upstream, provider):
    upstream.script(Step(status=403, error="invalid key: secret-key"))
    with pytest.raises(UpstreamRefused, match=r"invalid key: \[key\]") as caught:
        await provider.chat(model(upstream.url, "secret-key"), request())
    assert b"secret-key" not in caught.value.body


async def test_an_error_object_with_status_200_is_an_error(upstream, provider):
    upstream.script(Step(raw='{"Message": "too busy"}', content_type="application/json"))
    with pytest.raises(UpstreamRefused, match="too busy") as caught:
        await provider.chat(model(upstream.url, "any"), request())
    assert caught.value.status == 502


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("raw", ["<html>hello</html>", '{"choices": []}', "[]", ""])
async def test_what_is_not_an_answer_is_garbage(upstream, provider, raw, stream):
    upstream.script(Step(raw=raw))
    with pytest.raises(UpstreamGarbage, match="not an answer of Converse"):
        await provider.chat(model(upstream.url, "any"), request(stream=stream))


async def test_a_whole_answer_is_no_answer_to_a_request_for_a_stream(upstream, provider):
    upstream.script(Step(raw=ANSWER, content_type="application/json"))
    with pytest.raises(UpstreamGarbage, match="whole body"):
        await provider.chat(model(upstream.url, "any"), request(stream=True))


async def test_half_a_body_is_a_cut(upstream, provider):
    upstream.script(Step(cut_after=20))
    with pytest.raises(UpstreamCut):
        await provider.chat(model(upstream.url, "any"), request())


@pytest.mark.parametrize("frames", range(7))
async def test_half_a_stream_is_a_cut_even_when_the_reason_was_given(upstream, provider, frames):
    upstream.script(Step(text="one two", cut_after=frames))
    answer = await provider.chat(model(upstream.url, "any"), request(stream=True))
    with pytest.raises(UpstreamCut):
        await everything(answer)


async def test_a_stream_that_ends_properly_but_too_early_is_a_cut(upstream, provider):
    lines = (RECORDED / "text.events").read_text()
    upstream.script(Step(raw=lines.partition("messageStop")[0], content_type=STREAM))
    answer = await provider.chat(model(upstream.url, "any"), request(stream=True))
    with pytest.raises(UpstreamCut, match="before the answer was complete"):
        await everything(answer)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"{}", b'{"messages": 5}'])
async def test_a_request_that_is_none_is_the_callers_move(upstream, provider, body):
    with pytest.raises(CallError, match="not a chat completion request"):
        await provider.chat(model(upstream.url, "any"), ChatRequest(body=body))
    assert upstream.received == []
