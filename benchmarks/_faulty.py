"""The model server of the soak: mostly well, now and then everything that can go wrong with one.

    python _faulty.py      prints its port as one line of JSON, serves until its input closes

`GET /stats` tells how many connections of callers are open, and how many of those are being answered. An answer has a
character for each of its tokens, so that what is estimated of one that was cut stays below what was asked for.
"""

import asyncio
import json
import random
import socket
import struct
import sys

import uvloop

HEAD = "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n"
# What happens to a call, and how often. Stalls are shorter than the timeout of the project.
FATES = {
    "well": 80, "stall": 3, "limited": 3, "broken": 3, "away": 3, "reset": 3, "cut": 3, "garbage": 2,
}  # fmt: skip
STALL = 1.5  # seconds
GAP = 0.01  # between the chunks of a stream


class Server:
    def __init__(self) -> None:
        self.open: set[asyncio.StreamWriter] = set()
        self.busy = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"GET /stats"):
                    self.open.discard(writer)
                    found = {"open": len(self.open), "busy": self.busy}
                    writer.write(whole(200, json.dumps(found).encode()))
                    return
                length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-len"))
                asked = json.loads(await reader.readexactly(length))
                self.busy += 1
                try:
                    await answer(asked, reader, writer)
                finally:
                    self.busy -= 1
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open.discard(writer)
            writer.close()


async def answer(asked: dict, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """
    Raises:
        ConnectionError: the connection is over, by the caller's wish or by ours.
    """
    fate = random.choices(list(FATES), FATES.values())[0]
    tokens = random.randint(1, asked["max_tokens"])
    if fate == "reset":
        reset(writer)
    elif fate in ("limited", "broken", "away"):
        status = {"limited": 429, "broken": 500, "away": 503}[fate]
        writer.write(whole(status, b'{"error": {"message": "not now", "type": "server_error"}}'))
    elif fate == "garbage":
        writer.write(whole(200, b"<html>a proxy's page</html>"))
    elif asked.get("stream"):
        await stream(fate, tokens, reader, writer)
    else:
        await asyncio.sleep(STALL if fate == "stall" else random.uniform(0.01, 0.1))
        message = {"role": "assistant", "content": "a" * tokens}
        body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage(tokens)}
        said = whole(200, json.dumps(BASE | {"object": "chat.completion"} | body).encode())
        if fate == "cut":
            writer.write(said[:-20])
            reset(writer)
        writer.write(said)
    await writer.drain()


async def stream(fate: str, tokens: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(f"{HEAD.format(status=200, kind='text/event-stream')}transfer-encoding: chunked\r\n\r\n".encode())
    wrong = random.randrange(tokens) if fate in ("cut", "stall") else -1
    for number in range(tokens):
        if number == wrong and fate == "cut":
            reset(writer)
        await asyncio.sleep(STALL if number == wrong else GAP * random.uniform(0.5, 1.5))
        if writer.is_closing() or reader.at_eof():
            raise ConnectionResetError
        writer.write(event({"content": "a"}))
        await writer.drain()
    writer.write(event({}, "stop", usage=usage(tokens)) + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")


BASE = {"id": "chatcmpl-1", "created": 1_790_000_000, "model": "faulty"}


def usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": 10, "completion_tokens": tokens, "total_tokens": 10 + tokens}


def event(delta: dict, finish: str | None = None, **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    data = json.dumps(BASE | {"object": "chat.completion.chunk", "choices": [choice]} | more)
    framed = f"data: {data}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(framed), framed)


def whole(status: int, body: bytes) -> bytes:
    return f"{HEAD.format(status=status, kind='application/json')}content-length: {len(body)}\r\n\r\n".encode() + body


def reset(writer: asyncio.StreamWriter) -> None:
    """End the connection with an RST.

    Raises:
        ConnectionResetError: always.
    """
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    raise ConnectionResetError


async def main() -> None:
    server = await asyncio.start_server(Server().serve, "127.0.0.1", 0)
    print(json.dumps(server.sockets[0].getsockname()[1]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main())
