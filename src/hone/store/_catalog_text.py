"""Text that both databases can hold. PostgreSQL refuses NUL, and neither can store half of a surrogate pair.

Both are written as U+FDD0, a code point that Unicode keeps free for such use, followed by four hex digits: `"\\0"`
becomes U+FDD0 `0000`. A U+FDD0 in the text itself is written the same way, so what was stored comes back equal.
"""

import re

_MARK = "\ufdd0"
_UNSTORABLE = re.compile("[\0\ud800-\udfff\ufdd0]")
_WRITTEN = re.compile(f"{_MARK}([0-9a-f]{{4}})")


def storable(text: str) -> str:
    return _UNSTORABLE.sub(lambda found: f"{_MARK}{ord(found[0]):04x}", text)


def stored(text: str) -> str:
    return _WRITTEN.sub(lambda found: chr(int(found[1], 16)), text) if _MARK in text else text
