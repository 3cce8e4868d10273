"""What the Gemini API answers with, whole or as a piece of a stream, and what its parts are in the OpenAI dialect."""

from typing import Any

import msgspec
from msgspec import Struct

from hone.core import Usage, new_id
from hone.providers.google._errors import Said

_FILTERED = """
SAFETY RECITATION LANGUAGE BLOCKLIST PROHIBITED_CONTENT SPII MODEL_ARMOR
IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION
"""
_FINISH = {"STOP": "stop", "MAX_TOKENS": "length", **dict.fromkeys(_FILTERED.split(), "content_filter")}
_UNSAID = (None, "", "FINISH_REASON_UNSPECIFIED")


class _Modality(Struct, rename="camel"):
    modality: str | None = None
    token_count: int = 0  # a count of 0 is left out


class Tokens(Struct, rename="camel"):
    """The `usageMetadata` of an answer."""

    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    cached_content_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    prompt_tokens_details: list[_Modality] | None = None
    candidates_tokens_details: list[_Modality] | None = None
    cache_tokens_details: list[_Modality] | None = None
    tool_use_prompt_tokens_details: list[_Modality] | None = None

    def updated(self, later: "Tokens") -> "Tokens":
        """A stream counts on: what a later piece says stands, what it leaves out stays."""
        said = {name: value for name, value in msgspec.structs.asdict(later).items() if value is not None}
        return msgspec.structs.replace(self, **said)

    def usage(self) -> Usage | None:
        """None where nothing was counted. A count that is left out beside others is 0."""
        if self.prompt_token_count is None:
            return None
        # What the vendor's own tools fetched is input beside the prompt's count; thoughts are billed as output.
        return Usage(
            input=self.prompt_token_count + (self.tool_use_prompt_token_count or 0),
            output=(self.candidates_token_count or 0) + (self.thoughts_token_count or 0),
            cache_read=self.cached_content_token_count,
            reasoning=self.thoughts_token_count,
            input_audio=_audio(self.prompt_tokens_details, self.tool_use_prompt_tokens_details),
            output_audio=_audio(self.candidates_tokens_details),
            cache_read_audio=_audio(self.cache_tokens_details),
        )


def _audio(*details: list[_Modality] | None) -> int | None:
    """Tokens of sound; None where no list speaks of any."""
    counts = [each.token_count for given in details for each in given or () if each.modality == "AUDIO"]
    return sum(counts) if counts else None


class _FunctionCall(Struct):
    name: str
    args: dict[str, Any] | None = None
    id: str | None = None


class _Blob(Struct, rename="camel"):
    mime_type: str
    data: str


class Part(Struct, rename="camel"):
    text: str | None = None
    thought: bool = False
    thought_signature: str | None = None
    function_call: _FunctionCall | None = None
    inline_data: _Blob | None = None


class _Content(Struct):
    parts: list[Part] = []


class Candidate(Struct, rename="camel"):
    content: _Content | None = None
    finish_reason: str | None = None
    index: int = 0

    @property
    def parts(self) -> list[Part]:
        return self.content.parts if self.content else []


class _Feedback(Struct, rename="camel"):
    block_reason: str | None = None
    block_reason_message: str | None = None


class Generated(Struct, rename="camel"):
    """A `GenerateContentResponse`."""

    candidates: list[Candidate] = []
    prompt_feedback: _Feedback | None = None
    usage_metadata: Tokens | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: Said | None = None

    @property
    def candidate(self) -> Candidate | None:
        return next((candidate for candidate in self.candidates if candidate.index == 0), None)

    @property
    def blocked(self) -> str | None:
        """Why the prompt was not answered at all."""
        feedback = self.prompt_feedback
        if feedback is None or feedback.block_reason is None or self.candidates:
            return None
        return f"the prompt was blocked: {feedback.block_reason_message or feedback.block_reason}"


def finish_of(reason: str | None, *, called: bool) -> str | None:
    """Why the answer ended. `MALFORMED_FUNCTION_CALL`, and others without a counterpart, keep their name."""
    if reason is None or reason in _UNSAID:
        return None
    finish = _FINISH.get(reason, reason)
    return "tool_calls" if finish == "stop" and called else finish


class Parts:
    """The parts of one answer, each turned into what it adds to the message."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._calls = 0
        self._images = 0
        self.signature: str | None = None  # of what was said, as opposed to called: it belongs to the whole message

    @property
    def called(self) -> bool:
        return self._calls > 0

    def delta(self, part: Part) -> dict[str, Any] | None:
        """None for what has no counterpart, such as code that the vendor ran."""
        if part.function_call is not None:
            return {"tool_calls": [self._call(part.function_call, part.thought_signature)]}
        if part.inline_data is not None:
            return {"images": [self._image(part.inline_data, part.thought_signature)]}
        if not part.thought:
            self.signature = part.thought_signature or self.signature
        if not part.text:
            return None
        return {"reasoning_content" if part.thought else "content": part.text}

    def _call(self, call: _FunctionCall, signature: str | None) -> dict[str, Any]:
        # Older models give calls no id, and what tells two calls apart must not come twice.
        call_id = call.id if call.id and call.id not in self._ids else f"call_{new_id()}"
        self._ids.add(call_id)
        index, self._calls = self._calls, self._calls + 1
        function = {"name": call.name, "arguments": msgspec.json.encode(call.args or {}).decode()}
        return {"index": index, "id": call_id, "type": "function", "function": function} | signed(signature)

    def _image(self, image: _Blob, signature: str | None) -> dict[str, Any]:
        index, self._images = self._images, self._images + 1
        url = f"data:{image.mime_type};base64,{image.data}"
        return {"index": index, "type": "image_url", "image_url": {"url": url}} | signed(signature)


def signed(signature: str | None) -> dict[str, Any]:
    """A thought signature where the vendor's own compatibility layer has it, so that the caller can send it back."""
    return {"extra_content": {"google": {"thought_signature": signature}}} if signature else {}
