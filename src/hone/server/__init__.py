"""The doors over HTTP: one ASGI callable on one port."""

from hone.server._app import App
from hone.server._serve import Server

__all__ = ["App", "Server"]
