"""The list of traces, and how many newer ones have come since."""

import shlex
from collections.abc import Callable

from msgspec import structs

from hone.local import House
from hone.server.ui._datasets import dataset_names
from hone.server.ui._face import Asked
from hone.server.ui._shapes import Newer, TraceList
from hone.traces import TraceFilter, filter_from

_PAGE = 50
_OPTIONS = ("task", "variant", "session", "user", "status", "model", "error", "tag", "without_tag", "score", "words")
_COUNTED = 100


def trace_list(house: House) -> Callable[[Asked], TraceList]:
    def view(asked: Asked) -> TraceList:
        wanted = _filter(house, asked)
        cursor = asked.query.get("cursor") or None
        found = house.traces.latest(structs.replace(wanted, cursor=cursor, limit=_PAGE))
        return TraceList(
            q=asked.query.get("q", ""),
            items=found.items,
            next=found.next,
            newest=max((row.start for row in found.items), default=house.clock()),
            latest=cursor is None,
            datasets=dataset_names(house),
            cli=command(wanted),
        )

    return view


def newer(house: House) -> Callable[[Asked], Newer]:
    """Polled by the list that is open: it only counts, so that no row moves under the pointer."""

    def view(asked: Asked) -> Newer:
        since = asked.number("after", 0)
        wanted = structs.replace(_filter(house, asked), since=since + 1, limit=_COUNTED)
        found = house.traces.latest(wanted)
        return Newer(len(found.items), found.next is not None, asked.query.get("q", ""), since)

    return view


def command(wanted: TraceFilter) -> str:
    """`hone traces list` with the same filter; `since` is a moment by now and has no option."""
    given = ((name, getattr(wanted, name)) for name in _OPTIONS)
    options = "".join(f" --{name.replace('_', '-')} {shlex.quote(value)}" for name, value in given if value)
    return f"hone traces list{options} --json"


def _filter(house: House, asked: Asked) -> TraceFilter:
    return filter_from(asked.query.get("q", ""), house.project.metrics, now=house.clock())
