"""Bedrock's Converse as a fake upstream speaks it: answers, and streams in the vendor's binary frames, made of a step.

As strict as the vendor where a translation may go wrong: what the API refuses is refused here, with its status.
"""

import re
import struct
from collections.abc import Iterator
from typing import Any
from zlib import crc32

import msgspec

from hone.providers import _wire
from hone.providers._fake import Step, count

_KNOWN = """
messages system inferenceConfig toolConfig guardrailConfig additionalModelRequestFields promptVariables
additionalModelResponseFieldPaths requestMetadata performanceConfig serviceTier outputConfig projectIdentifier
"""
_FIELDS = frozenset(_KNOWN.split())
_INFERENCE = {"maxTokens", "temperature", "topP", "stopSequences"}
_BLOCKS = {
    "user": {"text", "image", "document", "video", "toolResult", "guardContent", "cachePoint"},
    "assistant": {"text", "toolUse", "reasoningContent", "citationsContent", "cachePoint"},
}
_IN_RESULTS = {"text", "json", "image", "document", "video", "searchResult"}
_PATH = re.compile(r"/model/[A-Za-z0-9._~%-]+/converse(-stream)?")
_KINDS = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}

Block = dict[str, Any]


def whole(step: Step, body: dict[str, Any]) -> bytes:
    """The JSON body of an answer."""
    message = {"role": "assistant", "content": _content(step, body)}
    said = {"output": {"message": message}, "stopReason": _stop_reason(step), "usage": _usage(step, body)}
    return msgspec.json.encode(said | {"metrics": {"latencyMs": 7}})


def events(step: Step, body: dict[str, Any]) -> list[bytes]:
    """The frames of a streamed answer, cut where the script says."""
    found = [frame("messageStart", {"role": "assistant"})]
    for index, block in enumerate(_content(step, body)):
        found += _block_frames(index, block)
    found.append(frame("messageStop", {"stopReason": _stop_reason(step)}))
    found.append(frame("metadata", {"usage": _usage(step, body), "metrics": {"latencyMs": 7}}))
    return found if step.cut_after is None else found[: step.cut_after]


def kind_of(step: Step) -> str:
    """The name of an error."""
    return _KINDS.get(step.status, "InternalServerException")


def error_body(step: Step) -> bytes:
    return msgspec.json.encode({"message": step.error})


def frame(kind: str, payload: dict[str, Any]) -> bytes:
    """One event, or an exception, in its binary frame."""
    exception = kind.endswith("Exception")
    headers = {
        ":exception-type" if exception else ":event-type": kind,
        ":content-type": "application/json",
        ":message-type": "exception" if exception else "event",
    }
    head = b"".join(_header(name, value) for name, value in headers.items())
    # Bedrock pads its events, so that their lengths tell nothing of the tokens.
    data = msgspec.json.encode(payload if exception else payload | {"p": "abcdefghijk"})
    prelude = struct.pack(">II", 16 + len(head) + len(data), len(head))
    message = prelude + struct.pack(">I", crc32(prelude)) + head + data
    return message + struct.pack(">I", crc32(message))


def framed(lines: str) -> bytes:
    """Lines of `kind {payload}` as the frames of a stream."""
    pairs = (line.partition(" ") for line in lines.splitlines() if line.strip())
    return b"".join(frame(kind, msgspec.json.decode(payload)) for kind, _, payload in pairs)


def objection(path: str, body: dict[str, Any]) -> Step | None:
    """The refusal of a request that the API would refuse."""
    if _PATH.fullmatch(path) is None:
        return Step(status=404, error="UnknownOperationException")
    wrong = next(_faults(body), None)
    return None if wrong is None else Step(status=400, error=wrong)


