"""Markdown taken apart at its headings: one document a section, titled by the headings that lead to it."""

import re
from collections.abc import Iterator

from hone.knowledge._document import Document

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")


def sections(text: str, path: str) -> Iterator[Document]:
    """The sections of a Markdown text; a `#` inside a fenced block is no heading. Empty sections are left out."""
    trail: list[tuple[int, str]] = []
    body: list[str] = []
    fence = ""
    for line in text.splitlines():
        if mark := _FENCE.match(line):
            # A fence is closed by at least as many of its own character.
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        heading = None if fence else _HEADING.match(line)
        if heading is None:
            body.append(line)
            continue
        yield from _section(path, trail, body)
        level = len(heading[1])
        trail = [*((depth, title) for depth, title in trail if depth < level), (level, heading[2])]
        body = []
    yield from _section(path, trail, body)


def _section(path: str, trail: list[tuple[int, str]], body: list[str]) -> Iterator[Document]:
    text = "\n".join(body).strip()
    if text:
        source = f"{path}#{trail[-1][1]}" if trail else path
        title = " > ".join(heading for _, heading in trail)
        yield Document(source, f"# {title}" if title else "", text)
