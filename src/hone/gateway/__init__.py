"""Serving: one way for every call, whichever door it came by."""

from hone.gateway._admission import Admission
from hone.gateway._alike import Questions
from hone.gateway._cache import Cache
from hone.gateway._call import Call, Reply, Sink
from hone.gateway._count import Counted
from hone.gateway._edition import Edition
from hone.gateway._gateway import Gateway, Rooms
from hone.gateway._input import fits
from hone.gateway._key import PREFIX, Key, Keys
from hone.gateway._listed import Listed
from hone.gateway._place import wished
from hone.gateway._retry import passing, retry_after
from hone.gateway._standing import Standing, standings

__all__ = [
    "PREFIX",
    "Admission",
    "Cache",
    "Call",
    "Counted",
    "Edition",
    "Gateway",
    "Key",
    "Keys",
    "Listed",
    "Questions",
    "Reply",
    "Rooms",
    "Sink",
    "Standing",
    "fits",
    "passing",
    "retry_after",
    "standings",
    "wished",
]
