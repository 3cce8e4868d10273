"""The callers of the soak: they ask, wait, leave in mid-stream, and note what became of every call."""

import asyncio
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httptools

PATIENCE = 30.0  # seconds: whoever waits longer was forgotten
MOST_TOKENS = 40
_REFUSALS = 3  # of one purse, until its users have understood


@dataclass
class Noted:
    """One call. `whole`: its answer has come to its end, so it was acknowledged."""

    user: str
    key: str
    start: float
    end: float = 0.0
    status: int = 0
    trace: str = ""
    limited: bool = False  # by our rate, not the model's
    whole: bool = False
    left: bool = False  # by our wish


@dataclass
class Group:
    """Callers with one key, who share a purse: the budget of the user that they call for. When it is spent they take
    the next one."""

    name: str
    secret: str
    purses: int = 1
    refused: int = 0

    @property
    def user(self) -> str:
        return f"{self.name}-{self.purses}"

    def broke(self, user: str) -> None:
        if user == self.user:
            self.refused += 1
            if self.refused >= _REFUSALS:
                self.purses, self.refused = self.purses + 1, 0


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    blocks: int = 0
    start: bytes = b""
    complete: bool = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode()

    def on_body(self, data: bytes) -> None:
        self.blocks += 1
        self.start = self.start or data

    def on_message_complete(self) -> None:
        self.complete = True


class Caller:
    def __init__(self, port: int, group: Group, noted: list[Noted], over: Callable[[], bool]) -> None:
        self.port, self.group, self.noted, self.over = port, group, noted, over
        self.connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def run(self) -> None:
        while not self.over():
            call = Noted(self.group.user, self.group.name, time.time())
            try:
                await asyncio.wait_for(self.ask(call), PATIENCE)
            except (OSError, asyncio.IncompleteReadError):
                self.hang_up()
                await asyncio.sleep(0.05)
            except TimeoutError:
                self.hang_up()
                call.status = call.status or -1
            call.end = time.time()
            if call.status:
                self.noted.append(call)
            if call.status == 402:
                self.group.broke(call.user)
            if random.random() < 0.1:
                self.hang_up()
            await asyncio.sleep(random.uniform(0.3, 1.0) if call.limited else random.uniform(0, 0.1))
        self.hang_up()

    async def ask(self, call: Noted) -> None:
        if self.connection is None:
            self.connection = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.connection
        streamed = random.random() < 0.5
        leaves_after = random.randint(1, 15) if streamed and random.random() < 0.1 else None
        writer.write(self.request(call, streamed))
        answer = Answer()
        parser = httptools.HttpResponseParser(answer)
        while not answer.complete:
            data = await reader.read(65_536)
            if not data:
                raise ConnectionResetError
            parser.feed_data(data)
            call.status, call.trace = parser.get_status_code(), answer.headers.get("x-hone-trace-id", "")
            if leaves_after is not None and answer.blocks >= leaves_after and not answer.complete:
                call.left = True
                self.hang_up()
                return
        call.whole = True
        call.limited = call.status == 429 and b"rate_limited" in answer.start
        if not parser.should_keep_alive():
            self.hang_up()

    def request(self, call: Noted, streamed: bool) -> bytes:
        body = json.dumps(
            {
                "model": random.choice(["first", "chain"]),
                "messages": [{"role": "user", "content": "how are you?"}],
                "max_tokens": MOST_TOKENS,
                "stream": streamed,
            }
        )
        said = {
            "host": "127.0.0.1",
            "authorization": f"Bearer {self.group.secret}",
            "x-hone-user": call.user,
            "content-type": "application/json",
            "content-length": len(body),
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        return f"POST /v1/chat/completions HTTP/1.1\r\n{lines}\r\n{body}".encode()

    def hang_up(self) -> None:
        if self.connection is not None:
            self.connection[1].transport.abort()
            self.connection = None
