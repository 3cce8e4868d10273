"""How many tokens a call used, as the vendor counted them."""

from msgspec import Struct


class Usage(Struct, frozen=True):
    """Tokens of one call. `input` contains `cache_read` and `cache_write`; `output` contains `reasoning`.

    None means that the vendor did not say, which is not the same as zero.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
