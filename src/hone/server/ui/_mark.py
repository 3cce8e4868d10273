"""Markup from literals alone: whatever is put into one is escaped."""

from typing import Any, LiteralString

from markupsafe import Markup


def mark(literal: LiteralString, *values: Any) -> Markup:
    """`literal` with `values` in its `{}`, each escaped unless it is markup itself."""
    return Markup(literal).format(*values)  # noqa: S704  # a literal, by its type


def joined(parts: list[Markup]) -> Markup:
    return Markup("").join(parts)
