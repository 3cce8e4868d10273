"""The content blocks of a streamed message: begun, continued and ended strictly one after another.

Clients rely on that. A server may send its tool calls in turns, though, a piece of one and then of another; so a piece
waits while the call that is being told has not been told to its end, which is where its arguments are whole JSON.
"""

from typing import Any

import msgspec
from msgspec import Struct

from hone.server.anthropic._response import write


class Piece(Struct, frozen=True, kw_only=True):
    """Something said in one block: `lane` tells blocks apart, `start` is how the block begins."""

    lane: str
    start: dict[str, Any]
    delta: dict[str, Any] | None = None
    last: bool = False  # the block ends with it


def event(kind: str, **fields: Any) -> bytes:
    """One event of the stream."""
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), write({"type": kind} | fields))


class Blocks:
    """The blocks so far."""

    def __init__(self) -> None:
        self._index = -1
        self._open: Piece | None = None  # how the open block began
        self._arguments: list[str] = []  # of the open block, when it is a call
        self._waiting: list[Piece] = []
        self._called: set[str] = set()  # calls whose block has ended

    def add(self, piece: Piece) -> list[bytes]:
        """The events that can be sent now."""
        if piece.lane in self._called:
            return []  # the call was whole: what trails behind it is blank
        if self._open is not None and piece.lane != self._open.lane:
            if not self._is_whole():
                self._waiting.append(piece)
                return []
            return [*self._stop(), *self.add(piece)]
        events = self._begin(piece) if self._open is None else []
        if piece.delta is not None:
            events.append(event("content_block_delta", index=self._index, delta=piece.delta))
            self._arguments.append(piece.delta.get("partial_json", ""))
        if piece.last:
            events += self._stop()
        return events + (self._replay() if self._waiting and self._is_whole() else [])

    def end(self) -> list[bytes]:
        """The message is over: whatever waited is told now."""
        events = self._stop()
        while self._waiting:
            events += self._replay() + self._stop()
        return events

    def _begin(self, piece: Piece) -> list[bytes]:
        self._open, self._arguments, self._index = piece, [], self._index + 1
        return [event("content_block_start", index=self._index, content_block=piece.start)]

    def _stop(self) -> list[bytes]:
        if self._open is None:
            return []
        if self._open.start["type"] == "tool_use":
            self._called.add(self._open.lane)
        self._open = None
        return [event("content_block_stop", index=self._index)]

    def _replay(self) -> list[bytes]:
        waiting, self._waiting = self._waiting, []
        return [said for piece in waiting for said in self.add(piece)]

    def _is_whole(self) -> bool:
        if self._open is None or self._open.start["type"] != "tool_use":
            return True
        try:
            msgspec.json.decode("".join(self._arguments))
        except (msgspec.DecodeError, UnicodeEncodeError):
            return False
        return True
