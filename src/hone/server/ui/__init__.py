"""The web UI: each page's view asks the rooms for a struct, which is shown as HTML or as JSON."""

from hone.server.ui._app import to_login, ui
from hone.server.ui._static import stylesheet

__all__ = ["stylesheet", "to_login", "ui"]
