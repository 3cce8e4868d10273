"""The Response object: what was asked, and what a chat completion says to it."""

from typing import Any

import msgspec
from msgspec import Raw

from hone.core import to_json
from hone.errors import UpstreamGarbage
from hone.gateway import Call
from hone.server.openai._chat import Said, count, first_of, read, said_in, text_of, usage_of
from hone.server.openai.responses import _items
from hone.server.openai.responses._asked import Asked
from hone.server.openai.responses._items import Ids, Item

_COMPLETED = ("stop", "tool_calls", "function_call", "eos")
_REASONS = {"length": "max_output_tokens"}
_ASKED = """
instructions max_output_tokens max_tool_calls metadata parallel_tool_calls prompt_cache_key prompt_cache_retention
reasoning safety_identifier service_tier temperature text tool_choice tools top_logprobs top_p user
"""
_UNSAID: dict[str, Any] = dict.fromkeys(("description", "parameters", "strict"))  # of a tool
_ECHOED = _ASKED.split()


def frame(fields: dict[str, Raw], asked: Asked, call: Call) -> dict[str, Any]:
    """The response before anything is said: what was asked, and what holds for every response here."""
    said = {name: msgspec.json.decode(fields[name]) for name in _ECHOED if name in fields}
    text = said.get("text") or {}
    return {
        "id": f"resp_{call.span_id}",
        "object": "response",
        "created_at": call.start // 1_000_000_000,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": call.model,
        "output": [],
        "previous_response_id": None,
        "store": False,
        "truncation": "disabled",
        "usage": None,
        **dict.fromkeys(_ECHOED),
        **said,
        "metadata": said.get("metadata") or {},
        "parallel_tool_calls": _or(said.get("parallel_tool_calls"), True),
        "text": text | {"format": text.get("format") or {"type": "text"}},
        "tool_choice": _or(asked.tool_choice, "auto"),
        "tools": [_UNSAID | tool for tool in asked.tools or ()],
    }


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def whole(empty: dict[str, Any], body: bytes) -> bytes:
    """
    Raises:
        UpstreamGarbage: the completion holds no choice.
    """
    completion = read(body)
    choice = first_of(completion)
    if choice is None:
        raise UpstreamGarbage("the answer holds no choice")
    said = said_in(choice)
    end = ending(said)
    output = _output(said, Ids(empty["id"]), end["status"])
    return to_json(answered(empty, completion) | end | {"output": output, "usage": usage(completion)}).encode()


def answered(empty: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """The frame, with what an answer or the first event of one says of itself."""
    said = {name: text_of(answer.get(name)) for name in ("model", "service_tier")}
    return empty | {name: value for name, value in said.items() if value is not None}


def ending(said: Said) -> dict[str, Any]:
    """How the response ended. Completed is what the model says is complete; a word that is not known is passed on."""
    if said.finish in _COMPLETED:
        return {"status": "completed"}
    if said.finish == "error":
        error = {"code": "server_error", "message": said.error or "the model ended with an error"}
        return {"status": "failed", "error": error}
    reason = None if said.finish is None else _REASONS.get(said.finish, said.finish)
    return {"status": "incomplete", "incomplete_details": {"reason": reason}}


def usage(answer: dict[str, Any]) -> dict[str, Any] | None:
    """Token counts in the words of this endpoint, whose details are numbers always; None where nobody counted."""
    counted = usage_of(answer)
    if counted is None:
        return None
    given, made = count(counted, "prompt_tokens") or 0, count(counted, "completion_tokens") or 0
    read_details = {
        name: count(counted, "prompt_tokens_details", name) or 0 for name in ("cached_tokens", "cache_write_tokens")
    }
    thought = count(counted, "completion_tokens_details", "reasoning_tokens") or 0
    return {
        "input_tokens": given,
        "input_tokens_details": read_details,
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": given + made,
    }


def item_status(response_status: str, *, last: bool) -> str:
    """Only the last item of a response that broke off did so itself."""
    return "completed" if response_status == "completed" or not last else "incomplete"


def _output(said: Said, ids: Ids, status: str) -> list[Item]:
    output: list[Item] = []
    if said.reasoning or said.thinking:
        thoughts = [_items.thought_part(said.reasoning)] if said.reasoning else []
        output.append(_items.reasoning(ids.reasoning(0), "completed", thoughts, said.thinking))
    parts = [_items.text_part(said)] if said.text else []
    parts += [_items.refusal_part(said.refusal)] if said.refusal else []
    if parts:
        output.append(_items.message(ids.message(len(output)), "completed", parts))
    for call in said.calls:
        at = len(output)
        call_id = ids.call(at, call.id)
        output.append(_items.function_call(ids.function_call(at), "completed", call_id, call.name, call.arguments))
    if output:
        output[-1]["status"] = item_status(status, last=True)
    return output
