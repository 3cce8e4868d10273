"""Questions that mean nearly the same: the nearest one that was answered, among those with the same everything else."""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from hone.gateway._place import Alike, digest
from hone.store import AskedBefore, CachedAnswer, CachedAnswers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hone.providers import Embedder

_MOST = 40_000  # questions in memory: 60 MB of vectors
_OF_A_SCOPE = 10_000
_FRESH = 5.0  # seconds after which what other processes have answered is read
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")


class Questions:
    """The questions of one scope, newest last. A question with other numbers is another one, however near it is."""

    def __init__(self, size: int) -> None:
        """`size` is the length of a vector."""
        import numpy as np

        self._known: dict[str, int] = {}
        self._asked: list[AskedBefore] = []
        self._vectors = np.zeros((64, size), np.float32)

    def __len__(self) -> int:
        return len(self._asked)

    @property
    def newest(self) -> int:
        return max((each.created for each in self._asked), default=0)

    def add(self, asked: AskedBefore) -> None:
        """The last one at an address counts; those beyond `_OF_A_SCOPE` are forgotten, oldest first."""
        import numpy as np

        at = self._known.get(asked.address)
        if at is None:
            if len(self._asked) >= _OF_A_SCOPE:
                self._forget(_OF_A_SCOPE // 10)
            at = self._known[asked.address] = len(self._asked)
            self._asked.append(asked)
            if at >= len(self._vectors):
                self._vectors = np.concatenate([self._vectors, np.zeros_like(self._vectors)])
        self._asked[at] = asked
        self._vectors[at] = np.frombuffer(asked.vector, "<f4")

    def nearest(
        self, question: str, vector: "NDArray[np.float32]", least: float, valid: Callable[[AskedBefore], bool]
    ) -> tuple[AskedBefore, float] | None:
        """The question with the largest cosine of at least `least`, and that cosine."""
        import numpy as np

        cosines = self._vectors[: len(self._asked)] @ vector
        numbers = _numbers(question)
        near = np.flatnonzero(cosines >= least)
        for at in near[np.argsort(-cosines[near], kind="stable")]:
            asked = self._asked[int(at)]
            if _numbers(asked.question) == numbers and valid(asked):
                return asked, float(cosines[at])
        return None

    def _forget(self, count: int) -> None:
        import numpy as np

        left, vectors = self._asked[count:], self._vectors[count:]
        self._asked, self._known = left, {each.address: at for at, each in enumerate(left)}
        self._vectors = np.concatenate([vectors, np.zeros((count, vectors.shape[1]), np.float32)])


class Found(Struct, frozen=True):
    """The vector of a question, and the answer to one that is alike."""

    vector: bytes
    answer: CachedAnswer | None = None
    similarity: float = 0.0


class Neighbours:
    """All scopes. Any thread may use it; every method may take a while."""

    def __init__(self, kept: CachedAnswers, embedder: Callable[[], "Embedder"]) -> None:
        self._kept = kept
        self._embedder = embedder
        self._lock = threading.Lock()
        self._scopes: OrderedDict[str, Questions] = OrderedDict()
        self._read: dict[str, float] = {}

    def find(self, alike: Alike, valid: Callable[[Any], bool]) -> Found:
        """`valid` says of a question, and of its answer, whether it may be used still."""
        embedder = self._embedder()
        vector = embedder.embed([alike.question])[0].astype("<f4")
        scope = _scope(alike, embedder)
        with self._lock:
            best = self._questions(scope, len(vector)).nearest(alike.question, vector, alike.least, valid)
        if best is None:
            return Found(vector.tobytes())
        asked, similarity = best
        answer = self._kept.get(asked.address)
        return Found(vector.tobytes(), answer if answer is not None and valid(answer) else None, similarity)

    def known(self, alike: Alike, answer: CachedAnswer, vector: bytes | None) -> AskedBefore:
        """An answer's question, to be found from now on."""
        embedder = self._embedder()
        made = vector if vector is not None else embedder.embed([alike.question])[0].astype("<f4").tobytes()
        asked = AskedBefore(answer.address, alike.question, made, answer.created, answer.expires)
        with self._lock:
            self._questions(_scope(alike, embedder), len(made) // 4).add(asked)
        return asked

    def scope(self, alike: Alike) -> str:
        return _scope(alike, self._embedder())

    def _questions(self, scope: str, size: int) -> Questions:
        """Those of a scope, with what other processes have added."""
        found = self._scopes.get(scope)
        if found is None:
            found = self._scopes[scope] = Questions(size)
            self._read[scope] = -_FRESH
        self._scopes.move_to_end(scope)
        if time.monotonic() - self._read[scope] > _FRESH:
            self._read[scope] = time.monotonic()
            # An answer is written a moment after it was made, so those of the last seconds are looked at again.
            since = found.newest - int(2 * _FRESH * 1_000_000_000)
            for asked in reversed(self._kept.asked(scope, since)):
                found.add(asked)
        while sum(map(len, self._scopes.values())) > _MOST and len(self._scopes) > 1:
            old, _ = self._scopes.popitem(last=False)
            del self._read[old]
        return found


def _scope(alike: Alike, embedder: "Embedder") -> str:
    """Vectors of two models are never compared."""
    return digest([alike.scope, embedder.sha256])


def _numbers(text: str) -> list[str]:
    return sorted(_NUMBER.findall(text))
