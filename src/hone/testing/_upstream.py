"""A model server on loopback that follows a script: real sockets, a vendor's dialect, faults on demand."""

import asyncio
import threading
from collections import deque
from types import TracebackType
from typing import Any, Self

import msgspec
from msgspec import Struct

from hone.providers import _fake
from hone.providers._fake import Step
from hone.testing import _anthropic, _bedrock, _cohere, _google, _google_rules, _sigv4

_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


class Received(Struct, frozen=True):
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    raw: bytes = b""  # the body as it came


class FakeUpstream:
    """`with FakeUpstream() as upstream:` serves at `upstream.url` from a thread of its own, in the OpenAI dialect.

    `script(...)` adds steps, played one a request; without steps the caller's last message is repeated.
    `received` holds the requests. `left` counts callers who closed the connection before the answer was complete.
    """

    _path = "/v1"
    _id_header = "x-request-id"
    _stream_type = "text/event-stream"

    def __init__(self, *steps: Step) -> None:
        self._steps = deque(steps)
        self.received: list[Received] = []
        self.left = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="fake-upstream", daemon=True)
        self._port = 0

    @property
    def url(self) -> str:
        """What `base_url` should say."""
        return f"http://127.0.0.1:{self._port}{self._path}"

    def script(self, *steps: Step) -> None:
        """Add steps to the end of the script."""
        self._steps.extend(steps)

    def _asked(self, request: Received) -> dict[str, Any]:
        """The body of a request, with what a dialect says elsewhere."""
        return request.body

    def _whole(self, step: Step, body: dict[str, Any]) -> bytes:
        return _fake.whole(step, _fake.read(msgspec.json.encode(body)))

    def _events(self, step: Step, body: dict[str, Any]) -> list[bytes]:
        return _fake.events(step, _fake.read(msgspec.json.encode(body)))

    def _error(self, step: Step) -> bytes:
        return _fake.error_body(step)

    def _error_headers(self, step: Step) -> dict[str, str]:
        """What the dialect says of an error outside of its body."""
        return {}

    def _raw(self, step: Step) -> bytes:
        """The bytes of `step.raw`."""
        return (step.raw or "").encode()

    def _streams(self, request: Received) -> bool:
        """Is a stream asked for?"""
        return bool(self._asked(request).get("stream"))

    def _objection(self, request: Received) -> Step | None:
        """What the dialect itself has against a request, before any script."""
        return None

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await _read_request(reader)) is not None:
                self.received.append(request)
                step = self._steps.popleft() if self._steps else Step()
                if not await self._play(step, request, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def _play(
        self, step: Step, request: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; False when the connection is to be dropped."""
        step = self._objection(request) or step
        asked = self._asked(request)
        if await self._caller_left_within(step.latency, reader):
            return False
        if step.status >= 400:
            extra = {self._id_header: f"req_{len(self.received)}"} | self._error_headers(step)
            extra |= {} if step.retry_after is None else {"retry-after": str(step.retry_after)}
            body = self._error(step) if step.raw is None else self._raw(step)
            _write(writer, step.status, body, extra)
        elif step.raw is not None:
            _write(writer, step.status, self._raw(step), {"content-type": step.content_type})
        elif self._streams(request):
            return await self._stream(step, self._events(step, asked), reader, writer)
        else:
            whole = self._whole(step, asked)
            if step.cut_after is not None:
                _write(writer, 200, whole[: step.cut_after], {"content-length": str(len(whole))})
                await writer.drain()
                return False
            _write(writer, 200, whole)
        await writer.drain()
        return True

    async def _stream(
        self, step: Step, events: list[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        kind = self._stream_type.encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ntransfer-encoding: chunked\r\n\r\n" % kind)
        for event in events:
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            await writer.drain()
            if await self._caller_left_within(step.between, reader):
                return False
        if step.cut_after is not None:
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _caller_left_within(self, seconds: float, reader: asyncio.StreamReader) -> bool:
        """Wait as the script says, with an eye on the caller."""
        if not seconds:
            return False
        try:
            async with asyncio.timeout(seconds):
                await reader.read(1)  # a caller who waits sends nothing: what comes is the end
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        self.left += 1
        return True


class FakeAnthropic(FakeUpstream):
    """The same in the dialect of the Messages API; tool calls of a step are written as for the OpenAI one.

    It refuses what the API refuses: a missing key or version, unknown fields, tool calls without their results.
    """

    _path = ""
    _id_header = "request-id"

    def _asked(self, request: Received) -> dict[str, Any]:
        return {"counting": True, **request.body} if _anthropic.is_count(request.path) else request.body

    def _whole(self, step: Step, body: dict[str, Any]) -> bytes:
        return (_anthropic.counted if "counting" in body else _anthropic.whole)(step, body)

    def _events(self, step: Step, body: dict[str, Any]) -> list[bytes]:
        return _anthropic.events(step, body)

    def _error(self, step: Step) -> bytes:
        return _anthropic.error_body(step)

    def _objection(self, request: Received) -> Step | None:
        return _anthropic.objection(request.path, request.headers, request.body)


class FakeGoogle(FakeUpstream):
    """The same in the dialect of the Gemini API: `generateContent`, its stream, and `batchEmbedContents`.

    It refuses what the API refuses: a missing key, unknown fields, calls without their results or signatures.
    """

    _path = "/v1beta"

    def _asked(self, request: Received) -> dict[str, Any]:
        return _google.asked(request.path, request.body)

    def _whole(self, step: Step, body: dict[str, Any]) -> bytes:
        return _google.whole(step, body)

    def _events(self, step: Step, body: dict[str, Any]) -> list[bytes]:
        return _google.events(step, body)

    def _error(self, step: Step) -> bytes:
        return _google.error_body(step)

    def _objection(self, request: Received) -> Step | None:
        return _google_rules.objection(request.path, request.headers, request.body)


class FakeCohere(FakeUpstream):
    """The same in the dialect of Cohere's API, version 2: chat, embed and rerank.

    It refuses what the API refuses: a missing key, unknown fields, numbers out of range, 97 texts at once.
    """

    _path = ""
    _id_header = "x-debug-trace-id"

    def _whole(self, step: Step, body: dict[str, Any]) -> bytes:
        return _cohere.whole(step, body)

    def _events(self, step: Step, body: dict[str, Any]) -> list[bytes]:
        return _cohere.events(step, body)

    def _error(self, step: Step) -> bytes:
        return _cohere.error_body(step)

    def _objection(self, request: Received) -> Step | None:
        return _cohere.objection(request.headers, request.body)


class FakeBedrock(FakeUpstream):
    """The same in the dialect of Bedrock's Converse, streams in their binary frames.

    It refuses what Bedrock refuses: a wrong signature, unknown fields, blocks in the wrong place. Callers sign with
    `access_key` and `secret_key`, or send any API key. `raw` of the type of a stream has one event a line: `messageStop
    {"stopReason": "end_turn"}`; names that end in `Exception` are sent as such.
    """

    access_key = "AKIDEXAMPLE"
    secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"  # noqa: S105 - the one of AWS's own documents
    _path = ""
    _id_header = "x-amzn-requestid"
    _stream_type = "application/vnd.amazon.eventstream"

    def _whole(self, step: Step, body: dict[str, Any]) -> bytes:
        return _bedrock.whole(step, body)

    def _events(self, step: Step, body: dict[str, Any]) -> list[bytes]:
        return _bedrock.events(step, body)

    def _error(self, step: Step) -> bytes:
        return _bedrock.error_body(step)

    def _error_headers(self, step: Step) -> dict[str, str]:
        return {"x-amzn-errortype": f"{_bedrock.kind_of(step)}:http://internal.amazon.com/coral/com.amazon.bedrock/"}

    def _raw(self, step: Step) -> bytes:
        return _bedrock.framed(step.raw or "") if step.content_type == self._stream_type else super()._raw(step)

    def _streams(self, request: Received) -> bool:
        return request.path.endswith("/converse-stream")

    def _objection(self, request: Received) -> Step | None:
        wrong = _sigv4.objection(request.path, request.headers, request.raw, self.access_key, self.secret_key)
        return Step(status=403, error=wrong) if wrong else _bedrock.objection(request.path, request.body)


async def _read_request(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    start, *lines = head.strip().split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(start.split(" ")[1], headers, msgspec.json.decode(body) if body else {}, body)


def _write(writer: asyncio.StreamWriter, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
    fields = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}\r\n{lines}\r\n".encode() + body)
