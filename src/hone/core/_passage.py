"""A piece of knowledge as a prompt receives it."""

from msgspec import Struct


class Passage(Struct, frozen=True):
    """One retrieved chunk. `score` is between 0 and 1, higher is better; what it counts is the search's to say."""

    text: str
    source: str
    score: float
