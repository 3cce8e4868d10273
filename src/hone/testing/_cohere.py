"""Cohere's API, version 2, as a fake upstream speaks it: answers and streams in the vendor's published format.

As strict as the vendor where a translation may go wrong: what the API refuses is refused here, with its status.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from hone.core import new_id
from hone.providers import _wire
from hone.providers._fake import Step, count

_CHAT = """
model messages tools strict_tools documents citation_options response_format safety_mode max_tokens stop_sequences
temperature seed frequency_penalty presence_penalty k p logprobs tool_choice thinking priority stream
"""
_EMBED = "model input_type texts images inputs max_tokens output_dimension embedding_types truncate priority"
_RERANK = "model query documents top_n max_tokens_per_doc priority"
_RANGES = {"p": (0.01, 0.99), "k": (0, 500), "frequency_penalty": (0, 1), "presence_penalty": (0, 1)}
_TEMPLATE = 60  # tokens around the messages, which are counted and not billed


def whole(step: Step, body: dict[str, Any]) -> bytes:
    """The JSON body of an answer to any of the three."""
    if "texts" in body:
        return _embedded(body)
    if "query" in body:
        return _ranked(body)
    identity = {"id": new_id(), "finish_reason": _finish(step)}
    return msgspec.json.encode(identity | {"message": _message(step, body), "usage": _usage(step, body)})


def events(step: Step, body: dict[str, Any]) -> list[bytes]:
    """The events of a streamed answer, cut where the script says."""
    found = [_event("message-start", id=new_id(), delta={"message": {"role": "assistant", "content": []}})]
    found += _text_events(_text(step, body)) if step.tool_calls is None else _tool_events(step.tool_calls)
    found.append(_event("message-end", delta={"finish_reason": _finish(step), "usage": _usage(step, body)}))
    return found if step.cut_after is None else found[: step.cut_after]


def error_body(step: Step) -> bytes:
    return msgspec.json.encode({"id": new_id(), "message": step.error})


def objection(headers: dict[str, str], body: dict[str, Any]) -> Step | None:
    """The refusal of a request that the API would refuse."""
    if not headers.get("authorization", "").startswith("Bearer "):
        return Step(status=401, error="no api key supplied")
    fields = _EMBED if "texts" in body else _RERANK if "query" in body else _CHAT
    if unknown := sorted(body.keys() - set(fields.split())):
        return Step(status=422, error=f"unknown field: parameter '{unknown[0]}' is not a valid field")
    faults: Iterable[str] = _embed_faults(body) if "texts" in body else () if "query" in body else _chat_faults(body)
    wrong = next(iter(faults), None)
    return None if wrong is None else Step(status=400, error=f"invalid request: {wrong}")


def _chat_faults(body: dict[str, Any]) -> Iterator[str]:
    if not body.get("model"):
        yield "model is required"
    for name, (least, most) in _RANGES.items():
        if not least <= body.get(name, least) <= most:
            yield f"{name} must be between {least} and {most}"
    if "tool_choice" in body and (not body.get("tools") or body["tool_choice"] not in ("REQUIRED", "NONE")):
        yield "tool_choice is REQUIRED or NONE, and only with tools"
    if body.get("response_format", {}).get("type", "text") not in ("text", "json_object"):
        yield "response_format.type must be text or json_object"
    if any("strict" in tool["function"] for tool in body.get("tools", ())):
        yield "tools: unknown field strict"
    yield from _turn_faults(body.get("messages") or [])


def _turn_faults(turns: list[dict[str, Any]]) -> Iterator[str]:
    calls: set[str] = set()
    for turn in turns:
        if turn["role"] not in ("system", "user", "assistant", "tool"):
            yield f"unknown role {turn['role']}"
        if turn["role"] == "tool" and turn.get("tool_call_id") not in calls:
            yield "tool_call_id matches no tool call"
        if turn["role"] != "tool" and not (turn.get("content") or turn.get("tool_calls")):
            yield "message must not be empty in a turn"
        calls |= {call["id"] for call in turn.get("tool_calls", ())}


def _embed_faults(body: dict[str, Any]) -> Iterator[str]:
    if not body.get("input_type"):
        yield "valid input_type must be provided with the provided model"
    if not 0 < len(body["texts"]) <= 96:
        yield "total number of texts must be at most 96"


def _embedded(body: dict[str, Any]) -> bytes:
    size = body.get("output_dimension", 4)
    # A vector of its own for every text: its length, and numbers that float32 holds exactly.
    vectors = [[float(len(text)), *(-0.5 / 2**i for i in range(size - 1))] for text in body["texts"]]
    meta = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": sum(map(count, body["texts"]))}}
    return msgspec.json.encode(
        {
            "id": new_id(),
            "embeddings": {"float": vectors},
            "texts": body["texts"],
            "meta": meta,
            "response_type": "embeddings_by_type",
        }
    )


def _ranked(body: dict[str, Any]) -> bytes:
    """The more words a document shares with the query, the better."""
    asked = set(body["query"].lower().split())
    scores = [len(asked & set(document.lower().split())) / len(asked) for document in body["documents"]]
    order = sorted(range(len(scores)), key=lambda index: -scores[index])[: body.get("top_n")]
    results = [{"index": index, "relevance_score": scores[index]} for index in order]
    return msgspec.json.encode({"id": new_id(), "results": results, "meta": {"billed_units": {"search_units": 1}}})


def _message(step: Step, body: dict[str, Any]) -> dict[str, Any]:
    if step.tool_calls is None:
        return {"role": "assistant", "content": [{"type": "text", "text": _text(step, body)}]}
    return {"role": "assistant", "tool_plan": _plan(step.tool_calls), "tool_calls": step.tool_calls}


def _usage(step: Step, body: dict[str, Any]) -> dict[str, Any]:
    asked = sum(count(str(turn.get("content", ""))) for turn in body["messages"])
    said = count(_text(step, body))
    return {
        "billed_units": {"input_tokens": asked, "output_tokens": said},
        "tokens": {"input_tokens": asked + _TEMPLATE, "output_tokens": said + 2},
        "cached_tokens": 0,
    }


def _text_events(text: str) -> list[bytes]:
    pieces = [{"message": {"content": {"text": piece}}} for piece in _wire.pieces(text)]
    begun = {"message": {"content": {"type": "text", "text": ""}}}
    return [
        _event("content-start", index=0, delta=begun),
        *(_event("content-delta", index=0, delta=piece) for piece in pieces),
        _event("content-end", index=0),
    ]


def _tool_events(calls: list[dict[str, Any]]) -> list[bytes]:
    found = [_event("tool-plan-delta", delta={"message": {"tool_plan": piece}}) for piece in _wire.pieces(_plan(calls))]
    for index, call in enumerate(calls):
        written = call["function"]["arguments"]
        begun = call | {"function": {"name": call["function"]["name"], "arguments": ""}}
        found.append(_event("tool-call-start", index=index, delta={"message": {"tool_calls": begun}}))
        for piece in (written[: len(written) // 2], written[len(written) // 2 :]):
            more = {"message": {"tool_calls": {"function": {"arguments": piece}}}}
            found.append(_event("tool-call-delta", index=index, delta=more))
        found.append(_event("tool-call-end", index=index))
    return found


def _plan(calls: list[dict[str, Any]]) -> str:
    return f"I will call {' and '.join(call['function']['name'] for call in calls)}."


def _finish(step: Step) -> str:
    return step.finish or ("COMPLETE" if step.tool_calls is None else "TOOL_CALL")


def _text(step: Step, body: dict[str, Any]) -> str:
    """The step's text, else the last text that the caller sent."""
    if step.text is not None:
        return step.text
    content = body["messages"][-1].get("content", "")
    return content if isinstance(content, str) else str(content[-1].get("text", ""))


def _event(kind: str, **more: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode({"type": kind} | more))
