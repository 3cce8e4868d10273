"""Server-sent events out of bytes, as the HTML standard writes them."""

from collections.abc import AsyncIterator

import pytest

from hone.errors import UpstreamCut, UpstreamGarbage
from hone.providers._sse import MAX_EVENT, payloads


async def found_in(*parts: bytes) -> list[bytes]:
    async def arriving() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    return [payload async for payload in payloads(arriving())]


async def test_names_comments_and_spaces_are_taken_off():
    assert await found_in(b"event: a\nid: 7\ndata: one\n\n: comment\n\ndata:two\n\n") == [b"one", b"two"]


async def test_data_in_several_lines_is_joined():
    assert await found_in(b"data: {\ndata: }\n\n") == [b"{\n}"]


async def test_lines_may_end_as_on_windows_even_in_the_same_stream():
    assert await found_in(b"data: a\r\n\r\ndata: b\n\nda", b"ta: c\r\n\r", b"\n") == [b"a", b"b", b"c"]


async def test_half_an_event_at_the_end_is_a_cut():
    with pytest.raises(UpstreamCut):
        await found_in(b"data: a\n\ndata: b\n")


async def test_an_event_without_end_is_given_up():
    with pytest.raises(UpstreamGarbage, match="over 16,777,216 bytes"):
        await found_in(b"data: ", bytes(MAX_EVENT))
