"""Serving: one way for every call, whichever door it came by."""

from hone.gateway._call import Call, Reply
from hone.gateway._estimate import Counted
from hone.gateway._gateway import Gateway, Rooms

__all__ = ["Call", "Counted", "Gateway", "Reply", "Rooms"]
