"""A developer's browser visits a hostile page while hone is up on the same machine."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hone.local import House
from hone.project import scaffold
from hone.server import Server
from hone.store import ScoreQuery, SpanQuery

pytestmark = pytest.mark.browser

SCORE = '{"target": {"session": "s"}, "name": "helpful", "value": true}'
CHAT = '{"model": "answer", "messages": [{"role": "user", "content": "When does a parcel count as lost?"}]}'


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    scaffold(tmp_path, "parcels")
    opened = House.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def port(house: House) -> Iterator[int]:
    with Server(house, "127.0.0.1", 0) as server:
        yield int(server.url.rpartition(":")[2])


@pytest.fixture
def hostile_page() -> Iterator[str]:
    """A page of another site, which the attacker's DNS serves from this machine."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>free kittens</title>")

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://evil.example:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


SEND = """async ([url, body]) => {
    try { return (await fetch(url, {method: "POST", mode: "no-cors", body})).type } catch (error) { return "blocked" }
}"""


def test_a_page_of_another_site_can_send_nothing(page, hostile_page, house, port):
    page.goto(hostile_page)
    for path, body in (("/api/scores", SCORE), ("/v1/chat/completions", CHAT)):
        page.evaluate(SEND, [f"http://127.0.0.1:{port}{path}", body])
    house.telemetry.flush()
    assert house.telemetry.scores(ScoreQuery()) == []
    assert house.telemetry.spans(SpanQuery()) == []


def test_dns_rebinding_meets_a_refusal(page, house, port):
    answer = page.goto(f"http://evil.example:{port}/api/traces")
    assert answer.status == 403
    assert "does not answer to the name" in page.content()


def test_the_same_browser_may_look_from_localhost(page, house, port):
    assert page.goto(f"http://localhost:{port}/api/traces").json() == {"items": [], "next": None}
    answer = page.evaluate(
        "async body => (await (await fetch('/v1/chat/completions', {method: 'POST', body})).json())", CHAT
    )
    assert "seven working days" in answer["choices"][0]["message"]["content"]
