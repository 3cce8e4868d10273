"""A model server that fails in every way we know of: real sockets, raw bytes, one fault for each path.

`http://127.0.0.1:PORT/NAME/v1` is the server with the fault NAME; `healed` makes it answer as it should.
"""

import asyncio
import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

PEM = Path(__file__).with_name("self-signed.pem")
TEXT = "größer als 日本"
BEGUN = "begun"  # what a stream has said when it is cut
FAULTS: dict[str, "Fault"] = {}
ERROR = {"error": {"message": "scripted", "type": "scripted", "param": None, "code": None}}


class Fault:
    """What is sent, and what becomes of it: the class of error in the span, or None where the caller gets an answer.

    `begun`: the stream has said something before it fails, so that no other model can answer.
    """

    def __init__(self, name: str, play: "Play", whole: str | None, stream: str | None, begun: bool) -> None:
        self.name, self.play, self.begun = name, play, begun
        self.expected = {False: whole, True: stream}


class Wire:
    """One connection to a caller, whose request has been read."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stream: bool) -> None:
        self.reader, self.writer, self.stream = reader, writer, stream

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    async def until_the_caller_leaves(self) -> None:
        await self.reader.read()

    async def drip(self, part: bytes, every: float = 0.05) -> None:
        while True:
            await self.send(part)
            await asyncio.sleep(every)

    def reset(self) -> None:
        """The connection ends with RST instead of FIN."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    @property
    def kind(self) -> str:
        return "text/event-stream" if self.stream else "application/json"

    # -- whole messages

    def head(self, status: int = 200, **headers: str) -> bytes:
        lines = {"content-type": self.kind} | {name.replace("_", "-"): value for name, value in headers.items()}
        told = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"HTTP/1.1 {status} Whatever\r\n{told}\r\n".encode()

    def body(self) -> bytes:
        """A whole answer, or all events of a stream."""
        return events(BEGUN, " and more") if self.stream else completion(TEXT)

    async def answer(self, body: bytes | None = None, status: int = 200, **headers: str) -> None:
        body = self.body() if body is None else body
        await self.send(self.head(status, content_length=str(len(body)), **headers) + body)

    async def chunked(self, *parts: bytes) -> None:
        await self.send(self.head(transfer_encoding="chunked"), *(chunk(part) for part in parts))

    def beginning(self) -> bytes:
        """What is sent before a fault in the middle of things."""
        return role() + delta(BEGUN) if self.stream else completion(TEXT)[:40]


Play = Callable[[Wire], Awaitable[None]]


def completion(text: str, **more: object) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    value = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return json.dumps(value | more, ensure_ascii=False).encode()


def event(choices: list[dict[str, object]], **more: object) -> bytes:
    value = {"id": "s", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices} | more
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def role() -> bytes:
    return event([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])


def delta(text: str) -> bytes:
    return event([{"index": 0, "delta": {"content": text}, "finish_reason": None}])


def finish() -> bytes:
    return event([{"index": 0, "delta": {}, "finish_reason": "stop"}])


DONE = b"data: [DONE]\n\n"


def events(*texts: str) -> bytes:
    return role() + b"".join(delta(text) for text in texts) + finish() + DONE


def chunk(part: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(part), part)


def fault(
    whole: str | None, stream: str | None = "", *, begun: bool = False, name: str | None = None
) -> Callable[[Play], Play]:
    """What `whole` says holds for streams too, unless `stream` says otherwise."""

    def add(play: Play) -> Play:
        named = name or play.__name__.replace("_", "-")
        FAULTS[named] = Fault(named, play, whole, whole if stream == "" else stream, begun)
        return play

    return add


# -- no connection: the address is made by whoever writes the project


@fault("UpstreamUnreachable")
async def refused(wire: Wire) -> None: ...


@fault("UpstreamUnreachable")
async def no_such_host(wire: Wire) -> None: ...


@fault("UpstreamUnreachable")
async def self_signed(wire: Wire) -> None: ...


