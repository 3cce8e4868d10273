"""The doors over HTTP: one ASGI callable on one port."""

from typing import TYPE_CHECKING

from hone.core import lazily

if TYPE_CHECKING:
    from hone.server._app import App
    from hone.server._fleet import Fleet
    from hone.server._serve import Server
    from hone.server._uvicorn import end_in_order

__getattr__ = lazily(
    __name__,
    {
        "App": "_app",
        "Fleet": "_fleet",
        "Server": "_serve",
        "end_in_order": "_uvicorn",
    },
)

__all__ = ["App", "Fleet", "Server", "end_in_order"]
