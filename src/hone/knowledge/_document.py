"""A document: one text with the name it is quoted by, before it is cut into chunks."""

from msgspec import Struct


class Document(Struct, frozen=True):
    """`title` is repeated at the head of every chunk: a heading, or the signature of a function."""

    source: str  # `docs/guide.md#Install`, `python:json.dumps`
    title: str
    text: str