@fault("UpstreamTimeout")
async def no_tls(wire: Wire) -> None: ...


@fault("UpstreamTimeout")
async def full_backlog(wire: Wire) -> None: ...


# -- before the head is complete


@fault("UpstreamCut")
async def closes_at_once(wire: Wire) -> None: ...


@fault("UpstreamCut")
async def resets_at_once(wire: Wire) -> None:
    wire.reset()


@fault("UpstreamTimeout")
async def silence(wire: Wire) -> None:
    await wire.until_the_caller_leaves()


@fault("UpstreamTimeout")
async def slow_head(wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 200 OK\r\n")
    await wire.drip(b"x-a: b\r\n")


@fault("UpstreamGarbage")
async def endless_head(wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await wire.send(b"x-a: " + b"b" * 8000 + b"\r\n")


@fault("UpstreamCut")
async def half_a_head(wire: Wire) -> None:
    await wire.send(wire.head()[:30])


@fault("UpstreamGarbage")
async def no_http(wire: Wire) -> None:
    await wire.send(b"SSH-2.0-OpenSSH_9\r\n")


# -- statuses


def _status(status: int, **headers: str) -> None:
    async def play(wire: Wire) -> None:
        await wire.answer(json.dumps(ERROR).encode(), status, content_type="application/json", **headers)

    fault("UpstreamRefused", name="-".join([f"status-{status}", *(name.replace("_", "-") for name in headers)]))(play)


for _code in (401, 403, 404, 408, 409, 429, 500, 502, 503, 529):
    _status(_code)
_status(429, retry_after="3600")
_status(503, retry_after="1")
_status(429, retry_after_ms="20")
_status(503, retry_after="Wed, 21 Oct 2026 07:28:00 GMT")


@fault("UpstreamRefused")
async def error_without_end(wire: Wire) -> None:
    await wire.send(wire.head(500, transfer_encoding="chunked"))
    await wire.drip(chunk(b"x"))


@fault("UpstreamRefused")
async def error_cut_short(wire: Wire) -> None:
    await wire.send(wire.head(500, content_length="1000"), b'{"error": ')


@fault("UpstreamGarbage")
async def redirect(wire: Wire) -> None:
    await wire.answer(b"", 302, location="http://127.0.0.1:9/elsewhere")


# -- bodies that are not what they should be


@fault("UpstreamGarbage")
async def html(wire: Wire) -> None:
    await wire.answer(b"<html><body>Welcome to the proxy</body></html>", content_type="text/html")


@fault("UpstreamGarbage")
async def wrong_type(wire: Wire) -> None:
    body = completion(TEXT) if wire.stream else events(BEGUN)
    await wire.answer(body, content_type="application/json" if wire.stream else "text/event-stream")


@fault("UpstreamGarbage")
async def nothing(wire: Wire) -> None:
    await wire.answer(b"", content_type="application/json")


@fault("UpstreamRefused")
async def error_with_status_200(wire: Wire) -> None:
    await wire.answer(json.dumps(ERROR).encode(), content_type="application/json")


@fault("UpstreamGarbage", "UpstreamCut")
async def no_choices(wire: Wire) -> None:
    await wire.answer(event([]) + DONE if wire.stream else completion(TEXT, choices=[]))


@fault("UpstreamGarbage", begun=True)
async def malformed(wire: Wire) -> None:
    await wire.answer(role() + delta(BEGUN) + b'data: {"choices": [}\n\n' if wire.stream else b'{"choices": [}')


@fault("UpstreamGarbage", begun=True)
async def huge(wire: Wire) -> None:
    """A line of a stream, or a body, that does not end."""
    await wire.send(wire.head(), wire.beginning(), b"data: " if wire.stream else b"")
    while True:
        await wire.send(b"x" * 1_000_000)


@fault("UpstreamGarbage")
async def unknown_encoding(wire: Wire) -> None:
    await wire.answer(b"\x0b\x02\x80hello\x03", content_encoding="br")


@fault("UpstreamGarbage")
async def broken_gzip(wire: Wire) -> None:
    await wire.answer(b"\x1f\x8b\x08\x00 this is no gzip at all", content_encoding="gzip")


@fault("UpstreamCut", begun=True)
async def gzip_cut_short(wire: Wire) -> None:
    body = role() + delta(BEGUN) + b": ping\n\n" * 900 if wire.stream else completion("x" * 5000)
    await wire.answer(gzip.compress(body)[:-8], content_encoding="gzip")


# -- bodies that do not come to their end


@fault("UpstreamCut", begun=True)
async def less_than_promised(wire: Wire) -> None:
    await wire.send(wire.head(content_length="100000"), wire.beginning())


@fault("UpstreamCut", begun=True)
async def half_a_chunk(wire: Wire) -> None:
    await wire.chunked(wire.beginning())
    await wire.send(b"fff\r\n" + b"data: {")


@fault("UpstreamTimeout", begun=True)
async def half_a_chunk_then_silence(wire: Wire) -> None:
    await wire.chunked(wire.beginning())
    await wire.send(b"fff\r\n" + b"data: {")
    await wire.until_the_caller_leaves()


@fault("UpstreamGarbage", begun=True)
async def bad_chunk_size(wire: Wire) -> None:
    await wire.chunked(wire.beginning())
    await wire.send(b"xyz\r\nhello\r\n")


@fault("UpstreamCut", begun=True)
async def reset_in_the_middle(wire: Wire) -> None:
    await wire.chunked(wire.beginning())
    await asyncio.sleep(0.1)
    wire.reset()


@fault("UpstreamCut", begun=True)
async def reset_without_framing(wire: Wire) -> None:
    """A body that ends with the connection, whose connection does not end well."""
    body = role() + delta(BEGUN) if wire.stream else completion(TEXT)
    await wire.send(wire.head(), body)
    await asyncio.sleep(0.1)
    wire.reset()


@fault("UpstreamGarbage", "UpstreamCut", begun=True)
async def early_end_without_framing(wire: Wire) -> None:
    await wire.send(wire.head(), wire.beginning())


@fault("UpstreamTimeout", begun=True)
async def stall(wire: Wire) -> None:
    await wire.chunked(wire.beginning())
    await wire.until_the_caller_leaves()


@fault("UpstreamTimeout", begun=True)
async def slow_body(wire: Wire) -> None:
    """A stream that goes on for ever, or a body of which a byte comes now and then."""
    await wire.chunked(wire.beginning())
    await wire.drip(chunk(delta(" more") if wire.stream else b" "))


@fault("UpstreamTimeout")
async def pings_alone(wire: Wire) -> None:
    await wire.send(wire.head(transfer_encoding="chunked"))
    await wire.drip(chunk(b": ping\n\n"))


@fault("UpstreamGarbage", "UpstreamCut", begun=True)
async def no_finish(wire: Wire) -> None:
    await wire.answer(role() + delta(BEGUN) if wire.stream else b'{"choices"')


@fault("UpstreamRefused", begun=True)
async def error_event(wire: Wire) -> None:
    said = json.dumps(ERROR).encode()
    await wire.answer(wire.beginning() + b"data: " + said + b"\n\n" + DONE if wire.stream else said)


@fault("UpstreamRefused")
async def error_event_first(wire: Wire) -> None:
    said = json.dumps(ERROR).encode()
    await wire.answer(role() + b"data: " + said + b"\n\n" + DONE if wire.stream else said)


@fault("UpstreamCut")
async def role_and_no_more(wire: Wire) -> None:
    await wire.send(wire.head(content_length="5000"), role() if wire.stream else b"")


# -- odd, but an answer


@fault(None)
async def zipped(wire: Wire) -> None:
    await wire.answer(gzip.compress(wire.body()), content_encoding="gzip")


@fault(None)
async def one_byte_at_a_time(wire: Wire) -> None:
    """Every character of more than one byte is cut in two."""
    body = events(BEGUN, TEXT) if wire.stream else completion(TEXT)
    await wire.chunked(*(body[at : at + 1] for at in range(len(body))), b"")


@fault(None)
async def no_utf8(wire: Wire) -> None:
    body = events(BEGUN, "??") if wire.stream else completion("begun ??")
    await wire.answer(body.replace(b"??", b"\xe6\x97"))


@fault(None)
async def no_usage(wire: Wire) -> None:
    await wire.answer(wire.body() if wire.stream else completion(TEXT, usage=None))


@fault(None)
async def garbage_behind(wire: Wire) -> None:
    body = wire.body()
    await wire.send(wire.head(content_length=str(len(body))) + body + b"and more that nobody asked for")


@fault(None)
async def an_answer_too_many(wire: Wire) -> None:
    """A second answer in one packet with the first: it must not become that of the next caller."""
    mine, other = wire.body(), completion("somebody else's")
    await wire.send(wire.head(content_length=str(len(mine))) + mine + wire.head(content_length=str(len(other))) + other)
    await wire.until_the_caller_leaves()


@fault(None)
async def a_late_answer_too_many(wire: Wire) -> None:
    await wire.answer()
    await asyncio.sleep(0.1)
    await wire.answer(completion("somebody else's"))
    await wire.until_the_caller_leaves()


@fault(None)
async def early_hints(wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n")
    await wire.answer()


@fault(None)
async def finishes_twice(wire: Wire) -> None:
    body = role() + delta(BEGUN) + finish() + finish() + DONE
    await wire.answer(body if wire.stream else None)


@fault(None)
async def no_closing_mark(wire: Wire) -> None:
    await wire.answer(role() + delta(BEGUN) + finish() if wire.stream else None)


@fault(None)
async def goes_on_after_the_closing_mark(wire: Wire) -> None:
    if wire.stream:
        await wire.chunked(events(BEGUN))
        await wire.drip(chunk(delta("somebody else's")))
    await wire.answer()


class FaultyUpstream:
    """`with FaultyUpstream() as upstream:` serves from a thread of its own."""

    def __init__(self) -> None:
        self.healed: set[str] = set()
        self.received: list[str] = []
        self.open = 0  # connections
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="faulty-upstream", daemon=True)

    def address(self, name: str) -> str:
        """The `base_url` of a fault."""
        closed, full = self._closed.getsockname()[1], self._full.getsockname()[1]
        return {
            "refused": f"http://127.0.0.1:{closed}/v1",
            "no-such-host": "http://no-such-host.invalid/v1",
            "self-signed": f"https://127.0.0.1:{self._ports[1]}/v1",
            "no-tls": f"https://127.0.0.1:{self._ports[0]}/v1",
            "full-backlog": f"http://127.0.0.1:{full}/v1",
        }.get(name, f"http://127.0.0.1:{self._ports[0]}/{name}/v1")

    def __enter__(self) -> "FaultyUpstream":
        self._closed = socket.socket()
        self._closed.bind(("127.0.0.1", 0))  # taken, and nobody listens
        self._full = socket.create_server(("127.0.0.1", 0), backlog=0)
        self._fillers = [socket.socket() for _ in range(3)]
        for each in self._fillers:
            each.setblocking(False)
            each.connect_ex(self._full.getsockname())
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        for each in (self._closed, self._full, *self._fillers):
            each.close()

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        self._stop = asyncio.Event()
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(PEM)
        servers = [await asyncio.start_server(self._connection, "127.0.0.1", 0, ssl=each) for each in (None, tls)]
        self._ports = [server.sockets[0].getsockname()[1] for server in servers]
        self._ready.set()
        await self._stop.wait()
        for server in servers:
            server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            body = json.loads(await reader.readexactly(int(head.partition("content-length: ")[2].split("\r\n")[0])))
            name = head.split("/")[1]
            self.received.append(name)
            wire = Wire(reader, writer, bool(body.get("stream")))
            if name in self.healed:
                await wire.answer(connection="close")
            else:
                await FAULTS[name].play(wire)
                await wire.writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()
