"""Where each key of a TOML text stands. The standard parser checks the text but keeps no positions."""

import re
import tomllib
from collections.abc import Callable

Keys = tuple[str, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_VALUE = re.compile(r"[^,\]\}#\r\n]*")


def lines_of(text: str) -> dict[Keys, int]:
    """The line (from 1) of every key path in `text`, which must be valid TOML. Items of arrays count as "0", "1"..."""
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self.lines: dict[Keys, int] = {}
        self._text = text
        self._at = 0
        self._items: dict[Keys, int] = {}  # how many [[tables]] of each name there were

    def document(self) -> None:
        table: Keys = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)

    def _header(self) -> Keys:
        brackets = 2 if self._text.startswith("[[", self._at) else 1
        self._at += brackets
        table = self._key(())
        self._at += brackets
        if brackets == 2:
            number = self._items.get(table, 0)
            self._items[table] = number + 1
            table = (*table, str(number))
            self._note(table)
        return table

    def _pair(self, table: Keys) -> None:
        path = self._key(table)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _key(self, prefix: Keys) -> Keys:
        """A dotted key; every part of it is noted, and the position moves behind it."""
        path = prefix
        while True:
            self._skip(_SPACE)
            part = self._skip(_BARE_KEY) or _unquoted(self._skip(_STRING))
            path = (*path, part)
            self._note(path)
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return path
            self._at += 1
            if path in self._items:  # [parent.child] under [[parent]] means the latest item
                path = (*path, str(self._items[path] - 1))

    def _value(self, path: Keys) -> None:
        opening = self._text[self._at]
        if opening == "{":
            self._inside("}", lambda _: self._pair(path))
        elif opening == "[":
            self._inside("]", lambda number: self._item((*path, str(number))))
        elif not self._skip(_STRING):
            self._skip(_BARE_VALUE)

    def _item(self, path: Keys) -> None:
        self._note(path)
        self._value(path)

    def _inside(self, closing: str, read: Callable[[int], None]) -> None:
        self._at += 1
        number = 0
        self._skip(_BLANK)
        while self._text[self._at] != closing:
            if self._text[self._at] == ",":
                self._at += 1
            else:
                read(number)
                number += 1
            self._skip(_BLANK)
        self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found[0]

    def _note(self, path: Keys) -> None:
        self.lines.setdefault(path, self._text.count("\n", 0, self._at) + 1)


def _unquoted(key: str) -> str:
    if key.startswith("'"):
        return key[1:-1]
    return str(next(iter(tomllib.loads(f"{key} = 0"))))
