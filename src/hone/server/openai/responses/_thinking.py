"""Thinking that a vendor has signed and wants back unchanged, carried in the one field made for it.

`encrypted_content` of a reasoning item is opaque to callers, who send it back. Here it holds the signed blocks.
"""

import base64
from typing import Any

import msgspec

from hone.core import to_json
from hone.errors import CallError

_OURS = "hone-thinking-"
_blocks = msgspec.json.Decoder(list[dict[str, Any]])


def packed(blocks: list[dict[str, Any]]) -> str | None:
    """The blocks as text; None where there are none."""
    return _OURS + base64.b64encode(to_json(blocks).encode()).decode() if blocks else None


def unpacked(content: str | None, at: str) -> list[dict[str, Any]]:
    """The blocks again. What another server has made is for nobody here, and is left out.

    Raises:
        CallError: it is ours, and broken.
    """
    if content is None or not content.startswith(_OURS):
        return []
    try:
        return _blocks.decode(base64.b64decode(content.removeprefix(_OURS), validate=True))
    except (ValueError, msgspec.DecodeError):
        raise CallError(
            f"`{at}.encrypted_content` is not what hone gave", hint="send reasoning items unchanged"
        ) from None
