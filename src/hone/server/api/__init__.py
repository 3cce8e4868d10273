"""Our own API: what the SDK, the CLI and the pages speak. Described at `/api/openapi.json`."""

from hone.server.api._app import api

__all__ = ["api"]
