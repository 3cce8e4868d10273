"""The callers of the benchmark, in a process of their own: each connection asks again as soon as it was answered.

    python _load.py '{"url": ..., "headers": {...}, "body": ..., "requests": N, "connections": C}'

prints one line of JSON: what went by, and times in seconds. An answer that is not the mock's ends everything with an
error: nobody gets a good figure for bad answers.
"""

import asyncio
import json
import re
import sys
import time
from urllib.parse import urlsplit

import httptools
import uvloop

_WORD = re.compile(rb'"content": ?" word')


class Callers:
    """All connections, and what they have seen together."""

    def __init__(self, url: str, headers: dict[str, str], body: str, requests: int, connections: int) -> None:
        self.url = urlsplit(url)
        self.left, self.connections = requests, connections
        self.waiting = requests
        self.expected = json.loads(body).get("max_tokens", 0) if '"stream"' in body else None
        said = {"host": self.url.netloc, "content-type": "application/json", **headers, "content-length": len(body)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        self.message = f"POST {self.url.path} HTTP/1.1\r\n{lines}\r\n{body}".encode()
        self.took: list[float] = []
        self.first: list[float] = []
        self.reconnected = 0
        self.problem: str | None = None
        self.over = asyncio.Event()

    async def run(self) -> dict[str, object]:
        begin = time.perf_counter()
        await asyncio.gather(*(self.connect() for _ in range(self.connections)))
        await self.over.wait()
        wall = time.perf_counter() - begin
        if self.problem:
            raise SystemExit(f"a caller was not answered right: {self.problem}")
        return {"wall": wall, "took": quantiles(self.took), "first": quantiles(self.first),
                "reconnected": self.reconnected}  # fmt: skip

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: Connection(self), self.url.hostname, self.url.port)

    def again(self) -> None:
        """A server may close a connection between two requests."""
        self.reconnected += 1
        self.task = asyncio.ensure_future(self.connect())

    def answered(self, took: float) -> None:
        self.took.append(took)
        self.waiting -= 1
        if self.waiting == 0:
            self.over.set()

    def fail(self, problem: str) -> None:
        self.problem = self.problem or problem
        self.over.set()


class Connection(asyncio.Protocol):
    def __init__(self, callers: Callers) -> None:
        self.callers = callers
        self.asking = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.ask()

    def ask(self) -> None:
        callers = self.callers
        if callers.left == 0 or callers.problem:
            self.transport.close()
            return
        callers.left -= 1
        self.parser = httptools.HttpResponseParser(self)
        self.parts: list[bytes] = []
        self.first: float | None = None
        self.complete = False
        self.asking = True
        self.begin = time.perf_counter()
        self.transport.write(callers.message)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)
        if self.complete:
            self.asking = False
            self.check()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.asking:
            self.callers.fail("the connection was lost")
        elif self.callers.left:
            self.callers.again()

    def on_body(self, data: bytes) -> None:
        self.parts.append(data)
        if self.first is None and self.callers.expected is not None and _WORD.search(data):
            self.first = time.perf_counter()

    def on_message_complete(self) -> None:
        self.complete = True
        self.stays = self.parser.should_keep_alive()

    def check(self) -> None:
        now, callers, body = time.perf_counter(), self.callers, b"".join(self.parts)
        if (status := self.parser.get_status_code()) != 200:
            callers.fail(f"status {status}, {body[:500].decode('utf-8', 'replace')}")
        elif callers.expected is None and b"What it costs itself is measured." not in body:
            callers.fail(f"not the mock's words: {body[:500].decode('utf-8', 'replace')}")
        elif callers.expected is not None and not self.whole(body):
            callers.fail(f"not the mock's stream: {len(_WORD.findall(body))} chunks, ends {body[-200:]!r}")
        else:
            callers.answered(now - self.begin)
            if self.first is not None:
                callers.first.append(self.first - self.begin)
        if callers.problem or not self.stays:
            self.transport.close()
        else:
            self.ask()

    def whole(self, body: bytes) -> bool:
        return len(_WORD.findall(body)) == self.callers.expected and b"data: [DONE]" in body


def quantiles(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    ordered = sorted(values)
    return {f"p{share}": ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 99)}


async def main() -> None:
    print(json.dumps(await Callers(**json.loads(sys.argv[1])).run()))


if __name__ == "__main__":
    uvloop.run(main())
