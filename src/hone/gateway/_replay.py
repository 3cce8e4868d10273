"""A whole answer as the stream it might have been, and a stream as the whole answer: what is kept is always whole."""

import json
from typing import Any

import msgspec

from hone.core import Usage
from hone.providers import _wire
from hone.providers._sse import Splitter, payload_of

_COMPLETE = ("stop", "tool_calls")
_ODD = (ValueError, KeyError, TypeError, AttributeError)  # what reading an answer of another shape ends in


def complete(body: bytes) -> bool:
    """Is it one answer that ended by itself, and can be told as a stream too?

    One that was cut, was filtered or is one of several is not used again.
    """
    try:
        as_events(body, usage=True)
        (choice,) = json.loads(body)["choices"]
    except _ODD:
        return False
    return choice["finish_reason"] in _COMPLETE


def as_events(body: bytes, *, usage: bool) -> list[bytes]:
    """The events of a stream that says the same, the last one `[DONE]`; with the tokens if `usage`."""
    found: dict[str, Any] = json.loads(body)
    (choice,) = found.pop("choices")
    counted = found.pop("usage", None)
    base = found | {"object": "chat.completion.chunk"}
    message: dict[str, Any] = choice["message"]
    more = {name: value for name, value in choice.items() if name not in ("index", "message", "finish_reason")}

    def event(choices: list[dict[str, Any]], **fields: Any) -> bytes:
        return _wire.event(msgspec.json.encode(base | {"choices": choices} | fields))

    deltas = [{**delta, "index": 0, "finish_reason": None} for delta in _deltas(message, more)]
    end = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
    last = [event([], usage=counted)] if usage and counted is not None else []
    return [*(event([each]) for each in [*deltas, end]), *last, _wire.DONE]


def _deltas(message: dict[str, Any], more: dict[str, Any]) -> list[dict[str, Any]]:
    """`more` of the choice, such as log probabilities, belongs to the text as a whole, so that is not cut then."""
    text, calls = message.get("content"), message.get("tool_calls") or []
    alone = any(value is not None for value in more.values())
    rest = {name: value for name, value in message.items() if name not in ("content", "tool_calls")}
    pieces = [] if not isinstance(text, str) or not text else [text] if alone else _wire.pieces(text)
    first = rest if pieces or text is None else rest | {"content": text}
    return [
        {"delta": first},
        *({**more, "delta": {"content": piece}} for piece in pieces),
        *({"delta": {"tool_calls": [{**call, "index": index}]}} for index, call in enumerate(calls)),
    ]


def as_body(stream: bytes, usage: Usage) -> bytes | None:
    """The whole answer that a stream said; None if it held something that cannot be put together safely."""
    try:
        return _put_together(stream, usage)
    except _ODD:
        return None


def _put_together(stream: bytes, usage: Usage) -> bytes | None:
    base: dict[str, Any] = {}
    whole = _Whole()
    for event in Splitter().feed(stream):
        payload = payload_of(event)
        if not payload or payload == b"[DONE]":
            continue
        found = json.loads(payload)
        base = base or {name: value for name, value in found.items() if name not in ("choices", "usage")}
        if not all(whole.add(choice) for choice in found.get("choices") or []):
            return None
    if whole.finish is None:
        return None
    counted = {} if usage == Usage() else {"usage": _wire.usage_object(usage)}
    choice = {"index": 0, "message": whole.message(), "logprobs": None, "finish_reason": whole.finish}
    return msgspec.json.encode(base | {"object": "chat.completion", "choices": [choice]} | counted)


class _Whole:
    """The deltas of the only choice, put together. What is not text, nor a call of a tool, is not understood."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}
        self._calls: dict[int, dict[str, Any]] = {}
        self.finish: str | None = None

    def add(self, choice: dict[str, Any]) -> bool:
        """False if there is something in it that cannot be kept."""
        if choice.get("index") not in (0, None):
            return False
        self.finish = choice.get("finish_reason") or self.finish
        delta = choice.get("delta") or {}
        known = {"index", "delta", "finish_reason"}
        if any(value is not None for name, value in choice.items() if name not in known):
            return False
        for name, value in delta.items():
            if name == "tool_calls" and value:
                if not all(self._add_call(call) for call in value):
                    return False
            elif isinstance(value, str) and name != "role":
                self._texts.setdefault(name, []).append(value)
            elif value is not None and name != "role" and value != []:
                return False
        return True

    def message(self) -> dict[str, Any]:
        texts = {name: "".join(parts) for name, parts in self._texts.items()}
        calls = [call for _, call in sorted(self._calls.items())]
        # Beside calls of tools an empty text is none, as whole answers have it.
        content = None if calls and not texts.get("content") else texts.get("content")
        return {"role": "assistant", **texts, "content": content} | ({"tool_calls": calls} if calls else {})

    def _add_call(self, delta: dict[str, Any]) -> bool:
        index = delta.get("index")
        if not isinstance(index, int):
            return False
        fields = {name: value for name, value in delta.items() if name not in ("index", "function")}
        call = self._calls.setdefault(index, {})
        call.update({name: value for name, value in fields.items() if value is not None})
        known, said = call.setdefault("function", {"name": "", "arguments": ""}), delta.get("function") or {}
        known["name"] = said.get("name") or known["name"]
        known["arguments"] += said.get("arguments") or ""
        return True
