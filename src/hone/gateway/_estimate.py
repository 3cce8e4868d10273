"""What a call may use at most, as far as that can be known before it is made."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from hone.core import Span, Usage, forget_oldest
from hone.errors import ProjectError
from hone.providers import Model

_CHARACTERS = 3  # a token; English has more than four, and a reservation should rather be too large
_IMAGE = 1500  # tokens of an image, whatever its bytes are
_OUTPUT = 1000  # tokens of an answer, where neither the caller nor the past says anything
_BASE64 = re.compile(rb";base64,[A-Za-z0-9+/=_-]{64,}")
_READ = ("messages", "input", "tools", "prompt", "response_format")
_DECAY = 0.98

Cost = Callable[[Model, Usage], float | None]


class Estimate(Struct, frozen=True):
    """Tokens, and dollars for each model of the chain at its price: the dearest counts."""

    input: int
    output: int
    dollars: float | None  # None: the price of a model is unknown


class Usual:
    """How long the answers of a model have been lately: the longest, forgotten slowly."""

    def __init__(self) -> None:
        self._output: dict[str, float] = {}

    def output(self, alias: str) -> int:
        return round(self._output.get(alias, _OUTPUT))

    def learn(self, alias: str, output: int) -> None:
        self._output[alias] = max(float(output), self._output.get(alias, 0.0) * _DECAY)
        forget_oldest(self._output)


def estimate(
    fields: Mapping[str, Raw], own: Mapping[str, Any], chain: Sequence[Model], cost: Cost, usual: Usual
) -> Estimate:
    """`fields` is the request, `own` the parameters of its variant, which are weaker."""
    # The tools of a prompt and the schema of a task are read by the model as well.
    given = _input({**{name: Raw(msgspec.json.encode(own[name])) for name in _READ if name in own}, **fields})
    outputs = {model.alias: _output(fields, {**model.parameters, **own}, usual.output(model.alias)) for model in chain}
    costs = [cost(model, Usage(input=given, output=outputs[model.alias])) for model in chain]
    known = [each for each in costs if each is not None]
    return Estimate(
        input=given,
        output=max(outputs.values(), default=0),
        dollars=max(known) if len(known) == len(costs) and known else None,
    )


def require_price(found: Estimate, chain: Sequence[Model], cost: Cost, budget: str) -> float:
    """
    Raises:
        ProjectError: a budget counts dollars, and nobody knows what a model costs.
    """
    if found.dollars is not None:
        return found.dollars
    unknown = next((model.alias for model in chain if cost(model, Usage(input=0, output=0)) is None), "?")
    raise ProjectError(
        f"the price of {unknown!r} is unknown, and the budget {budget!r} counts dollars",
        hint=f"add price = {{ input = ..., output = ... }} to [models.{unknown}]",
    )


def used(model: Model, span: Span, expected: Estimate, cost: Cost) -> tuple[float, int]:
    """Dollars and tokens of one attempt that is over.

    What a model's server counted counts. Of an answer that was cut off nobody says it, and what has come so far is
    estimated; an attempt that failed before anything came was not billed.
    """
    if span.status == "error" and span.output is None:
        return 0.0, 0
    said = 0 if span.output is None else -(-len(span.output) // _CHARACTERS)
    tokens = Usage(
        input=expected.input if span.input_tokens is None else span.input_tokens,
        output=said if span.output_tokens is None else span.output_tokens,
    )
    dollars = span.cost if span.cost is not None else cost(model, tokens)
    return dollars or 0.0, (tokens.input or 0) + (tokens.output or 0)


def _input(fields: Mapping[str, Raw]) -> int:
    characters = images = 0
    for name, raw in fields.items():
        if name in _READ:
            text = bytes(raw)
            if b";base64," in text:
                text, found = _BASE64.subn(b"", text)
                images += found
            characters += len(text)
    return -(-characters // _CHARACTERS) + images * _IMAGE


def _output(fields: Mapping[str, Raw], weaker: Mapping[str, Any], usual: int) -> int:
    if "messages" not in fields:
        return 0  # vectors are no tokens
    limits = [_number(fields, weaker, name) for name in ("max_completion_tokens", "max_tokens")]
    most = next((limit for limit in limits if limit is not None), usual)
    return most * (_number(fields, weaker, "n") or 1)


def _number(fields: Mapping[str, Raw], weaker: Mapping[str, Any], name: str) -> int | None:
    value = msgspec.json.decode(fields[name]) if name in fields else weaker.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
