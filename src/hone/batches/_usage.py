"""The tokens of many answers, as each says them: in chat's words, or in those of the Responses API."""

import msgspec
from msgspec import Struct

from hone.store import BatchUsage


class _Details(Struct):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Usage(Struct):
    prompt_tokens: int | None = None
    input_tokens: int | None = None
    completion_tokens: int | None = None
    output_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None


class _Body(Struct):
    usage: _Usage | None = None


class _Response(Struct):
    body: _Body


class _Answer(Struct):
    response: _Response


_answer = msgspec.json.Decoder(_Answer)


class Total:
    """A sum that is added to line by line."""

    def __init__(self) -> None:
        self._input = self._cached = self._output = self._reasoning = 0

    def add(self, answer: bytes) -> None:
        """Count one line of the output; one that does not say what it used counts as nothing."""
        try:
            usage = _answer.decode(answer).response.body.usage
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if usage is None:
            return
        asked = usage.prompt_tokens_details or usage.input_tokens_details or _Details()
        said = usage.completion_tokens_details or usage.output_tokens_details or _Details()
        self._input += usage.prompt_tokens or usage.input_tokens or 0
        self._cached += asked.cached_tokens or 0
        self._output += usage.completion_tokens or usage.output_tokens or 0
        self._reasoning += said.reasoning_tokens or 0

    @property
    def usage(self) -> BatchUsage:
        return BatchUsage(input=self._input, cached=self._cached, output=self._output, reasoning=self._reasoning)
