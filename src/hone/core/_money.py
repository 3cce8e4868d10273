"""Money: dollars as floats, prices per million tokens. Unknown stays unknown: None, never 0."""

from msgspec import Struct

from hone.core._usage import Usage


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """Dollars per million tokens. What has no price of its own costs what it is a part of."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None
    cache_write_1h: float | None = None
    audio_input: float | None = None
    audio_output: float | None = None


_NOTHING_APART = (None,) * 6


def cost_of(price: Price | None, usage: Usage) -> float | None:
    """What `usage` costs in dollars; None where the price or a token count is unknown or makes no sense.

    Audio from the cache is billed as cached.
    """
    if price is None or usage.input is None or usage.output is None:
        return None
    apart = (usage.cache_read, usage.cache_write, usage.input_audio, usage.output_audio)
    if (*apart, usage.cache_read_audio, usage.cache_write_1h) == _NOTHING_APART and min(usage.input, usage.output) >= 0:
        return (usage.input * price.input + usage.output * price.output) / 1_000_000  # as most calls are
    read, write = usage.cache_read or 0, usage.cache_write or 0
    hour = _apart(usage.cache_write_1h, price.cache_write_1h)
    heard, spoken = _apart(usage.input_audio, price.audio_input), _apart(usage.output_audio, price.audio_output)
    cached = _apart(usage.cache_read_audio, price.audio_input)
    reading = price.cache_read
    writing = price.input if price.cache_write is None else price.cache_write
    # Tokens with a price of their own must not be counted twice.
    parts = (
        (usage.input - read - write - (heard - cached), price.input),
        (heard - cached, price.audio_input),
        (read - cached, price.input if reading is None else reading),
        (cached, price.audio_input if reading is None else reading),
        (write - hour, writing),
        (hour, price.cache_write_1h),
        (usage.output - spoken, price.output),
        (spoken, price.audio_output),
    )
    if any(tokens < 0 for tokens, _ in parts):
        return None
    return sum(tokens * (dollars or 0.0) for tokens, dollars in parts) / 1_000_000


def _apart(tokens: int | None, price: float | None) -> int:
    """Tokens that are billed apart from those they are a part of: those that have a price."""
    return 0 if tokens is None or price is None else tokens
