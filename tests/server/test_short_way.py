"""Small model calls go straight from their socket to the door. Whatever HTTP allows is answered as before."""

import json
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from hone.server import Server
from hone.testing import Step

BODY = {"model": "fast", "messages": [{"role": "user", "content": "hello there"}]}


@pytest.fixture
def raw(server: Server) -> Iterator[socket.socket]:
    url = urlsplit(server.url)
    with socket.create_connection((url.hostname, url.port), timeout=20) as connection:
        yield connection


def request(content: object = BODY, *lines: str, path: str = "/v1/chat/completions") -> bytes:
    body = json.dumps(content).encode()
    head = [f"POST {path} HTTP/1.1", "host: localhost", f"content-length: {len(body)}", *lines]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def read_until(connection: socket.socket, wanted: bytes, times: int = 1) -> bytes:
    data = b""
    while data.count(wanted) < times:
        more = connection.recv(65536)
        if not more:
            break
        data += more
    return data


def test_requests_sent_one_behind_the_other_are_answered_in_their_order(raw):
    words = ["first", "second", "third"]
    asked = [{**BODY, "messages": [{"role": "user", "content": word}]} for word in words]
    raw.sendall(b"".join(request(each) for each in asked))
    data = read_until(raw, b'"total_tokens"', 3).decode()
    assert data.count("HTTP/1.1 200 OK") == 3
    assert [data.index(f'"content":"{word}"') for word in words] == sorted(
        data.index(f'"content":"{word}"') for word in words
    )


def test_a_request_that_comes_byte_by_byte_is_answered(raw):
    whole = request()
    for at in range(0, len(whole), 7):
        raw.sendall(whole[at : at + 7])
        time.sleep(0.001)
    assert b"hello there" in read_until(raw, b'"total_tokens"')


def test_a_caller_who_waits_for_leave_to_send_gets_it(raw):
    head, _, body = request(BODY, "expect: 100-continue").partition(b"\r\n\r\n")
    raw.sendall(head + b"\r\n\r\n")
    assert b"100 Continue" in read_until(raw, b"\r\n\r\n")
    raw.sendall(body)
    assert b"hello there" in read_until(raw, b'"total_tokens"')


def test_a_body_in_chunks_is_read(raw):
    body = json.dumps(BODY).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
    raw.sendall(head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
    assert b"hello there" in read_until(raw, b'"total_tokens"')


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_a_caller_who_wants_the_connection_closed_sees_it_closed(raw, version):
    raw.sendall(request(BODY, "connection: close").replace(b"HTTP/1.1", version.encode(), 1))
    data = b""
    while more := raw.recv(65536):
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    assert b"hello there" in body


def test_the_answer_says_when_it_was_made(raw):
    raw.sendall(request())
    assert b"\r\ndate: " in read_until(raw, b'"total_tokens"').partition(b"\r\n\r\n")[0].lower()


def test_a_quiet_connection_is_closed_and_one_in_use_is_not(raw, upstream):
    """uvicorn closes after five seconds without a request."""
    upstream.script(Step(latency=5.5))
    raw.sendall(request())
    assert b"hello there" in read_until(raw, b'"total_tokens"'), "an answer may take longer than that"
    begin = time.monotonic()
    raw.sendall(request())
    assert b"hello there" in read_until(raw, b'"total_tokens"')
    assert raw.recv(1) == b""
    assert 4 < time.monotonic() - begin < 15


def test_a_caller_who_reads_slowly_gets_all_of_a_long_stream(server, upstream):
    """The model is made to wait meanwhile: what a slow reader leaves is not piled up here."""
    text = "word " * 30_000
    url = urlsplit(server.url)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(60)
        connection.connect((url.hostname, url.port))
        upstream.script(Step(text=text))
        connection.sendall(request({**BODY, "stream": True}))
        data = bytearray()
        while not data.endswith(b"0\r\n\r\n"):
            more = connection.recv(65536)
            assert more, "the stream was cut"
            data += more
            if len(data) < 200_000:
                time.sleep(0.01)
    assert bytes(data).count(b"word") == 30_000
    assert b"data: [DONE]" in data


def test_a_stream_that_comes_in_one_piece_ends_once(raw, upstream):
    event = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "all"}, "finish_reason": "stop"}]}
    upstream.script(Step(raw=f"data: {json.dumps(event)}\n\ndata: [DONE]\n\n", content_type="text/event-stream"))
    raw.sendall(request({**BODY, "stream": True}))
    raw.sendall(request({**BODY, "messages": [{"role": "user", "content": "and then"}]}))
    data = read_until(raw, b'"total_tokens"')
    assert data.count(b"data: [DONE]") == 1
    assert data.count(b"0\r\n\r\n") == 1
    assert b"and then" in data
