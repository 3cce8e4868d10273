"""Record and replay: what models answer, kept in a folder, and given again without a network.

A recording is one JSON file, found by what was asked: provider, model, address and body. It holds no header and no key.
"""

import asyncio
import base64
import hashlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct, field

from hone.core import to_json
from hone.errors import (
    CallError,
    NotRecorded,
    ProjectError,
    UpstreamCut,
    UpstreamError,
    UpstreamGarbage,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from hone.providers._seam import Answer, ChatRequest, EmbeddingProvider, EmbeddingRequest, Model, Provider
from hone.providers._sse import Splitter, payload_of

Mode = Literal["record", "replay"]

_NOT_ASKED = ("stream", "stream_options")  # how the answer is sent; it stands in the file's name instead
_SHOWN = 120  # characters of a question in an error
_KINDS: dict[str, type[UpstreamError]] = {
    kind.__name__: kind for kind in (UpstreamUnreachable, UpstreamTimeout, UpstreamGarbage, UpstreamCut)
}


class _Bytes(Struct, frozen=True, omit_defaults=True):
    """Bytes as people can read them, where they are text."""

    text: str | None = None
    base64: str | None = None

    @classmethod
    def of(cls, data: bytes) -> "_Bytes":
        try:
            return cls(text=data.decode())
        except UnicodeDecodeError:
            return cls(base64=base64.b64encode(data).decode())

    def __bytes__(self) -> bytes:
        return self.text.encode() if self.text is not None else base64.b64decode(self.base64 or "")


class _Failure(Struct, frozen=True):
    """An error of the model's server. `kind` is the name of its class."""

    kind: str
    message: str
    status: int
    body: _Bytes

    def as_error(self) -> UpstreamError:
        if self.kind == UpstreamRefused.__name__:
            return UpstreamRefused(self.message, status=self.status, body=bytes(self.body))
        return _KINDS.get(self.kind, UpstreamError)(self.message)


class _Recording(Struct, frozen=True, omit_defaults=True):
    """What was asked of whom, and one of: a whole body, the chunks of a stream as they came, an error."""

    model: dict[str, str | None]
    request: Any
    body: _Bytes | None = None
    chunks: list[_Bytes] | None = None
    error: _Failure | None = None


class _Tape(Struct, frozen=True, kw_only=True):
    """Where the recording of one request lies."""

    path: Path
    model: dict[str, str | None]
    request: Any = field(default_factory=dict)

    def read(self) -> _Recording | None:
        """
        Raises:
            ProjectError: the file is no recording.
        """
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=_Recording)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise ProjectError(f"{self.path} is no recording: {problem}", hint="record it again") from None

    def write(self, **answer: Any) -> None:
        """All of it or nothing, however many write at once.

        Raises:
            ProjectError: the folder cannot be written to.
        """
        made = msgspec.json.encode(_Recording(self.model, self.request, **answer))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.path.parent, suffix=".part", delete=False) as file:
                file.write(msgspec.json.format(made, indent=2) + b"\n")
            Path(file.name).replace(self.path)
        except OSError as problem:
            raise ProjectError(f"{self.path} cannot be written: {problem.strerror}", hint="HONE_CASSETTE") from None


class Cassette:
    """A folder of recordings, and whether it is written or read."""

    def __init__(self, mode: Mode, folder: Path) -> None:
        self.mode = mode
        self.folder = folder

    @classmethod
    def read(cls, text: str) -> "Cassette":
        """`record:PATH` or `replay:PATH`.

        Raises:
            ProjectError: it is neither, or there is nothing to replay.
        """
        mode, _, path = text.partition(":")
        if mode not in get_args(Mode) or not path:
            raise ProjectError(f"{text!r} is no cassette", hint='write "record:PATH" or "replay:PATH" (HONE_CASSETTE)')
        folder = Path(path).resolve()
        if mode == "replay" and not folder.is_dir():
            raise ProjectError(f"there are no recordings in {folder}", hint=f"HONE_CASSETTE=record:{path} makes them")
        return cls("record" if mode == "record" else "replay", folder)

    def over(self, name: str, provider: Callable[[], Provider]) -> "Taped":
        """A provider whose answers are recorded; replayed, it is not even loaded."""
        return Taped(self, name, provider)

    def tape(self, provider: str, model: Model, kind: str, body: bytes, *, stream: bool = False) -> _Tape:
        """
        Raises:
            CallError: the body is not a JSON object.
        """
        try:
            asked = msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            raise CallError(f"this is no request that can be recorded: {problem}") from None
        request = {name: asked[name] for name in sorted(asked) if name not in _NOT_ASKED}
        who = {"provider": provider, "name": model.name, "base_url": _plain(model.base_url)}
        digest = hashlib.sha256(msgspec.json.encode([kind, who, request], order="sorted")).hexdigest()
        return _Tape(path=self.folder / f"{digest}{'.stream' if stream else ''}.json", model=who, request=request)


