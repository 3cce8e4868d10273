"""A whole hone in this process: the rooms of one project put together, for the doors, the SDK and tests."""

from hone.local._hone import Hone, open_here
from hone.local._house import House

__all__ = ["Hone", "House", "open_here"]
