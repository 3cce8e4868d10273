"""Forms with a file, whatever is in it and however it is cut into pieces."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.errors import CallError, TooLarge
from hone.server.openai._upload import Form, receive
from hone.store import Upload

BOUNDARY = b"cut-here"
PIECES = st.sampled_from([b"\r\n", b"--", BOUNDARY, b"\r\n--" + BOUNDARY[:-1], b"\r", b"\n", b"\0\xff", b"words " * 50])
FILES = st.lists(PIECES, max_size=12).map(b"".join).filter(lambda data: b"\r\n--" + BOUNDARY not in b"\r\n" + data)


@contextmanager
def uploading(folder: Path) -> Iterator[Upload]:
    upload = Upload(folder)
    try:
        yield upload
    finally:
        upload.drop()


async def chunks(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def form(data: bytes, *, end: bytes = b"--\r\n") -> bytes:
    head = b'--%b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n'
    return (
        head % (BOUNDARY, b"purpose", b"") + b"batch\r\n"
        + head % (BOUNDARY, b"file", b'; filename="a.txt"\r\nContent-Type: text/plain') + data
        + b"\r\n--" + BOUNDARY + end
    )  # fmt: skip


async def received(folder: Path, body: bytes, size: int, limit: int = 10**6) -> tuple[Form, bytes]:
    with uploading(folder) as upload:
        found = await receive(chunks(body, size), f"multipart/form-data; boundary={BOUNDARY.decode()}", upload, limit)
        upload._file.flush()
        return found, upload.temporary.read_bytes()


@given(FILES, st.integers(1, 80))
async def test_every_file_comes_through_in_whatever_pieces(tmp_path_factory, data, size):
    found, came = await received(tmp_path_factory.getbasetemp() / "uploads", form(data), size)
    assert came == data
    assert (found.name, found.fields) == ("a.txt", {"purpose": "batch"})


@given(FILES, st.integers(1, 80), st.data())
async def test_a_form_that_was_cut_never_looks_complete(tmp_path_factory, data, size, draw):
    body = form(data, end=b"--")
    cut = body[: draw.draw(st.integers(0, len(body) - 1))]
    with pytest.raises(CallError):
        await received(tmp_path_factory.getbasetemp() / "uploads", cut, size)


@pytest.mark.parametrize("kind", ["", "application/json", "multipart/form-data", "multipart/form-data; boundary=",
                                  "multipart/form-data; boundary=" + "x" * 5000])  # fmt: skip
async def test_what_is_no_form_is_refused(tmp_path, kind):
    with uploading(tmp_path) as upload, pytest.raises(CallError):
        await receive(chunks(form(b"x"), 10), kind, upload, 100)


async def test_fields_beside_the_file_are_short(tmp_path):
    body = form(b"x").replace(b"batch", b"b" * 200_000)
    with pytest.raises(CallError, match="too long"):
        await received(tmp_path, body, 1000)


async def test_one_byte_over_the_limit_is_too_much(tmp_path):
    assert (await received(tmp_path, form(b"x" * 1000), 7, 1000))[1] == b"x" * 1000
    with pytest.raises(TooLarge):
        await received(tmp_path, form(b"x" * 1001), 7, 1000)
