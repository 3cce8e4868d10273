"""The Gemini API as a fake upstream speaks it: answers and streams in the vendor's published format, made of a step."""

import re
from base64 import b64encode
from typing import Any

import msgspec

from hone.core import new_id
from hone.providers import _wire
from hone.providers._fake import Step, count

PATH = re.compile(
    r"/v1beta/(?P<model>[a-zA-Z]+/[^/:?]+):(?P<verb>generateContent|streamGenerateContent|batchEmbedContents)"
    r"(?:\?(?P<query>.*))?"
)
SIZE = 8  # of a vector, unless the request says otherwise
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def asked(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """A request's body with what its path says: the model, and whether it is to be a stream."""
    found = PATH.fullmatch(path)
    model, verb = (found["model"], found["verb"]) if found else ("models/none", "")
    return body | {"model": model.partition("/")[2], "stream": verb == "streamGenerateContent"}


def whole(step: Step, body: dict[str, Any]) -> bytes:
    """The JSON body of an answer."""
    if "requests" in body:
        return _embeddings(body)
    candidate = _candidate(_parts(step, body)) | {"finishReason": _finish(step)}
    return msgspec.json.encode({"candidates": [candidate], **_about(step, body)})


def events(step: Step, body: dict[str, Any]) -> list[bytes]:
    """The events of a streamed answer, cut where the script says. The last one says why it ends; nothing follows it."""
    about = _about(step, body)
    begun = about | {"usageMetadata": {"promptTokenCount": about["usageMetadata"]["promptTokenCount"]}}
    pieces = [{"candidates": [_candidate([part])], **begun} for part in _streamed(step, body)]
    last = _candidate([{"text": ""}]) | {"finishReason": _finish(step)}
    found = [_wire.event(msgspec.json.encode(piece)) for piece in [*pieces, {"candidates": [last], **about}]]
    return found if step.cut_after is None else found[: step.cut_after]


def error_body(step: Step) -> bytes:
    details: list[dict[str, Any]] = []
    if step.error.startswith("API key not valid"):
        details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"})
    status = _STATUSES.get(step.status, "UNKNOWN")
    said = {"code": step.status, "message": step.error, "status": status}
    return msgspec.json.encode({"error": said | ({"details": details} if details else {})})


def _about(step: Step, body: dict[str, Any]) -> dict[str, Any]:
    read = sum(count(str(content["parts"])) for content in body["contents"])
    said = count(_text(step, body))
    usage = {"promptTokenCount": read, "candidatesTokenCount": said, "totalTokenCount": read + said}
    return {"usageMetadata": usage, "modelVersion": body["model"], "responseId": new_id()}


def _candidate(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"content": {"role": "model", "parts": parts}, "index": 0}


def _finish(step: Step) -> str:
    return step.finish or "STOP"  # calls of functions have no reason of their own


def _parts(step: Step, body: dict[str, Any]) -> list[dict[str, Any]]:
    if step.tool_calls is None:
        return [{"text": _text(step, body)}]
    parts = [_call(call) for call in step.tool_calls]
    # Of parallel calls the first alone is signed.
    parts[0]["thoughtSignature"] = b64encode(b"thought %d" % len(body["contents"])).decode()
    return parts


def _streamed(step: Step, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Texts come in pieces, calls whole."""
    if step.tool_calls is not None:
        return _parts(step, body)
    return [{"text": piece} for piece in _wire.pieces(_text(step, body))]


def _call(call: dict[str, Any]) -> dict[str, Any]:
    """A step's call without an id is one of the older models, which give none."""
    given = {"name": call["function"]["name"], "args": msgspec.json.decode(call["function"]["arguments"])}
    return {"functionCall": given | ({"id": call["id"]} if "id" in call else {})}


def _text(step: Step, body: dict[str, Any]) -> str:
    """The step's text, else the last text that the caller sent."""
    if step.text is not None:
        return step.text
    texts = [part["text"] for part in body["contents"][-1]["parts"] if "text" in part]
    return str(texts[-1]) if texts else ""


def _embeddings(body: dict[str, Any]) -> bytes:
    """Vectors that tell texts apart: the first numbers are those of the letters."""
    found = []
    for request in body["requests"]:
        text = "".join(part["text"] for part in request["content"]["parts"])
        size = request.get("outputDimensionality", SIZE)
        found.append({"values": [ord(letter) / 128 for letter in text[:size].ljust(size)]})
    return msgspec.json.encode({"embeddings": found})