class Taped:
    """Stands before a provider at the seam, so that all above it goes on as always: retries, fallbacks, the cache."""

    def __init__(self, cassette: Cassette, name: str, provider: Callable[[], Provider]) -> None:
        self._cassette = cassette
        self._name = name
        self._make = provider
        self._made: Provider | None = None

    async def chat(self, model: Model, request: ChatRequest) -> Answer:
        """See `Provider.chat`.

        Raises:
            NotRecorded: it is to be replayed, and was never recorded.
        """
        tape = self._cassette.tape(self._name, model, "chat", request.body, stream=request.stream)
        if self._cassette.mode == "replay":
            return await _replayed(tape, model)
        return await _recorded(tape, partial(self._provider.chat, model, request))

    async def embeddings(self, model: Model, request: EmbeddingRequest) -> Answer:
        """See `EmbeddingProvider.embeddings`.

        Raises:
            NotRecorded: it is to be replayed, and was never recorded.
        """
        tape = self._cassette.tape(self._name, model, "embeddings", request.body)
        if self._cassette.mode == "replay":
            return await _replayed(tape, model)
        provider = self._provider
        if not isinstance(provider, EmbeddingProvider):
            raise CallError(f"{model.alias} makes no embeddings")
        return await _recorded(tape, partial(provider.embeddings, model, request))

    async def close(self) -> None:
        """Release pooled connections."""
        if self._made is not None:
            await self._made.close()

    @property
    def _provider(self) -> Provider:
        if self._made is None:
            self._made = self._make()
        return self._made


def taped(
    cassette: Cassette, given: Mapping[str, Provider], names: list[str], load: Callable[[str], Any]
) -> dict[str, Provider]:
    """Every provider behind the cassette: those that are given, and those of a registry."""
    found: dict[str, Provider] = {name: cassette.over(name, partial(_load, load, name)) for name in names}
    return found | {name: cassette.over(name, partial(_same, provider)) for name, provider in given.items()}


def _load(load: Callable[[str], Any], name: str) -> Provider:
    made: Provider = load(name)()
    return made


def _same(provider: Provider) -> Provider:
    return provider


async def _recorded(tape: _Tape, ask: Callable[[], Awaitable[Answer]]) -> Answer:
    try:
        answer = await ask()
    except UpstreamError as error:
        await asyncio.to_thread(_record_failure, tape, error)
        raise
    if answer.chunks is not None:
        answer.chunks, answer.pour = _recording(tape, answer.chunks), None
    else:
        await asyncio.to_thread(tape.write, body=_Bytes.of(answer.body or b""))
    return answer


def _record_failure(tape: _Tape, error: UpstreamError) -> None:
    """An answer that came once is worth more than a failure that passes."""
    known = tape.read()
    if known is None or known.error is not None:
        body = error.body if isinstance(error, UpstreamRefused) else b""
        tape.write(error=_Failure(type(error).__name__, error.message, error.status, _Bytes.of(body)))


async def _recording(tape: _Tape, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks, kept when the last one has come. A stream that was cut or left is not kept."""
    found: list[bytes] = []
    events = Splitter()
    written = False
    async for chunk in chunks:
        found.append(chunk)
        if not written and any(payload_of(event) == b"[DONE]" for event in events.feed(chunk)):
            # Now: whoever has the closing mark need not read on.
            await asyncio.to_thread(tape.write, chunks=[_Bytes.of(each) for each in found])
            written = True
        yield chunk
    if not written:
        await asyncio.to_thread(tape.write, chunks=[_Bytes.of(each) for each in found])


async def _replayed(tape: _Tape, model: Model) -> Answer:
    known = await asyncio.to_thread(tape.read)
    if known is None:
        raise NotRecorded(
            f"there is no recording of what {model.alias} ({tape.model['provider']}/{model.name}) says to "
            f"{_question(tape.request)} ({tape.path.name})",
            hint=f"HONE_CASSETTE=record:{tape.path.parent} makes one",
        )
    if known.error is not None:
        raise known.error.as_error()
    if known.chunks is not None:
        return Answer(chunks=_again(known.chunks))
    return Answer(body=bytes(known.body) if known.body is not None else b"")


async def _again(chunks: list[_Bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield bytes(chunk)


def _question(request: dict[str, Any]) -> str:
    messages = request.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else request.get("input")
    said = to_json(last.get("content") if isinstance(last, dict) else last)
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}..."


def _plain(url: str | None) -> str | None:
    """An address without whatever in it may be secret: user, password, query."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return "?"  # whoever is asked there will say what is wrong with it
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
