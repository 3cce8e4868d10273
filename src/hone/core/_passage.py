"""A piece of knowledge as a prompt receives it."""

from msgspec import Struct


class Passage(Struct, frozen=True):
    """One retrieved chunk. `score` is comparable within one search only, higher is better."""

    text: str
    source: str
    score: float
