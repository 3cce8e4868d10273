"""`/v1/models`: what a caller may ask for."""

from collections.abc import Iterable

import msgspec


def models_body(names: Iterable[str], created: int) -> bytes:
    """`created` is in seconds since the epoch: when this server learned of them."""
    found = [{"id": name, "object": "model", "created": created, "owned_by": "hone"} for name in names]
    return msgspec.json.encode({"object": "list", "data": found})
