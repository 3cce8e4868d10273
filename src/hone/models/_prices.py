"""Prices: what a call cost, in dollars. Unknown stays unknown: a missing price is None, never 0.

The project's own price wins; else the public price list of the `genai-prices` package decides, by provider and model.
"""

import logging
from typing import Any

from msgspec import Struct

from hone.core import Price, Usage, cost_of, forget_oldest
from hone.providers import price_name

log = logging.getLogger("hone.models")

# Models that run inside this process and are no one's to bill.
_FREE = {
    "local": Price(input=0.0, output=0.0),
    "extractive": Price(input=0.0, output=0.0),
    "fake": Price(input=0.0, output=0.0),
}

# Kinds of tokens as a project names their prices, and as the price list does.
_KINDS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "audio_input": "input_audio_mtok",
    "audio_output": "output_audio_mtok",
}


class Known(Struct, frozen=True):
    """What is known of a model before it is asked: dollars per million tokens of each kind, and the tokens it reads."""

    price: dict[str, float] | None = None
    context_window: int | None = None


class Prices:
    """Looks prices up, each (provider, model) once. The price list is loaded when the first one is asked for."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Any] = {}

    def cost(self, provider: str, model: str, usage: Usage, own: Price | None = None) -> float | None:
        """Dollars for one call.

        `model` is the vendor's name of it. None where price or token counts are unknown.
        """
        own = own or _FREE.get(provider)
        if own is not None:
            return cost_of(own, usage)
        if usage.input is None or usage.output is None:
            return None
        listed = self._listed(provider, model)
        return None if listed is None else _calculate(listed.model_price, usage)

    def known(self, provider: str, model: str, own: Price | None = None) -> Known:
        """What is known of a model. Where a vendor charges more for long prompts, the price is that of short ones.

        It may read the price list, which takes its time: not for an event loop.
        """
        own = own or _FREE.get(provider)
        listed = self._listed(provider, model)
        window = None if listed is None else listed.model.context_window
        if own is not None:
            return Known({kind: dollars for kind in _KINDS if (dollars := getattr(own, kind)) is not None}, window)
        return Known(None if listed is None else _per_million(listed.model_price), window)

    def _listed(self, provider: str, model: str) -> Any:
        key = (provider, model)
        if key not in self._found:
            found = self._found[key] = _look_up(provider, model)
            forget_oldest(self._found)
            return found
        return self._found[key]


def _look_up(provider: str, model: str) -> Any:
    # Importing the list costs a quarter of a second, which a process without vendor calls need not pay.
    import genai_prices

    try:
        return genai_prices.calc_price(_tokens(Usage(input=0, output=0)), model, provider_id=price_name(provider))
    except LookupError:
        return None


def _per_million(price: Any) -> dict[str, float] | None:
    found = {kind: getattr(price, name, None) for kind, name in _KINDS.items()}
    return {kind: float(getattr(each, "base", each)) for kind, each in found.items() if each is not None} or None


def _calculate(price: Any, usage: Usage) -> float | None:
    try:
        return float(price.calc_price(_tokens(usage))["total_price"])
    except (ValueError, ArithmeticError) as problem:
        # Counts that contradict each other, such as more cached tokens than tokens.
        log.warning("no price for %s: %s", usage, problem)
        return None


def _tokens(usage: Usage) -> Any:
    """`usage` as the price list takes it, which subtracts the parts that have a price of their own from the whole."""
    import genai_prices

    # Where a vendor told of audio and of its cache, but not of audio in the cache, there was none.
    both = usage.input_audio is not None and usage.cache_read is not None

    return genai_prices.Usage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        cache_write_1h_tokens=usage.cache_write_1h,
        input_audio_tokens=usage.input_audio,
        output_audio_tokens=usage.output_audio,
        cache_audio_read_tokens=0 if both and usage.cache_read_audio is None else usage.cache_read_audio,
    )
