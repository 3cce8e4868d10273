"""A bare HTTP server in the place of hone: it keeps what it is sent and answers what it is told."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from hone import client


class Wire(ThreadingHTTPServer):
    """`raw`, when set, is written in place of an HTTP answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.raw = b""
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Wire

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.server.raw:
            self.wfile.write(self.server.raw)
            return
        self.server.bodies.append(json.loads(body))
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        answer = b'{"choices": [{"message": {"content": "ok"}}]}'
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    with Wire() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        client.disconnect()
        monkeypatch.setenv("HONE_URL", server.url)
        yield server
        client.disconnect()
        server.shutdown()
        thread.join()


@pytest.fixture
def bodies(wire: Wire) -> list[Any]:
    return wire.bodies
