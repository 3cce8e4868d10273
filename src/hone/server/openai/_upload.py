"""A file that comes as multipart/form-data: its bytes go to disk as they come; the fields beside it are short."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from msgspec import Struct, field
from python_multipart.multipart import MultipartParser, parse_options_header

from hone.errors import CallError, TooLarge
from hone.store import Upload

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_TOGETHER = 1_000_000  # bytes that are written at once
_MOST_FIELDS = 100_000  # bytes of everything beside the file
_DRAIN = 2  # a body of so many times the limit is read to its end, so that its sender reads the answer


class Form(Struct):
    """What came beside the bytes of the file."""

    fields: dict[str, str] = field(default_factory=dict)
    name: str | None = None  # of the file; None: there was none


async def receive(chunks: AsyncIterator[bytes], content_type: str, upload: Upload, limit: int) -> Form:
    """Write the part called `file` into `upload`.

    Raises:
        CallError: it is not a whole form.
        TooLarge: the file is over `limit` bytes.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise CallError(f"a file is sent as multipart/form-data, not as {content_type or 'nothing'!r}")
    parts = _Parts(upload, limit)
    try:
        parser = MultipartParser(options[b"boundary"], parts.callbacks)
        seen = 0
        async for chunk in chunks:
            seen += len(chunk)
            if not parts.too_large:
                parser.write(chunk)
                if len(parts.data) >= _TOGETHER:
                    await asyncio.to_thread(parts.flush)
            elif seen > _DRAIN * limit:
                break
    except ValueError as problem:
        raise CallError(f"the form cannot be read: {problem}") from None
    if parts.too_large:
        raise TooLarge(
            f"the file is over the limit of {limit:,} bytes", hint="send less, or raise [server] max_file in hone.toml"
        )
    if not parts.complete:
        raise CallError("the form ended before it was complete")
    await asyncio.to_thread(parts.flush)
    return parts.form


class _Parts:
    """What the parser tells, part by part."""

    def __init__(self, upload: Upload, limit: int) -> None:
        self.form = Form()
        self.data = bytearray()  # of the file, not yet written
        self.complete = self.too_large = False
        self._upload = upload
        self._limit = limit
        self._size = self._beside = 0
        self._header, self._value, self._headers = b"", b"", dict[bytes, bytes]()
        self._is_file, self._field, self._text = False, "", bytearray()

    def flush(self) -> None:
        self._upload.write(self.data)
        self.data.clear()

    @property
    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_end": self._on_end,
        }

    def _on_part_begin(self) -> None:
        self._headers = {}
        self._text = bytearray()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._field = _text(options.get(b"name", b""))
        self._is_file = self._field == "file"
        if self._is_file:
            if self.form.name is not None:
                raise ValueError("there are two files in it")
            self.form.name = _text(options.get(b"filename", b"")).replace("\\", "/").rpartition("/")[2] or "file"

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._size += end - start
            self.too_large = self._size > self._limit
            if not self.too_large:
                self.data += data[start:end]
            return
        self._beside += end - start
        if self._beside > _MOST_FIELDS:
            raise ValueError("the fields beside the file are too long")
        self._text += data[start:end]

    def _on_part_end(self) -> None:
        if not self._is_file:
            self.form.fields[self._field] = _text(bytes(self._text))

    def _on_end(self) -> None:
        self.complete = True


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
