"""The answers that were used last, in so many bytes."""

from collections import OrderedDict

from hone.store import CachedAnswer

_BESIDE = 1000  # bytes that an entry takes beside its body


class Memory:
    """The least recently used go first. Use from one thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0
        self._entries: OrderedDict[str, CachedAnswer] = OrderedDict()

    def get(self, address: str) -> CachedAnswer | None:
        found = self._entries.get(address)
        if found is not None:
            self._entries.move_to_end(address)
        return found

    def put(self, answer: CachedAnswer) -> None:
        self.drop(answer.address)
        self._entries[answer.address] = answer
        self._bytes += _size(answer)
        while self._bytes > self._most:
            self.drop(next(iter(self._entries)))

    def drop(self, address: str) -> None:
        if (old := self._entries.pop(address, None)) is not None:
            self._bytes -= _size(old)


def _size(answer: CachedAnswer) -> int:
    return len(answer.body) + len(answer.vector or b"") + _BESIDE
