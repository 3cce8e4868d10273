"""`hone VERB` and `hone ROOM VERB`: parse, call a room, print. Data goes to stdout, talk to stderr."""

from hone.cli._main import main

__all__ = ["main"]
