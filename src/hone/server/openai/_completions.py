"""`/v1/completions`, the endpoint from before chat: its prompt is a user's turn, and the answer is its completion."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from functools import partial
from typing import Any

import msgspec
from msgspec import Raw, Struct

from hone.core import to_json
from hone.errors import CallError
from hone.providers import _wire
from hone.providers._sse import Splitter, payload_of
from hone.server._door import Request
from hone.server._identity import Identity
from hone.server.openai._chat import choices_of, index_of, read, said_in
from hone.server.openai._parse import call_of
from hone.server.openai._parse import read as read_fields

_OF_THE_ANSWER = ("id", "created", "model", "system_fingerprint", "service_tier", "usage")


class _Asked(Struct):
    """The fields that are translated, and those that decide whether they can be."""

    prompt: str | list[Any] | None = None
    echo: bool | None = None
    suffix: str | None = None
    best_of: int | None = None
    n: int | None = None
    logprobs: int | None = None


_asked = msgspec.json.Decoder(_Asked)
_NOT_SENT = frozenset({"prompt", "echo", "suffix", "best_of", "logprobs"})


def parse_completion(body: bytes, identity: Identity, start: int) -> Request:
    """
    Raises:
        CallError: the body is not a completion request, or asks for something that a chat model cannot do.
    """
    fields, known = read_fields(body, "a completion", big="prompt")
    asked = _read(body)
    prompt = _prompt(asked.prompt)
    if prompt is None and (known.hone is None or known.hone.input is None):
        raise CallError("`prompt` is missing", hint='a task may be given "hone": {"input": {...}} instead')
    turns = [] if prompt is None else [{"role": "user", "content": prompt}]
    chat = {name: raw for name, raw in fields.items() if name not in _NOT_SENT}
    chat["messages"] = Raw(msgspec.json.encode(turns))
    echo = prompt or "" if asked.echo else ""
    return Request(
        call=call_of(chat, known, identity, start), body=partial(_whole, echo), stream=partial(_stream, echo)
    )


def _read(body: bytes) -> _Asked:
    try:
        asked = _asked.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise CallError(f"the body is not a completion request: {problem}") from None
    if asked.suffix:
        raise CallError("`suffix` asks to fill a gap, and a chat model only answers")
    if asked.best_of not in (None, asked.n or 1):
        raise CallError("`best_of` is not served: nothing here ranks answers", hint="ask for `n`, and choose")
    if asked.logprobs is not None:
        raise CallError("`logprobs` are not given here", hint="POST /v1/chat/completions gives them")
    return asked


def _prompt(given: str | list[Any] | None) -> str | None:
    """The one prompt of a call."""
    if given is None or isinstance(given, str):
        return given
    if any(not isinstance(prompt, str) for prompt in given):
        raise CallError("`prompt` holds tokens, and every model has its own", hint="send the text")
    if len(given) != 1:
        raise CallError(f"`prompt` holds {len(given)} prompts, and a call answers one", hint="make one call for each")
    return str(given[0])


def _whole(echo: str, body: bytes) -> bytes:
    completion = read(body)
    return to_json(_answer(completion, [_choice(choice, echo) for choice in choices_of(completion)])).encode()


async def _stream(echo: str, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    events, echoed = Splitter(), set[int]()
    async with aclosing(blocks):
        async for block in blocks:
            if made := b"".join(event for given in events.feed(block) for event in _events(given, echo, echoed)):
                yield made


def _events(event: bytes, echo: str, echoed: set[int]) -> Iterator[bytes]:
    """What one event becomes; `echoed` are the choices that have begun. One that adds nothing is left out."""
    payload = payload_of(event)
    if not payload or payload == b"[DONE]":
        yield event
        return
    chunk = read(payload)
    made = []
    for choice in choices_of(chunk):
        completed = _choice(choice, echo if index_of(choice) not in echoed else "")
        echoed.add(completed["index"])
        if completed["text"] or completed["finish_reason"] is not None:
            made.append(completed)
    if made or not choices_of(chunk):
        yield _wire.event(to_json(_answer(chunk, made)).encode())


def _choice(choice: dict[str, Any], echo: str) -> dict[str, Any]:
    said = said_in(choice)
    return {"text": echo + said.text, "index": index_of(choice), "logprobs": None, "finish_reason": said.finish}


def _answer(answer: dict[str, Any], choices: list[dict[str, Any]]) -> dict[str, Any]:
    said = {name: answer[name] for name in _OF_THE_ANSWER if answer.get(name) is not None}
    return {**said, "object": "text_completion", "choices": choices}
