"""What a model said, read from a whole completion or gathered from the events of a stream."""

import json
from contextlib import suppress
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.structs import replace

from hone.core import Usage, to_json
from hone.errors import UpstreamGarbage


class _CachedDetails(Struct):
    audio_tokens: int | None = None


class _PromptDetails(Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    audio_tokens: int | None = None
    cached_tokens_details: _CachedDetails | None = None


class _CompletionDetails(Struct):
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None


class WireUsage(Struct):
    """The `usage` object of the OpenAI dialect, and where others put what the cache gave: DeepSeek and Moonshot."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    cached_tokens: int | None = None

    def tokens(self) -> Usage:
        given, made = self.prompt_tokens_details or _PromptDetails(), self.completion_tokens_details
        cached = (given.cached_tokens, self.prompt_cache_hit_tokens, self.cached_tokens)
        heard = given.cached_tokens_details
        return Usage(
            input=_count(self.prompt_tokens),
            output=self._output(),
            cache_read=next((count for each in cached if (count := _count(each)) is not None), None),
            cache_write=_count(given.cache_write_tokens),
            reasoning=_count(made.reasoning_tokens) if made else None,
            input_audio=_count(given.audio_tokens),
            output_audio=_count(made.audio_tokens) if made else None,
            cache_read_audio=_count(heard.audio_tokens) if heard else None,
            cache_write_1h=_count(given.cache_write_1h_tokens),
        )

    def _output(self) -> int | None:
        """All that was written. xAI counts thoughts beside the completion, not in it, which the total gives away."""
        given, made, total = _count(self.prompt_tokens), _count(self.completion_tokens), _count(self.total_tokens)
        thought = _count(self.completion_tokens_details.reasoning_tokens) if self.completion_tokens_details else None
        if given is None or made is None or thought is None or total != given + made + thought:
            return made
        return made + thought


def _count(tokens: int | None) -> int | None:
    """A count that can be one and can be stored; nonsense is as good as not said."""
    return tokens if tokens is not None and 0 <= tokens < 2**63 else None


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
    choices: list[_Choice] = []
    model: str | None = None
    usage: WireUsage | None = None


def read_completion(body: bytes) -> Output:
    """The output in the body of a completion. Details that are odd are left out: they are only noted, not relied on.

    Raises:
        UpstreamGarbage: the body is not a chat completion.
    """
    try:
        found = _read(body, _Completion)
    except ValueError as problem:
        raise UpstreamGarbage(f"the answer is not a chat completion: {problem}") from None
    messages = [bytes(choice.message) for choice in found.choices]
    joined = messages[0] if len(messages) == 1 else b"[" + b",".join(messages) + b"]"
    return Output(
        message=joined.decode("utf-8", "replace"),
        finish=found.choices[0].finish_reason if found.choices else None,
        model=found.model,
        usage=found.usage.tokens() if found.usage else Usage(),
    )


class _Vectors(Struct):
    data: list[Raw] = []
    model: str | None = None
    usage: WireUsage | None = None


def read_embeddings(body: bytes) -> Output:
    """What is kept of embeddings: how many there are and what they took, not the numbers themselves.

    Raises:
        UpstreamGarbage: the body holds none.
    """
    try:
        found = _read(body, _Vectors)
    except ValueError as problem:
        raise UpstreamGarbage(f"the answer holds no embeddings: {problem}") from None
    usage = found.usage.tokens() if found.usage else Usage()
    # Vectors are read, not written: vendors bill the input, and a missing count of output is none.
    usage = replace(usage, output=0) if usage.input is not None else usage
    return Output(message=to_json({"embeddings": len(found.data)}), model=found.model, usage=usage)


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


def read_event(payload: bytes) -> StreamEvent:
    """
    Raises:
        ValueError: the payload is not a JSON object.
    """
    return _read(payload, StreamEvent)


T = TypeVar("T", _Completion, _Vectors, StreamEvent)
_DECODERS: dict[type, Any] = {kind: msgspec.json.Decoder(kind) for kind in (_Completion, _Vectors, StreamEvent)}


def _read(data: bytes, kind: type[T]) -> T:
    """`data` as a `kind`; fields that do not fit it are left out, as long as it is a JSON object."""
    try:
        found: T = _DECODERS[kind].decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = json.loads(data.decode("utf-8", "replace"))
        if not isinstance(value, dict):
            raise ValueError("it is not a JSON object") from None
        return _fitting(value, kind)
    return found


def _fitting(value: dict[str, Any], kind: type[T]) -> T:
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        if field.name == "choices":
            known = [_fitting_choice(choice, field.type) for choice in _items(value.get("choices"))]
            fields["choices"] = [choice for choice in known if choice is not None]
        elif field.name == "error":
            if "error" in value:
                fields["error"] = Raw(msgspec.json.encode(value["error"], enc_hook=repr))
        elif field.name in value:
            with suppress(msgspec.ValidationError):
                fields[field.name] = msgspec.convert(value[field.name], field.type)
    return kind(**fields)


def _fitting_choice(choice: Any, choices: Any) -> Any:
    (kind,) = choices.__args__
    for given in (choice, {key: choice[key] for key in ("index", "finish_reason") if key in choice}):
        with suppress(msgspec.ValidationError, UnicodeEncodeError):
            return msgspec.json.decode(msgspec.json.encode(given), type=kind)
    return None


def _items(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


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
            parts.setdefault("tool_calls", _Calls()).add(call)

    @property
    def empty(self) -> bool:
        """No choice has come."""
        return not (self._choices or self._finish)

    @property
    def finished(self) -> bool:
        """Every choice that began has said why it ended."""
        return bool(self._choices) and self._choices.keys() <= self._finish.keys()

    def unfinished_text(self) -> str | None:
        """What one choice has said, when that is text alone and goes on; None where nobody else could go on with it."""
        if self._finish or self._choices.keys() - {0}:
            return None
        parts = self._choices.get(0, {})
        if parts.keys() & {"tool_calls", "refusal"}:
            return None
        return "".join(parts.get("content", ()))

    def output(self) -> Output:
        messages = [_message(parts) for _, parts in sorted(self._choices.items())]
        value: Any = messages[0] if len(messages) == 1 else messages
        return Output(
            message=msgspec.json.encode(value).decode() if messages else None,
            finish=self._finish.get(0),
            model=self._model,
            usage=self._usage.tokens() if self._usage else Usage(),
        )


class _Calls:
    """Tool calls come in pieces that share an index; only the arguments are to be joined.

    Some servers give every call the index 0: a piece with another id begins another call all the same.
    """

    def __init__(self) -> None:
        self._calls: list[tuple[int, dict[str, Any]]] = []
        self._current: dict[int, dict[str, Any]] = {}  # by index: the call that a piece without an id belongs to

    def add(self, delta: dict[str, Any]) -> None:
        call, function = self._call(delta), delta.get("function")
        function = function if isinstance(function, dict) else {}
        call.update(
            {key: value for key, value in delta.items() if key not in ("index", "function") and value is not None}
        )
        known = call.setdefault("function", {"name": "", "arguments": []})
        known["name"] = function.get("name") or known["name"]
        arguments = function.get("arguments") or ""
        known["arguments"].append(arguments if isinstance(arguments, str) else to_json(arguments))

    def _call(self, delta: dict[str, Any]) -> dict[str, Any]:
        given, named = delta.get("index"), delta.get("id")
        index = given if isinstance(given, int) else 0
        current = self._current.get(index)
        if current is None or (named and current.get("id") not in (None, named)):
            current = self._current[index] = {}
            self._calls.append((index, current))
        return current

    def whole(self) -> list[dict[str, Any]]:
        return [
            call | {"function": call["function"] | {"arguments": "".join(call["function"]["arguments"])}}
            for _, call in sorted(self._calls, key=lambda each: each[0])
        ]


def _message(parts: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None}
    message |= {name: "".join(texts) for name, texts in parts.items() if name != "tool_calls"}
    if "tool_calls" in parts:
        message["tool_calls"] = parts["tool_calls"].whole()
    return message