def _faults(body: dict[str, Any]) -> Iterator[str]:
    for name in body.keys() - _FIELDS:
        yield f"{name}: extraneous key is not permitted"
    inference = body.get("inferenceConfig", {})
    for name in inference.keys() - _INFERENCE:
        yield f"inferenceConfig.{name}: extraneous key is not permitted"
    if not 0 <= inference.get("temperature", 0) <= 1:
        yield "inferenceConfig.temperature: must be at most 1"
    if "toolConfig" in body and not body["toolConfig"].get("tools"):
        yield "toolConfig.tools: must have at least 1 entry"
    for block in [*body.get("system", []), *(block for turn in body["messages"] for block in turn["content"])]:
        if not isinstance(block, dict) or len(block) != 1:
            yield "a block is a union with exactly one member"
        elif not block.get("text", "x").strip():
            yield "The text field in the ContentBlock object is blank."
    yield from _turn_faults(body["messages"], "toolConfig" in body)


def _turn_faults(turns: list[dict[str, Any]], tools: bool) -> Iterator[str]:
    open_calls: set[str] = set()
    if not turns or turns[0]["role"] != "user":
        yield "A conversation must start with a user message."
    for position, turn in enumerate(turns):
        if turn["role"] not in _BLOCKS or (position and turn["role"] == turns[position - 1]["role"]):
            yield "A conversation must alternate between user and assistant roles."
        kinds = {kind for block in turn["content"] for kind in block}
        if not kinds or kinds - _BLOCKS[turn["role"]]:
            yield f"messages.{position}.content: {sorted(kinds - _BLOCKS[turn['role']])} is not allowed here"
        results = [block["toolResult"] for block in turn["content"] if "toolResult" in block]
        if open_calls != {result["toolUseId"] for result in results}:
            yield f"messages.{position}: Expected toolResult blocks for the toolUse blocks of the previous turn."
        if any(block.keys() - _IN_RESULTS for result in results for block in result["content"]):
            yield f"messages.{position}: a block is not allowed in a toolResult"
        open_calls = {block["toolUse"]["toolUseId"] for block in turn["content"] if "toolUse" in block}
        if (results or open_calls) and not tools:
            yield "The toolConfig field must be defined when using toolUse and toolResult content blocks."


def _content(step: Step, body: dict[str, Any]) -> list[Block]:
    if step.tool_calls is None:
        return [{"text": _text(step, body)}]
    return [
        {
            "toolUse": {
                "toolUseId": call["id"],
                "name": call["function"]["name"],
                "input": msgspec.json.decode(call["function"]["arguments"]),
            }
        }
        for call in step.tool_calls
    ]


def _block_frames(index: int, block: Block) -> list[bytes]:
    """Of a text only its pieces and its end are told; a tool call has a beginning as well."""
    at = {"contentBlockIndex": index}
    if (use := block.get("toolUse")) is None:
        begun: list[bytes] = []
        deltas: list[Block] = [{"text": piece} for piece in _wire.pieces(block["text"])]
    else:
        start = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
        begun = [frame("contentBlockStart", at | {"start": start})]
        written = msgspec.json.encode(use["input"]).decode() if use["input"] else ""
        pieces = (written[: len(written) // 2], written[len(written) // 2 :]) if written else ()
        deltas = [{"toolUse": {"input": piece}} for piece in pieces]
    return [*begun, *(frame("contentBlockDelta", at | {"delta": delta}) for delta in deltas), _stop(index)]


def _stop(index: int) -> bytes:
    return frame("contentBlockStop", {"contentBlockIndex": index})


def _stop_reason(step: Step) -> str:
    return step.finish or ("end_turn" if step.tool_calls is None else "tool_use")


def _usage(step: Step, body: dict[str, Any]) -> dict[str, Any]:
    asked, said = sum(count(str(turn["content"])) for turn in body["messages"]), count(_text(step, body))
    cached = {"cacheReadInputTokens": 0, "cacheWriteInputTokens": 0}
    return {"inputTokens": asked, "outputTokens": said, "totalTokens": asked + said} | cached


def _text(step: Step, body: dict[str, Any]) -> str:
    """The step's text, else the last text that the caller sent."""
    return str(body["messages"][-1]["content"][-1].get("text", "")) if step.text is None else step.text


def _header(name: str, value: str) -> bytes:
    return struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", 7, len(value)) + value.encode()
