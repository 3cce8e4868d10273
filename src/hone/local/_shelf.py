"""The answers of judges, kept among those that the database keeps for the gateway."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import msgspec
from msgspec.structs import replace

from hone.evals import Told
from hone.local._plane import Plane
from hone.store import CachedAnswer

KEPT = "judges"
"""Under this name `hone cache show` counts the answers of judges, and `hone cache clear --task judges` forgets them."""

_YEARS = 100 * 365 * 86_400 * 1_000_000_000  # ns; until somebody clears them


class Shelf:
    """The answers of judges, among those that the database keeps. What comes at one time is written in one commit."""

    def __init__(self, house: Plane) -> None:
        self.house = house
        self._lock = threading.Lock()
        self._waiting: list[tuple[CachedAnswer, Future[None]]] = []
        self._thread = ThreadPoolExecutor(1, "hone-judges-writer")

    def get(self, address: str) -> Told | None:
        kept = self.house.answers.get(address)
        if kept is None or kept.task != KEPT:
            return None
        return replace(msgspec.json.decode(kept.body, type=Told), cost=0.0, cached=True)

    def put(self, address: str, told: Told) -> "Future[None]":
        """Done when it is durable."""
        now = self.house.clock()
        answer = CachedAnswer(
            address=address,
            environment=self.house.project.environment,
            task=KEPT,
            body=msgspec.json.encode(told),
            trace_id=told.trace_id or "",
            created=now,
            expires=now + _YEARS,
        )
        done: Future[None] = running()
        with self._lock:
            self._waiting.append((answer, done))
            if len(self._waiting) == 1:
                self._thread.submit(self._write)
        return done

    def close(self) -> None:
        self._thread.shutdown()

    def _write(self) -> None:
        with self._lock:
            some, self._waiting = self._waiting, []
        try:
            self.house.answers.put([answer for answer, _ in some])
        except BaseException as problem:
            for _, done in some:
                done.set_exception(problem)
        else:
            for _, done in some:
                done.set_result(None)


def running() -> "Future[Any]":
    """A future that is not cancelled with one of those who wait for it."""
    made = Future[Any]()
    made.set_running_or_notify_cancel()
    return made
