"""How an evaluator asks a model: what it hands over, and what comes back. Whoever puts the house together answers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct


class Question(Struct, frozen=True, kw_only=True):
    """One call of a model by an evaluator, in the words of OpenAI's chat completions."""

    messages: tuple[Mapping[str, Any], ...]
    model: str | None = None  # a model's name in the project, or provider/name; None is the project's usual judge
    schema: Mapping[str, Any] | None = None  # JSON Schema that the answer must fit
    parameters: Mapping[str, Any] = {}  # temperature, seed, max_tokens, logprobs ...
    name: str = ""  # the evaluator, for the span's tags
    repeat: int = 0  # which of several equal questions: each has an answer of its own


class Told(Struct, frozen=True, kw_only=True):
    """What a model answered. `value` is the parsed answer where a schema was given."""

    text: str
    value: Any = None
    model: str = ""
    cost: float | None = None  # dollars; 0 from the cache
    cached: bool = False
    logprobs: tuple[float, ...] | None = None
    tops: tuple[Mapping[str, float], ...] | None = None  # the likeliest tokens of each place, with their logprobs
    trace_id: str | None = None
    span_id: str | None = None


Ask = Callable[[Question], Awaitable[Told]]
"""Asks a model. Raises CallError and its kin: no such model, no answer that fits the schema."""

Embed = Callable[[Sequence[str]], Any]
"""Texts to an array of float32, shape (texts, dimensions), each row of length 1."""
