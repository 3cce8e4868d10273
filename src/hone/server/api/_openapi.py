"""The OpenAPI document: every operation, with schemas made from the structs that are sent and read.

`_own` and `_model_calls` list the operations; a new route is one more entry there.
"""

from typing import Any

from hone import __version__
from hone.server.api._model_calls import MODEL_CALLS
from hone.server.api._operation import schemas_of
from hone.server.api._own import OWN

OPERATIONS = [*MODEL_CALLS, *OWN]

_KEYS = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "HONE_API_KEY, or a key of `hone keys create`"},
    "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "the same, as Anthropic's"},
}


def document(*, keyed: bool) -> dict[str, Any]:
    """OpenAPI 3.1. `keyed`: this server answers nobody without a key."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = operation.described()
    return {
        "openapi": "3.1.0",
        "info": {"title": "hone", "version": __version__},
        "components": {"schemas": schemas_of(OPERATIONS), "securitySchemes": _KEYS},
        # On loopback a key may be shown, and need not be.
        "security": [*([] if keyed else [{}]), *({name: []} for name in _KEYS)],
        "paths": paths,
    }
