"""Recording what models answer, and replaying it without them."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

from hone.errors import CallError, NotRecorded, ProjectError, UpstreamCut, UpstreamRefused, UpstreamUnreachable
from hone.providers import Answer, Cassette, ChatRequest, EmbeddingRequest, Model, registry, taped
from hone.testing import FakeProvider, FakeUpstream, Step

VECTORS = {"data": [{"object": "embedding", "index": 0, "embedding": [0.5]}]}


def model(url: str = "http://127.0.0.1:9/v1", **more: str) -> Model:
    return Model(alias="ours", provider="openai-compatible", name="m", base_url=url, api_key="secret-key", **more)


def request(text: str = "hello there", *, stream: bool = False, **more: object) -> ChatRequest:
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **more}
    body |= {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    return ChatRequest(body=msgspec.json.encode(body), stream=stream, timeout=5.0)


def provider(mode: str, folder: Path):
    return taped(Cassette.read(f"{mode}:{folder}"), {}, registry.names(), registry.load)["openai-compatible"]


async def chunks(answer: Answer) -> list[bytes]:
    assert answer.chunks is not None
    return [chunk async for chunk in answer.chunks]


async def test_a_whole_answer_is_replayed_byte_for_byte_with_nobody_there(tmp_path: Path) -> None:
    with FakeUpstream(Step(text="Grüße \U0001f600\n\0")) as up:
        recorder = provider("record", tmp_path)
        recorded = await recorder.chat(model(up.url), request())
        await recorder.close()
    replayed = await provider("replay", tmp_path).chat(model(up.url), request())
    assert replayed.body == recorded.body
    assert b"Gr" in (recorded.body or b"")


async def test_a_stream_is_replayed_in_the_chunks_that_it_came_in(tmp_path: Path) -> None:
    with FakeUpstream(Step(text="one two data: [DONE] three", between=0.02)) as up:
        recorder = provider("record", tmp_path)
        recorded = await chunks(await recorder.chat(model(up.url), request(stream=True)))
        await recorder.close()
    assert len(recorded) > 3
    assert b"".join(recorded).endswith(b"data: [DONE]\n\n")
    assert await chunks(await provider("replay", tmp_path).chat(model(up.url), request(stream=True))) == recorded


async def test_whoever_leaves_after_the_closing_mark_has_recorded_it(tmp_path: Path) -> None:
    with FakeUpstream() as up:
        recorder = provider("record", tmp_path)
        answer = await recorder.chat(model(up.url), request(stream=True))
        async for chunk in answer.chunks:
            if b"[DONE]" in chunk:
                break
        await answer.close()
        await recorder.close()
    assert len(list(tmp_path.iterdir())) == 1


async def test_a_stream_that_was_cut_is_not_kept(tmp_path: Path) -> None:
    with FakeUpstream(Step(text="one two three", cut_after=2)) as up:
        recorder = provider("record", tmp_path)
        with pytest.raises(UpstreamCut):
            await chunks(await recorder.chat(model(up.url), request(stream=True)))
        await recorder.close()
    assert list(tmp_path.iterdir()) == []


async def test_vectors_are_replayed_too(tmp_path: Path) -> None:
    asked = EmbeddingRequest(body=b'{"model": "m", "input": ["a text"]}', timeout=5.0)
    with FakeUpstream(Step(raw=json.dumps(VECTORS), content_type="application/json")) as up:
        recorder = provider("record", tmp_path)
        recorded = await recorder.embeddings(model(up.url), asked)
        await recorder.close()
    assert (await provider("replay", tmp_path).embeddings(model(up.url), asked)).body == recorded.body


async def test_no_key_and_no_header_is_in_a_recording(tmp_path: Path) -> None:
    with FakeUpstream(Step(status=401, error="wrong key secret-key"), Step()) as up:
        url = up.url.replace("http://", "http://ann:sesame@") + "?code=hidden"
        recorder = provider("record", tmp_path)
        with pytest.raises(UpstreamRefused):
            await recorder.chat(model(up.url), request("first"))
        await recorder.chat(model(up.url), request("second"))
        Cassette.read(f"record:{tmp_path}").tape("p", model(url), "chat", request().body).write()
        await recorder.close()
    texts = [path.read_text() for path in tmp_path.iterdir()]
    assert len(texts) == 3
    for secret in ("secret-key", "sesame", "hidden", "uthorization", "req_"):
        assert not any(secret in text for text in texts)


async def test_a_request_that_was_never_recorded_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotRecorded) as missing:
        await provider("replay", tmp_path).chat(model(), request("Where is my parcel?"))
    assert 'what ours (openai-compatible/m) says to "Where is my parcel?"' in missing.value.message
    assert missing.value.hint == f"HONE_CASSETTE=record:{tmp_path} makes one"


@pytest.mark.parametrize(
    "other",
    [request("hello you"), request(temperature=0.5), request(seed=1), request(stream=True)],
    ids=["text", "parameter", "seed", "stream"],
)
async def test_another_request_is_another_recording(tmp_path: Path, other: ChatRequest) -> None:
    recorder = taped(Cassette("record", tmp_path), {"fake": FakeProvider()}, [], registry.load)["fake"]
    await recorder.chat(model(), request())
    player = taped(Cassette("replay", tmp_path), {"fake": FakeProvider()}, [], registry.load)["fake"]
    await player.chat(model(), request())
    with pytest.raises(NotRecorded):
        await player.chat(model(), other)
    with pytest.raises(NotRecorded):
        await player.chat(model("http://127.0.0.1:10/v1"), request())


async def test_the_order_of_fields_is_no_difference(tmp_path: Path) -> None:
    bodies = [b'{"model": "m", "top_p": 1, "messages": []}', b'{"messages":[],"top_p":1,"model":"m"}']
    recorder = taped(Cassette("record", tmp_path), {"fake": FakeProvider()}, [], registry.load)["fake"]
    await recorder.chat(model(), ChatRequest(body=bodies[0]))
    player = taped(Cassette("replay", tmp_path), {}, ["fake"], registry.load)["fake"]
    assert (await player.chat(model(), ChatRequest(body=bodies[1]))).body


async def test_a_failure_is_replayed_until_an_answer_has_come(tmp_path: Path) -> None:
    with FakeUpstream(Step(status=429, error="slow down"), Step(), Step(status=500)) as up:
        recorder, player = provider("record", tmp_path), provider("replay", tmp_path)
        with pytest.raises(UpstreamRefused):
            await recorder.chat(model(up.url), request())
        with pytest.raises(UpstreamRefused, match="slow down") as refused:
            await player.chat(model(up.url), request())
        assert (refused.value.status, b"slow down" in refused.value.body) == (429, True)
        await recorder.chat(model(up.url), request())
        with pytest.raises(UpstreamRefused):
            await recorder.chat(model(up.url), request())
        await recorder.close()
        assert (await player.chat(model(up.url), request())).body
    with pytest.raises(UpstreamUnreachable):
        await provider("record", tmp_path).chat(model("http://127.0.0.1:9/v1"), request("nobody"))
    with pytest.raises(UpstreamUnreachable):
        await player.chat(model("http://127.0.0.1:9/v1"), request("nobody"))


async def test_many_that_record_the_same_leave_one_whole_file(tmp_path: Path) -> None:
    recorder = taped(Cassette("record", tmp_path), {"fake": FakeProvider()}, [], registry.load)["fake"]
    await asyncio.gather(*(recorder.chat(model(), request()) for _ in range(20)))
    (path,) = tmp_path.iterdir()
    assert json.loads(path.read_text())["request"]["messages"] == [{"role": "user", "content": "hello there"}]


async def test_what_cannot_be_read_or_made_is_said(tmp_path: Path) -> None:
    for text in ("replay", "play:x", "record:", ""):
        with pytest.raises(ProjectError, match="is no cassette"):
            Cassette.read(text)
    with pytest.raises(ProjectError, match="there are no recordings"):
        Cassette.read(f"replay:{tmp_path / 'nowhere'}")
    recorder = taped(Cassette("record", tmp_path), {"fake": FakeProvider()}, [], registry.load)["fake"]
    await recorder.chat(model(), request())
    with pytest.raises(CallError, match="makes no embeddings"):
        await recorder.embeddings(model(), EmbeddingRequest(body=b"{}"))
    with pytest.raises(CallError, match="no request"):
        await recorder.chat(model(), ChatRequest(body=b"[]"))
    (path,) = tmp_path.iterdir()
    path.write_text("{")
    with pytest.raises(ProjectError, match="is no recording"):
        await taped(Cassette("replay", tmp_path), {}, ["fake"], registry.load)["fake"].chat(model(), request())
