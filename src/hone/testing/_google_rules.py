"""What the Gemini API refuses, as far as a translation may go wrong there."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

from hone.providers._fake import Step
from hone.testing._google import PATH

_KNOWN = {
    "": "contents systemInstruction tools toolConfig generationConfig safetySettings cachedContent serviceTier store",
    "generation_config": """
    temperature topP topK candidateCount maxOutputTokens stopSequences seed presencePenalty frequencyPenalty
    responseMimeType responseSchema responseJsonSchema responseModalities responseLogprobs logprobs thinkingConfig
    mediaResolution speechConfig imageConfig
    """,
    "contents.parts": """
    text inlineData fileData functionCall functionResponse thought thoughtSignature videoMetadata
    """,
    "function_declarations": "name description parameters parametersJsonSchema response responseJsonSchema behavior",
    "requests": "model content outputDimensionality taskType title",
}
_FILLED = {"inlineData", "fileData", "functionCall", "functionResponse", "thoughtSignature"}
_MODES = {"AUTO", "ANY", "NONE", "VALIDATED"}
_LEVELS = {"MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"}


def objection(path: str, headers: dict[str, str], body: dict[str, Any]) -> Step | None:
    """The refusal of a request that the API would refuse."""
    found = PATH.fullmatch(path)
    if found is None:
        return Step(status=404, error=f"no method at {path}")
    query = parse_qs(found["query"] or "")
    if "key" in query or not headers.get("x-goog-api-key"):
        return Step(status=403, error="Method doesn't allow unregistered callers")
    if found["verb"] == "streamGenerateContent" and query.get("alt") != ["sse"]:
        return Step(status=400, error="this fake streams server-sent events alone")
    faults = _embedding_faults(found["model"], body) if "Embed" in found["verb"] else _faults(found["model"], body)
    wrong = next(faults, None)
    return None if wrong is None else Step(status=400, error=wrong)


def _embedding_faults(model: str, body: dict[str, Any]) -> Iterator[str]:
    requests = body.get("requests") or []
    if not 1 <= len(requests) <= 100:
        yield "BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch"
    for request in requests:
        yield from _unknown(request, "requests")
        if request.get("model") != model:
            yield "requests.model: unexpected model name"
        if not any(part.get("text") for part in request.get("content", {}).get("parts", [])):
            yield "requests.content: must not be empty"


def _faults(model: str, body: dict[str, Any]) -> Iterator[str]:
    yield from _unknown(body, "")
    if not body.get("contents"):
        yield "* GenerateContentRequest.contents: contents is not specified"
    yield from _config_faults(body.get("generationConfig", {}))
    yield from _tool_faults(body)
    for content in body["contents"]:
        yield from _content_faults(content)
    if not body.get("systemInstruction", {"parts": [1]}).get("parts"):
        yield "system_instruction.parts: must not be empty"
    yield from _order_faults(body["contents"])
    if not model.startswith(("models/gemini-1", "models/gemini-2")):
        yield from _signature_faults(body["contents"])


def _unknown(given: dict[str, Any], at: str) -> Iterator[str]:
    known = _KNOWN[at].split()
    for name in (name for name in given if _camel(name) not in known):
        yield f'Invalid JSON payload received. Unknown name "{name}"{at and f" at {at!r}"}: Cannot find field.'


def _camel(name: str) -> str:
    """A field may be written either way there."""
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _config_faults(config: dict[str, Any]) -> Iterator[str]:
    yield from _unknown(config, "generation_config")
    if not 0 <= config.get("temperature", 0) <= 2:
        yield "generation_config.temperature: must be in the range [0.0, 2.0]"
    if len(config.get("stopSequences", [])) > 5:
        yield "generation_config.stop_sequences: at most 5"
    schemas = config.keys() & {"responseSchema", "responseJsonSchema"}
    if schemas and config.get("responseMimeType") != "application/json":
        yield "response_schema requires response_mime_type application/json"
    thinking = config.get("thinkingConfig", {})
    if thinking.keys() >= {"thinkingBudget", "thinkingLevel"}:
        yield "You can only set only one of thinking budget and thinking level."
    if thinking.get("thinkingLevel", "LOW") not in _LEVELS:
        yield "generation_config.thinking_config.thinking_level: invalid value"


def _tool_faults(body: dict[str, Any]) -> Iterator[str]:
    declared = [each for tool in body.get("tools", []) for each in tool.get("functionDeclarations", [])]
    for each in declared:
        yield from _unknown(each, "function_declarations")
        if not each.get("name"):
            yield "function_declarations.name: [FIELD_INVALID]"
        if each.keys() >= {"parameters", "parametersJsonSchema"}:
            yield "parameters and parameters_json_schema are mutually exclusive"
    calling = body.get("toolConfig", {}).get("functionCallingConfig")
    if calling is None:
        return
    allowed = set(calling.get("allowedFunctionNames", []))
    if not declared:
        yield "Function calling config is set without function_declarations."
    if calling["mode"] not in _MODES:
        yield "tool_config.function_calling_config.mode: invalid value"
    if allowed and calling["mode"] not in ("ANY", "VALIDATED"):
        yield "allowed_function_names should only be set when function calling mode is ANY or VALIDATED"
    if not allowed <= {each["name"] for each in declared}:
        yield "allowed_function_names: not a declared function"


def _content_faults(content: dict[str, Any]) -> Iterator[str]:
    if content.get("role") not in ("user", "model"):
        yield "Please use a valid role: user, model."
    if not content.get("parts"):
        yield "* GenerateContentRequest.contents.parts: contents.parts must not be empty."
    for part in content["parts"]:
        yield from _unknown(part, "contents.parts")
        if not part.keys() & _FILLED and not part.get("text"):
            yield "contents.parts.data: required oneof field 'data' must have one initialized field"
        for name, field in (("functionCall", "args"), ("functionResponse", "response")):
            if name in part and not isinstance(part[name].get(field), dict):
                yield f"Invalid value at 'contents.parts.{name}.{field}' (type.googleapis.com/google.protobuf.Struct)"


def _order_faults(contents: list[dict[str, Any]]) -> Iterator[str]:
    """Calls are answered in the very next content, as many as they are, under the same names and ids."""
    open_calls: list[Any] = []
    for content in contents:
        answered = [_named(part["functionResponse"]) for part in content["parts"] if "functionResponse" in part]
        if len(answered) != len(open_calls):
            yield (
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
        if sorted(map(str, answered)) != sorted(map(str, open_calls)):
            yield "functionResponse.id does not match functionCall.id"
        open_calls = [_named(part["functionCall"]) for part in content["parts"] if "functionCall" in part]
    if open_calls:
        yield "Please ensure that the number of function response parts is equal to the number of function call parts"


def _named(call: dict[str, Any]) -> tuple[Any, Any]:
    return call.get("id"), call["name"]


def _signature_faults(contents: list[dict[str, Any]]) -> Iterator[str]:
    """From the last thing that the user said on, the first call of each step must be signed."""
    spoke = [at for at, content in enumerate(contents) if content["role"] == "user" and "text" in content["parts"][0]]
    for content in contents[spoke[-1] if spoke else 0 :]:
        calls = [part for part in content["parts"] if "functionCall" in part]
        if calls and not calls[0].get("thoughtSignature"):
            yield "Function call is missing a thought_signature in functionCall parts."
