"""How many tokens a call used, as the vendor counted them."""

from msgspec import Struct


class Usage(Struct, frozen=True):
    """Tokens of one call. None means that the vendor did not say, which is not the same as zero.

    `input` contains `cache_read`, `cache_write` and `input_audio`; `output` contains `reasoning` and `output_audio`.
    `cache_read_audio` is what `cache_read` and `input_audio` share; `cache_write_1h` is the part of `cache_write` that
    is kept for an hour, which is dearer than the usual five minutes.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    input_audio: int | None = None
    output_audio: int | None = None
    cache_read_audio: int | None = None
    cache_write_1h: int | None = None
