"""The model server behind every gateway of the benchmark: the OpenAI dialect, as little work as a reply can be.

    python _upstream.py [--tls FOLDER]      prints its ports as one line of JSON, serves until its input closes

A request says what it wants: `"stream": true` gets `max_tokens` chunks, one about every `--gap` milliseconds, so that
each comes alone, as tokens do. Anything else gets 600 bytes at once, or `--delay` milliseconds later. A path of `/v1`
or none is all the same. A GET is answered with how many requests there have been.
"""

import argparse
import asyncio
import json
import random
import re
import ssl
import sys
from pathlib import Path

import httptools
import uvloop

_STREAM = re.compile(rb'"stream"\s*:\s*true')
_TOKENS = re.compile(rb'"max_tokens"\s*:\s*(\d+)')
_USAGE = re.compile(rb'"include_usage"\s*:\s*true')

TEXT = (
    "A gateway stands between an application and its models: it keeps the keys, counts the tokens, notes what was "
    "asked and what was answered, and asks another model when the first one fails. All of that takes time, and memory, "
    "on every call. What it costs itself is measured."
)
COUNTED = {"prompt_tokens": 190, "completion_tokens": 44, "total_tokens": 234}
BASE = {"id": "chatcmpl-B1x7Qm2kPz0aVt9sYw4u", "created": 1_790_000_000, "model": "mock", "system_fingerprint": "fp_1"}
WHOLE = json.dumps(
    BASE
    | {
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": TEXT, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": COUNTED,
    }
).encode()
REPLY = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(WHOLE), WHOLE)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"


def event(delta: dict | None, finish: str | None = None, **more: object) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    value = BASE | {"object": "chat.completion.chunk", "choices": choices} | more
    return framed(b"data: %b\n\n" % json.dumps(value, separators=(",", ":")).encode())


def framed(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


FIRST = event({"role": "assistant", "content": ""})
CHUNKS = [event({"content": f" word{n}"}) for n in range(100)]  # LiteLLM ends a stream that repeats itself
END = event({}, "stop")
USAGE = event(None, usage=COUNTED)
DONE = framed(b"data: [DONE]\n\n") + b"0\r\n\r\n"


class Connection(asyncio.Protocol):
    """One caller; requests come one after the other."""

    asked = 0  # by all of them

    def __init__(self, gap: float, delay: float = 0.0) -> None:
        self.gap, self.delay = gap, delay
        self.loop = asyncio.get_running_loop()
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timer is not None:
            self.timer.cancel()

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)
        if self.complete:
            self._answer(b"".join(self.parts))
            self._next()

    def on_body(self, data: bytes) -> None:
        self.parts.append(data)

    def on_message_complete(self) -> None:
        self.complete = True

    def _next(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.parts: list[bytes] = []
        self.complete = False

    def _answer(self, body: bytes) -> None:
        if self.parser.get_method() == b"GET":
            count = b"%d" % Connection.asked
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(count), count))
            return
        Connection.asked += 1
        if not _STREAM.search(body):
            if self.delay:
                self.timer = self.loop.call_later(self.delay, self.transport.write, REPLY)
            else:
                self.transport.write(REPLY)
            return
        wanted = _TOKENS.search(body)
        self.end = END + (USAGE if _USAGE.search(body) else b"") + DONE
        self.transport.write(HEAD + FIRST + CHUNKS[0])
        self._later(int(wanted[1]) - 1 if wanted else 9)

    def _later(self, left: int) -> None:
        # At random, or all streams would come to beat together and be read together.
        self.timer = self.loop.call_later(self.gap * random.uniform(0.5, 1.5), self._chunk, left)

    def _chunk(self, left: int) -> None:
        self.transport.write(CHUNKS[left % 100] if left else self.end)
        if left:
            self._later(left - 1)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gap", type=float, default=10.0, help="milliseconds between the chunks of a stream")
    parser.add_argument("--delay", type=float, default=0.0, help="milliseconds before an answer that is no stream")
    parser.add_argument("--tls", type=Path, help="a folder with cert.pem and key.pem")
    options = parser.parse_args()
    loop = asyncio.get_running_loop()

    def connection() -> Connection:
        return Connection(options.gap / 1000, options.delay / 1000)

    servers = {"http": await loop.create_server(connection, "127.0.0.1", 0)}
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.tls / "cert.pem", options.tls / "key.pem")
        servers["https"] = await loop.create_server(connection, "127.0.0.1", 0, ssl=context)
    print(json.dumps({name: server.sockets[0].getsockname()[1] for name, server in servers.items()}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main())
