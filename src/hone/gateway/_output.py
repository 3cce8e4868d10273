"""What a model said, read from a whole completion or gathered from the events of a stream."""

from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from hone.core import Usage
from hone.errors import UpstreamGarbage


class _PromptDetails(Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _CompletionDetails(Struct):
    reasoning_tokens: int | None = None


class WireUsage(Struct):
    """The `usage` object of the OpenAI dialect."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None

    def tokens(self) -> Usage:
        read, made = self.prompt_tokens_details or _PromptDetails(), self.completion_tokens_details
        return Usage(
            input=self.prompt_tokens,
            output=self.completion_tokens,
            cache_read=read.cached_tokens,
            cache_write=read.cache_write_tokens,
            reasoning=made.reasoning_tokens if made else None,
        )


class Output(Struct, frozen=True):
    """What is kept of an answer. `message` is JSON: one message, or a list of them when several were asked for."""

    message: str | None = None
    finish: str | None = None
    model: str | None = None
    usage: Usage = Usage()


class _Choice(Struct):
    message: Raw = Raw(b"null")
    finish_reason: str | None = None


class _Completion(Struct):
    choices: list[_Choice]
    model: str | None = None
    usage: WireUsage | None = None


_completion = msgspec.json.Decoder(_Completion)


def read_completion(body: bytes) -> Output:
    """The output in the body of a completion.

    Raises:
        UpstreamGarbage: the body is not a chat completion.
    """
    try:
        found = _completion.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise UpstreamGarbage(f"the answer is not a chat completion: {problem}") from None
    messages = [bytes(choice.message) for choice in found.choices]
    joined = messages[0] if len(messages) == 1 else b"[" + b",".join(messages) + b"]"
    return Output(
        message=joined.decode(),
        finish=found.choices[0].finish_reason if found.choices else None,
        model=found.model,
        usage=found.usage.tokens() if found.usage else Usage(),
    )


class _Delta(Struct):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[dict[str, Any]] | None = None

    @property
    def speaks(self) -> bool:
        return bool(self.content or self.refusal or self.reasoning_content or self.tool_calls)


class _StreamChoice(Struct):
    index: int = 0
    delta: _Delta | None = None
    finish_reason: str | None = None


class StreamEvent(Struct):
    """One event of a stream, as far as it is looked at."""

    choices: list[_StreamChoice] = []
    model: str | None = None
    usage: WireUsage | None = None
    error: Raw | UnsetType = UNSET

    @property
    def usage_only(self) -> bool:
        return not self.choices and self.usage is not None

    @property
    def speaks(self) -> bool:
        return any(choice.delta is not None and choice.delta.speaks for choice in self.choices)


decode_event = msgspec.json.Decoder(StreamEvent).decode


class Gathered:
    """Puts the deltas of a stream together again."""

    def __init__(self) -> None:
        self._choices: dict[int, dict[str, Any]] = {}
        self._finish: dict[int, str] = {}
        self._model: str | None = None
        self._usage: WireUsage | None = None

    def add(self, event: StreamEvent) -> None:
        self._model = event.model or self._model
        self._usage = event.usage or self._usage
        for choice in event.choices:
            if choice.delta is not None:
                self._add_delta(self._choices.setdefault(choice.index, {}), choice.delta)
            if choice.finish_reason is not None:
                self._finish[choice.index] = choice.finish_reason

    def _add_delta(self, parts: dict[str, Any], delta: _Delta) -> None:
        for name in ("content", "refusal", "reasoning_content"):
            if (text := getattr(delta, name)) is not None:
                parts.setdefault(name, []).append(text)
        for call in delta.tool_calls or []:
            _add_call(parts.setdefault("tool_calls", {}), call)

    @property
    def finished(self) -> bool:
        """Every choice that began has said why it ended."""
        return bool(self._choices) and self._choices.keys() <= self._finish.keys()

    def output(self) -> Output:
        messages = [_message(parts) for _, parts in sorted(self._choices.items())]
        value: Any = messages[0] if len(messages) == 1 else messages
        return Output(
            message=msgspec.json.encode(value).decode() if messages else None,
            finish=self._finish.get(0),
            model=self._model,
            usage=self._usage.tokens() if self._usage else Usage(),
        )


def _add_call(calls: dict[int, dict[str, Any]], delta: dict[str, Any]) -> None:
    """Tool calls come in pieces that share an index; only the arguments are to be joined."""
    call = calls.setdefault(int(delta.get("index") or 0), {})
    function = delta.get("function") or {}
    call.update({key: value for key, value in delta.items() if key not in ("index", "function") and value is not None})
    known = call.setdefault("function", {"name": "", "arguments": []})
    known["name"] = function.get("name") or known["name"]
    known["arguments"].append(function.get("arguments") or "")


def _message(parts: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None}
    message |= {name: "".join(texts) for name, texts in parts.items() if name != "tool_calls"}
    if "tool_calls" in parts:
        message["tool_calls"] = [
            call | {"function": call["function"] | {"arguments": "".join(call["function"]["arguments"])}}
            for _, call in sorted(parts["tool_calls"].items())
        ]
    return message
