"""Whatever a model's server does: a clear error in time or a fallback, a span that says so, nothing left open."""

import asyncio
import importlib.util
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx2 as httpx
import openai
import pytest
from openai import OpenAI

from hone.core import Span, Usage
from hone.local import House
from hone.providers import Answer, ChatRequest, Model, _wire
from hone.server import Server
from hone.store import SpanQuery
from hone.testing import FakeUpstream, Step


def _faulty_module():
    spec = importlib.util.spec_from_file_location("faulty", Path(__file__).with_name("faulty.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


faulty = _faulty_module()
MESSAGES = [{"role": "user", "content": "hello"}]
CHAT = "/v1/chat/completions"
TOTAL = 3.0
SLACK = 4.0  # a machine may be busy
ODD = [fault for fault in faulty.FAULTS.values() if fault.expected[True] is None]
BROKEN = [fault for fault in faulty.FAULTS.values() if fault.expected[True] is not None]
both_ways = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


def backed(name: str, stream: bool) -> str:
    """The task that asks another model next."""
    return f"{name}-backed-{'stream' if stream else 'whole'}"


def each(faults):
    return pytest.mark.parametrize("fault", faults, ids=lambda fault: fault.name)


class Probe:
    """A model inside the house that says how many tasks its event loop has."""

    async def chat(self, model: Model, request: ChatRequest) -> Answer:
        tasks = len(asyncio.all_tasks())
        return Answer(body=_wire.completion("probe", str(tasks), Usage(input=0, output=0)))

    async def close(self) -> None: ...


@pytest.fixture(scope="module")
def upstream():
    with faulty.FaultyUpstream() as server:
        yield server


@pytest.fixture(scope="module")
def backup() -> Iterator[FakeUpstream]:
    with FakeUpstream() as server:
        yield server


def project(upstream, backup: FakeUpstream) -> str:
    text = 'project = "faults"\n[models.probe]\nuse = "probe/tasks"\n'
    text += f'[models.backup]\nuse = "openai-compatible/b"\nbase_url = "{backup.url}"\n'
    limits = f'connect = "700ms", first = "1500ms", between = "700ms", whole = "1500ms", total = "{TOTAL:g}s"'
    for name in [*faulty.FAULTS, "bad-request"]:
        # Several aliases, so that what one test makes known of a model's health is not the next one's.
        for alias in (name, f"{name}-whole", f"{name}-stream", f"{name}-on"):
            text += f'[models.{alias}]\nuse = "openai-compatible/m"\nbase_url = "{upstream.address(name)}"\n'
        text += f'[tasks.{name}-alone]\nmodels = ["{name}"]\ntimeout = {{ {limits} }}\n'
        text += f'[tasks.{name}-going-on]\nmodels = ["{name}-on", "backup"]\ntimeout = {{ {limits} }}\n'
        text += 'on_cut = "continue"\n'
        for way in ("whole", "stream"):
            text += f'[tasks.{name}-backed-{way}]\nmodels = ["{name}-{way}", "backup"]\ntimeout = {{ {limits} }}\n'
    return text


@pytest.fixture(scope="module")
def house(tmp_path_factory, upstream, backup) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("faults")
    (folder / "hone.toml").write_text(project(upstream, backup))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_API_KEY", "HONE_ENV"):
            patch.delenv(name, raising=False)
        patch.setattr(socket, "getaddrinfo", _without_a_network(socket.getaddrinfo))
        opened = House.open(folder, providers={"probe": Probe()})
        yield opened
        opened.close()


def _without_a_network(known: Callable) -> Callable:
    def getaddrinfo(host, *args, **options):
        if str(host).endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return known(host, *args, **options)

    return getaddrinfo


@pytest.fixture(scope="module")
def server(house: House) -> Iterator[Server]:
    with Server(house, "127.0.0.1", 0) as running:
        yield running


class Left:
    """What is open now: sockets of this process, connections of the faulty server, tasks of the gateway's loop."""

    def __init__(self, url: str, upstream) -> None:
        self._url, self._upstream = url, upstream

    def now(self) -> tuple[int, int, int]:
        with OpenAI(base_url=f"{self._url}/v1", api_key="any", max_retries=0) as client:
            answer = client.chat.completions.create(model="probe", messages=MESSAGES)
        time.sleep(0.02)
        return int(answer.choices[0].message.content), self._upstream.open, _sockets()

    def settles_at(self, before: tuple[int, int, int]) -> None:
        now = self.now()
        for _ in range(100):
            if all(a <= b for a, b in zip(now, before, strict=True)):
                return
            time.sleep(0.05)
            now = self.now()
        raise AssertionError(f"(tasks, connections, sockets) were {before} and are {now}")


def _sockets() -> int:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        return 0  # only Linux says
    count = 0
    for fd in folder.iterdir():
        with suppress(OSError):
            count += str(fd.readlink()).startswith("socket:")
    return count


@pytest.fixture
def left(server: Server, upstream) -> Iterator[Left]:
    """Checks after each test that nothing of it is left."""
    made = Left(server.url, upstream)
    with OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        client.chat.completions.create(model="backup", messages=MESSAGES)  # its connection is kept
    before = made.now()
    yield made
    made.settles_at(before)


@pytest.fixture
def ask(server: Server) -> Callable[..., tuple[str, str]]:
    """Ask with the official SDK: the text, and how it finished."""

    def asked(model: str, *, stream: bool) -> tuple[str, str]:
        with OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0, timeout=30) as client:
            if not stream:
                (choice,) = client.chat.completions.create(model=model, messages=MESSAGES).choices
                return choice.message.content, choice.finish_reason
            text, finish = "", None
            with client.chat.completions.create(model=model, messages=MESSAGES, stream=True) as chunks:
                for chunk in chunks:
                    for choice in chunk.choices:
                        text += choice.delta.content or ""
                        finish = choice.finish_reason or finish
            return text, finish

    return asked


@pytest.fixture
def attempts(house: House) -> Callable[[str], list[Span]]:
    """The model calls of the last call of a task, in order."""

    def find(task: str) -> list[Span]:
        for _ in range(200):
            house.telemetry.flush()
            spans = house.telemetry.spans(SpanQuery(project="faults", limit=10_000))
            roots = sorted((span for span in spans if span.task == task and span.kind == "task"), key=lambda s: s.start)
            if roots:
                mine = [span for span in spans if span.trace_id == roots[-1].trace_id and span.kind == "llm"]
                return sorted(mine, key=lambda span: span.start)
            time.sleep(0.02)
        raise AssertionError(f"no call of {task}")

    return find


@both_ways
@each(BROKEN)
def test_alone_it_ends_in_a_clear_error_in_time(fault, stream, ask, attempts, left):
    start = time.monotonic()
    with pytest.raises(openai.APIError) as caught:
        ask(f"{fault.name}-alone", stream=stream)
    assert time.monotonic() - start < TOTAL + SLACK
    assert not isinstance(caught.value, openai.APIConnectionError), "an error in the caller's dialect"
    (span,) = attempts(f"{fault.name}-alone")
    assert span.status == "error"
    assert span.error.split(":")[0] == fault.expected[stream]
    assert span.finish is None, "a finish reason is never made up"
    if stream and fault.begun:
        assert faulty.BEGUN in span.output


@both_ways
@each(BROKEN)
def test_another_model_answers_as_long_as_nothing_was_said(fault, stream, ask, attempts, left):
    if stream and fault.begun:
        with pytest.raises(openai.APIError):
            ask(backed(fault.name, stream), stream=True)
        return
    start = time.monotonic()
    assert ask(backed(fault.name, stream), stream=stream) == ("hello", "stop")
    assert time.monotonic() - start < TOTAL + SLACK
    failed, answered = attempts(backed(fault.name, stream))
    assert failed.error.split(":")[0] == fault.expected[stream]
    assert (answered.status, answered.model, answered.finish) == ("ok", "backup", "stop")


def test_a_connection_that_does_not_come_about_is_said_to_be_that(ask, left):
    with pytest.raises(openai.InternalServerError, match=r"no connection to .* within 0\.7 s \(timeout\.connect\)"):
        ask("full-backlog-alone", stream=False)


@each([fault for fault in BROKEN if fault.begun])
def test_a_cut_stream_has_no_end_that_a_client_could_take_for_one(fault, server, left):
    body = b""
    with (
        httpx.Client(base_url=server.url, timeout=30) as http,
        http.stream(
            "POST", CHAT, json={"model": f"{fault.name}-alone", "messages": MESSAGES, "stream": True}
        ) as answer,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        for part in answer.iter_bytes():
            body += part
    assert answer.status_code == 200
    assert faulty.BEGUN.encode() in body
    assert b"[DONE]" not in body
    assert b'"stop"' not in body
    assert b'data: {"error":' in body.split(b"\n\n")[-2]


@each([fault for fault in BROKEN if fault.begun])
def test_where_it_was_asked_for_another_model_goes_on(fault, backup, ask, attempts, left):
    if fault.name == "slow-body":
        with pytest.raises(openai.APIError, match=r"timeout\.total"):
            ask(f"{fault.name}-going-on", stream=True)
        return
    backup.script(Step(text=" and the rest"))
    text, finish = ask(f"{fault.name}-going-on", stream=True)
    assert (text, finish) == (f"{faulty.BEGUN} and the rest", "stop")
    cut, went_on = attempts(f"{fault.name}-going-on")
    assert (cut.error.split(":")[0], cut.finish) == (fault.expected[True], None)
    assert (went_on.status, went_on.attributes["continued_from"]) == ("ok", cut.model)


@both_ways
@each(ODD)
def test_what_is_odd_but_an_answer_is_given_to_the_caller(fault, stream, ask, attempts, left):
    text, finish = ask(f"{fault.name}-alone", stream=stream)
    assert "somebody else" not in text
    assert text.startswith(faulty.BEGUN) or text == faulty.TEXT
    assert finish == "stop"
    (span,) = attempts(f"{fault.name}-alone")
    assert (span.status, span.finish) == ("ok", "stop")


def test_characters_that_are_cut_in_two_come_together_again(ask, left):
    assert ask("one-byte-at-a-time-alone", stream=True)[0] == faulty.BEGUN + faulty.TEXT
    assert ask("one-byte-at-a-time-alone", stream=False)[0] == faulty.TEXT
    assert ask("no-utf8-alone", stream=True)[0] == f"{faulty.BEGUN}\ufffd"


@both_ways
@each(faulty.FAULTS.values())
def test_afterwards_the_same_model_answers_again(fault, stream, upstream, ask, left):
    if f"/{fault.name}/" not in upstream.address(fault.name):
        pytest.skip("there is nothing at that address that could get well")
    with suppress(openai.APIError):
        ask(f"{fault.name}-alone", stream=stream)
    if "late" in fault.name:
        time.sleep(0.3)  # what comes while a request is going on can only be taken for its answer
    upstream.healed.add(fault.name)
    try:
        for again in (stream, not stream):
            text, finish = ask(f"{fault.name}-alone", stream=again)
            assert (text, finish) == (f"{faulty.BEGUN} and more" if again else faulty.TEXT, "stop")
    finally:
        upstream.healed.discard(fault.name)


@both_ways
@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_the_callers_own_mistake_is_returned_and_not_replayed(status, stream, upstream, backup, ask, left):
    async def play(wire) -> None:
        await wire.answer(b'{"error": {"message": "your own mistake"}}', status, content_type="application/json")

    faulty.FAULTS["bad-request"] = faulty.Fault("bad-request", play, None, None, False)
    asked, replayed = len(upstream.received), len(backup.received)
    with pytest.raises(openai.APIStatusError, match="your own mistake") as caught:
        ask(backed("bad-request", stream), stream=stream)
    assert caught.value.status_code == status
    assert (len(upstream.received), len(backup.received)) == (asked + 1, replayed)


def test_many_faults_at_once_leave_nothing_behind(server, upstream):
    left = Left(server.url, upstream)
    tasks, connections, _ = left.now()

    async def all_of_them() -> None:
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:

            async def one(fault, stream: bool) -> None:
                body = {"model": backed(fault.name, stream), "messages": MESSAGES, "stream": stream}
                try:
                    await http.post(CHAT, json=body)
                except httpx.RemoteProtocolError:
                    assert stream

            await asyncio.gather(*(one(fault, stream) for fault in BROKEN for stream in (False, True)))

    asyncio.run(all_of_them())
    left.settles_at((tasks, connections, 1000))  # those to the backup model are kept for a while


@each([fault for fault in BROKEN if fault.name in ("silence", "slow-head", "stall", "slow-body", "pings-alone")])
def test_a_caller_who_leaves_takes_the_upstream_along(fault, server, left):
    with (
        httpx.Client(base_url=server.url, timeout=0.4) as http,
        pytest.raises(httpx.TimeoutException),
        http.stream(
            "POST", CHAT, json={"model": f"{fault.name}-alone", "messages": MESSAGES, "stream": True}
        ) as answer,
    ):
        until = time.monotonic() + 0.4
        for _ in answer.iter_bytes():
            if time.monotonic() > until:
                raise httpx.ReadTimeout("the caller has had enough")
