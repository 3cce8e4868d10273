"""The binary frames: what botocore reads is what we read, however the network cuts it, and no damage goes unseen."""

import asyncio
import itertools
import struct
from collections.abc import AsyncIterator
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from hone.errors import UpstreamCut, UpstreamGarbage
from hone.providers.bedrock._frames import Frame, frames
from hone.testing._bedrock import framed

TWO = framed('messageStart {"role": "assistant"}\nthrottlingException {"message": "Zürich"}')


async def arriving(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def read(*parts: bytes) -> list[Frame]:
    async def all_of_them() -> list[Frame]:
        return [frame async for frame in frames(arriving(list(parts)))]

    return asyncio.run(all_of_them())


def message(headers: bytes, payload: bytes = b"{}") -> bytes:
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    whole = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return whole + struct.pack(">I", crc32(whole))


def test_the_vendors_own_library_reads_the_same():
    buffer = EventStreamBuffer()
    buffer.add_data(TWO)
    assert [(each.headers, each.payload) for each in buffer] == [(each.headers, each.payload) for each in read(TWO)]
    assert [each.headers[":message-type"] for each in read(TWO)] == ["event", "exception"]


@given(data=st.data())
def test_however_the_network_cuts_it_the_same_is_read(data):
    cuts = data.draw(st.lists(st.integers(0, len(TWO)), max_size=30))
    assert read(*(TWO[a:b] for a, b in itertools.pairwise([0, *sorted(cuts), len(TWO)]))) == read(TWO)


@given(at=st.integers(0, len(TWO) - 1), by=st.integers(1, 255))
def test_a_byte_that_changed_on_the_way_does_not_go_unseen(at, by):
    damaged = bytearray(TWO)
    damaged[at] ^= by
    with pytest.raises(UpstreamGarbage):
        read(bytes(damaged))


@pytest.mark.parametrize("at", [1, 11, 12, 13, len(TWO) - 1])
def test_half_a_frame_is_a_cut(at):
    with pytest.raises(UpstreamCut, match="within an event"):
        read(TWO[:at])


def test_headers_that_are_no_strings_are_passed_over():
    kinds = {0: b"", 1: b"", 2: b"1", 3: b"12", 4: b"1234", 5: b"12345678", 6: b"\0\2ab", 8: b"12345678", 9: b"x" * 16}
    others = b"".join(bytes([2]) + b"h%d" % kind + bytes([kind]) + value for kind, value in kinds.items())
    (found,) = read(message(others + b"\4name\7\0\2ab"))
    assert found == Frame({"name": "ab"}, b"{}")


@pytest.mark.parametrize("headers", [b"\4name\x0a", b"\4na", b"\4name\7\0", b"\1\xff\0"])
def test_headers_that_cannot_be_read_are_garbage(headers):
    with pytest.raises(UpstreamGarbage, match="headers"):
        read(message(headers))


@pytest.mark.parametrize(("size", "headers", "said"), [(15, 0, "shorter"), (20, 9, "shorter"), (2**31, 0, "over")])
def test_lengths_that_cannot_be_are_garbage(size, headers, said):
    prelude = struct.pack(">II", size, headers)
    with pytest.raises(UpstreamGarbage, match=said):
        read(prelude + struct.pack(">I", crc32(prelude)))


def test_what_is_no_stream_of_frames_is_garbage():
    with pytest.raises(UpstreamGarbage, match="not one of events"):
        read(b"data: {}\n\ndata: [DONE]\n\n")
