"""Patterns of a schema, run by RE2: in time that grows with the text alone, whoever wrote the pattern."""

import re

_UNICODE = re.compile(r"(?<!\\)((?:\\\\)*)\\u([0-9A-Fa-f]{4})")


def problem(pattern: str) -> str | None:
    """Why a pattern cannot be run; None if it can."""
    import pyarrow

    try:
        matches(pattern, "")
    except pyarrow.ArrowInvalid as wrong:
        return f"the pattern cannot be run: {str(wrong).partition(': ')[2] or wrong}"
    return None


def matches(pattern: str, text: str) -> bool:
    """Is there a match anywhere in `text`?"""
    import pyarrow
    from pyarrow import compute

    # RE2 writes a code point in another way than JavaScript.
    found = compute.match_substring_regex(
        pyarrow.scalar(_utf8(text)), pattern=_UNICODE.sub(r"\1\\x{\2}", _utf8(pattern))
    )
    return bool(found.as_py())


def _utf8(text: str) -> str:
    """RE2 reads UTF-8, which has no halves of surrogate pairs: they count as question marks."""
    return text.encode("utf-8", "replace").decode()
