"""Money: dollars as floats, prices per million tokens. Unknown stays unknown: None, never 0."""

from msgspec import Struct

from hone.core._usage import Usage


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """Dollars per million tokens."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None


def cost_of(price: Price | None, usage: Usage) -> float | None:
    """What `usage` costs in dollars; None where the price or a token count is unknown or makes no sense."""
    if price is None or usage.input is None or usage.output is None:
        return None
    read, write = usage.cache_read or 0, usage.cache_write or 0
    if read + write > usage.input:
        return None
    # Cached tokens are billed at their own price where there is one, so they must not be counted twice.
    plain = usage.input - read - write
    dollars = (
        plain * price.input
        + read * (price.input if price.cache_read is None else price.cache_read)
        + write * (price.input if price.cache_write is None else price.cache_write)
        + usage.output * price.output
    )
    return dollars / 1_000_000
