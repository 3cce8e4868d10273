"""How many tokens a request has, estimated without the model's tokenizer: by rule of thumb a quarter of its bytes."""

from typing import Any

import msgspec
from msgspec import Raw, Struct

BYTES_A_TOKEN = 4  # English text; in scripts of three bytes a character it is three quarters of a token each
A_MESSAGE = 4  # who speaks, and where a turn begins and ends
AN_IMAGE = 1500  # a large one: a picture costs by its pixels, which the bytes do not tell
A_DOCUMENT = 3000  # a page or two

_ALLOWANCES = {
    "image_url": AN_IMAGE,
    "image": AN_IMAGE,
    "input_audio": A_DOCUMENT,
    "file": A_DOCUMENT,
    "document": A_DOCUMENT,
}
_SETTINGS = ("tools", "response_format")  # these are read by the model as they are written


class Counted(Struct, frozen=True):
    """Tokens of a request: as the vendor counts them, or estimated here."""

    tokens: int
    estimated: bool = False


def estimate(body: dict[str, Raw]) -> int:
    """Tokens of the messages, tools and schema in the body of a chat completion request."""
    messages = msgspec.json.decode(body.get("messages", b"[]"), type=list[dict[str, Any]])
    size, allowed = 0, A_MESSAGE * len(messages)
    for message in messages:
        texts, others = _read(message)
        size, allowed = size + texts, allowed + others
    size += sum(len(bytes(body[name])) for name in _SETTINGS if name in body)
    return -(-size // BYTES_A_TOKEN) + allowed


def _read(value: Any) -> tuple[int, int]:
    """Bytes of the texts in `value`, and tokens for what is no text."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass")), 0
    if isinstance(value, dict):
        if (kind := value.get("type")) in _ALLOWANCES and not _is_text(value):
            return 0, _ALLOWANCES[kind]
        parts = [part for name, part in value.items() if name not in ("role", "type", "cache_control", "signature")]
    else:
        parts = value if isinstance(value, list) else []
    read = [_read(part) for part in parts]
    return sum(size for size, _ in read), sum(tokens for _, tokens in read)


def _is_text(block: dict[str, Any]) -> bool:
    """A document that is given as the text it holds."""
    source = block.get("source")
    return isinstance(source, dict) and source.get("type") in ("text", "content")
