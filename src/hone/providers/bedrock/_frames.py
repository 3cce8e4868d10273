"""The binary frames of `application/vnd.amazon.eventstream`: lengths, headers, a payload, and checksums over both.

Read here rather than by botocore, so that a call with an API key needs no extra.
https://smithy.io/2.0/aws/amazon-eventstream.html
"""

import struct
from collections.abc import AsyncIterator
from zlib import crc32

from msgspec import Struct

from hone.errors import UpstreamCut, UpstreamGarbage
from hone.providers._sse import MAX_EVENT

_PRELUDE = struct.Struct(">III")  # whole length, length of the headers, checksum of these two
_CHECKSUM = struct.Struct(">I")
_LEAST = _PRELUDE.size + _CHECKSUM.size
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}  # of header values by their type
_BYTES, _STRING = 6, 7


class Frame(Struct, frozen=True):
    """One message. Headers that are no strings are left out: nothing here needs them."""

    headers: dict[str, str]
    payload: bytes


async def frames(chunks: AsyncIterator[bytes]) -> AsyncIterator[Frame]:
    """Every frame, however the network cut the bytes.

    Raises:
        UpstreamCut: the stream ended within a frame.
        UpstreamGarbage: a frame is not one, is damaged, or is over `MAX_EVENT` bytes.
    """
    waiting = bytearray()
    async for chunk in chunks:
        waiting += chunk
        while (size := _size(waiting)) is not None:
            yield _frame(bytes(waiting[:size]))
            del waiting[:size]
    if waiting:
        raise UpstreamCut("the stream ended within an event")


def _size(data: bytearray) -> int | None:
    """How long the first frame is; None until all of it has come."""
    if len(data) < _PRELUDE.size:
        return None
    size, headers, checksum = _PRELUDE.unpack_from(data)
    if crc32(data[: _PRELUDE.size - _CHECKSUM.size]) != checksum:
        raise UpstreamGarbage("an event of the stream is damaged, or the stream is not one of events")
    if size > MAX_EVENT:
        raise UpstreamGarbage(f"an event of the stream is over {MAX_EVENT:,} bytes")
    if size < _LEAST + headers:
        raise UpstreamGarbage("an event of the stream is shorter than its headers")
    return size if len(data) >= size else None


def _frame(data: bytes) -> Frame:
    size, headers, _ = _PRELUDE.unpack_from(data)
    (checksum,) = _CHECKSUM.unpack_from(data, size - _CHECKSUM.size)
    if crc32(data[: -_CHECKSUM.size]) != checksum:
        raise UpstreamGarbage("an event of the stream is damaged: its checksum is another one")
    end = _PRELUDE.size + headers
    try:
        return Frame(_headers(data[_PRELUDE.size : end]), data[end : -_CHECKSUM.size])
    except (struct.error, LookupError, UnicodeDecodeError) as problem:
        raise UpstreamGarbage(f"the headers of an event cannot be read: {problem!r}") from None


def _headers(data: bytes) -> dict[str, str]:
    found, at = {}, 0
    while at < len(data):
        name_end = at + 1 + data[at]
        name, kind, at = data[at + 1 : name_end].decode(), data[name_end], name_end + 1
        if kind in (_BYTES, _STRING):
            (size,) = struct.unpack_from(">H", data, at)
            at += 2
        else:
            size = _SIZES[kind]
        if kind == _STRING:
            found[name] = data[at : at + size].decode()
        at += size
    return found
