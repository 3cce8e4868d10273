"""The Messages API as a fake upstream speaks it: messages and streams in the vendor's published format, made of a step.

As strict as the vendor where a translation may go wrong: what the API refuses is refused here, with its status.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from hone.core import new_id
from hone.providers import _wire
from hone.providers._fake import Step, count

_KNOWN = """
model messages max_tokens system stream temperature top_p top_k stop_sequences tools tool_choice metadata thinking
output_config service_tier container cache_control speed
"""
_FIELDS = frozenset(_KNOWN.split())
_ONLY_GENERATED = "max_tokens stream temperature top_p top_k stop_sequences metadata service_tier container"
_NOT_COUNTED = frozenset(_ONLY_GENERATED.split())
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def whole(step: Step, body: dict[str, Any]) -> bytes:
    """The JSON body of a message."""
    return msgspec.json.encode(
        _message(step, body) | {"content": _content(step, body), "stop_reason": _stop_reason(step)}
    )


def is_count(path: str) -> bool:
    return path.partition("?")[0].endswith("/count_tokens")


def counted(step: Step, body: dict[str, Any]) -> bytes:
    """The JSON body of a count of tokens: those that a message would be charged."""
    return msgspec.json.encode({"input_tokens": _message(step, body)["usage"]["input_tokens"]})


def events(step: Step, body: dict[str, Any]) -> list[bytes]:
    """The events of a streamed message, cut where the script says."""
    message = _message(step, body)
    begun = message | {"content": [], "stop_reason": None, "usage": message["usage"] | {"output_tokens": 1}}
    found = [_event("message_start", message=begun), _event("ping")]
    for index, block in enumerate(_content(step, body)):
        found += _block_events(index, block)
    delta = {"stop_reason": _stop_reason(step), "stop_sequence": None}
    found.append(_event("message_delta", delta=delta, usage={"output_tokens": message["usage"]["output_tokens"]}))
    found.append(_event("message_stop"))
    return found if step.cut_after is None else found[: step.cut_after]


def error_body(step: Step) -> bytes:
    said = {"type": _KINDS.get(step.status, "api_error"), "message": step.error}
    return msgspec.json.encode({"type": "error", "error": said, "request_id": "req_scripted"})


def objection(path: str, headers: dict[str, str], body: dict[str, Any]) -> Step | None:
    """The refusal of a request that the API would refuse."""
    if not (headers.get("x-api-key") or headers.get("authorization")):
        return Step(status=401, error="x-api-key header is required")
    if not headers.get("anthropic-version"):
        return Step(status=400, error="anthropic-version: header is required")
    wrong = next(_count_faults(body) if is_count(path) else _faults(body), None)
    return None if wrong is None else Step(status=400, error=wrong)


def _faults(body: dict[str, Any]) -> Iterator[str]:
    if not body.get("max_tokens"):
        yield "max_tokens: Field required"
    yield from _common_faults(body)


def _count_faults(body: dict[str, Any]) -> Iterator[str]:
    for name in body.keys() & _NOT_COUNTED:
        yield f"{name}: Extra inputs are not permitted"
    yield from _common_faults(body)


def _common_faults(body: dict[str, Any]) -> Iterator[str]:
    for name in body.keys() - _FIELDS:
        yield f"{name}: Extra inputs are not permitted"
    for name in ("model", "messages"):
        if not body.get(name):
            yield f"{name}: Field required"
    if body.get("temperature", 0) > 1:
        yield "temperature: range: 0..1"
    if "tool_choice" in body and not body.get("tools"):
        yield "tool_choice: may only be specified while providing tools"
    if body.get("metadata", {}).keys() - {"user_id"}:
        yield "metadata: Extra inputs are not permitted"
    yield from _turn_faults(body.get("messages") or [])


def _turn_faults(turns: list[dict[str, Any]]) -> Iterator[str]:
    open_calls: set[str] = set()
    for position, turn in enumerate(turns):
        if turn["role"] not in ("user", "assistant", *(("system",) if position else ())):
            yield f"messages.{position}.role: Input should be 'user' or 'assistant'"
        blocks = turn["content"] if isinstance(turn["content"], list) else [{"type": "text", "text": turn["content"]}]
        if any(block["type"] == "text" and not block["text"] for block in blocks):
            yield "messages: text content blocks must be non-empty"
        if open_calls != {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}:
            yield f"messages.{position}: `tool_use` ids must have a `tool_result` block immediately after"
        open_calls = {block["id"] for block in blocks if block["type"] == "tool_use"}


def _message(step: Step, body: dict[str, Any]) -> dict[str, Any]:
    asked = sum(count(str(turn.get("content", ""))) for turn in body["messages"])
    usage = {
        "input_tokens": asked,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": count(_text(step, body)),
        "service_tier": "standard",
    }
    identity = {"id": f"msg_{new_id()}", "type": "message", "role": "assistant", "model": body["model"]}
    return identity | {"stop_sequence": None, "usage": usage}


def _content(step: Step, body: dict[str, Any]) -> list[dict[str, Any]]:
    if step.tool_calls is None:
        return [{"type": "text", "text": _text(step, body)}]
    return [
        {
            "type": "tool_use",
            "id": call["id"],
            "name": call["function"]["name"],
            "input": msgspec.json.decode(call["function"]["arguments"]),
        }
        for call in step.tool_calls
    ]


def _block_events(index: int, block: dict[str, Any]) -> list[bytes]:
    if block["type"] == "text":
        begun = block | {"text": ""}
        deltas = [{"type": "text_delta", "text": piece} for piece in _wire.pieces(block["text"])]
    else:
        begun = block | {"input": {}}
        written = msgspec.json.encode(block["input"]).decode() if block["input"] else ""
        pieces = ["", written[: len(written) // 2], written[len(written) // 2 :]]
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return [
        _event("content_block_start", index=index, content_block=begun),
        *(_event("content_block_delta", index=index, delta=delta) for delta in deltas),
        _event("content_block_stop", index=index),
    ]


def _stop_reason(step: Step) -> str:
    return step.finish or ("end_turn" if step.tool_calls is None else "tool_use")


def _text(step: Step, body: dict[str, Any]) -> str:
    """The step's text, else the last text that the caller sent."""
    if step.text is not None:
        return step.text
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else str(content[-1].get("text", ""))


def _event(kind: str, **more: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode({"type": kind} | more))
