"""The standing look at what is on trial: while a server runs, a release that crosses a limit is taken back."""

import logging
import threading
import time
from collections.abc import Callable, Iterable

from hone.errors import HoneError
from hone.releases._releases import Releases

log = logging.getLogger("hone")

EVERY = 5.0
"""Seconds between two looks."""

_SHARE = 20  # a look that took a second is followed by at least so many seconds without one


class Patrol:
    """Looks from a thread of its own until it is stopped. The bounds hold at every look, so looks may be frequent."""

    def __init__(self, releases: Releases, tasks: Callable[[], Iterable[str]], *, every: float = EVERY) -> None:
        """`tasks` are asked for at each look; those without limits are passed over."""
        self._releases = releases
        self._tasks = tasks
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._walk, name="hone-patrol", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the look that is going on is over."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _walk(self) -> None:
        pause = self._every
        while not self._over.wait(pause):
            start = time.monotonic()
            for task in list(self._tasks()):
                self._look(task)
            pause = max(self._every, _SHARE * (time.monotonic() - start))

    def _look(self, task: str) -> None:
        """A look that fails is not the last one: a database that is away comes back."""
        try:
            if not self._releases.has_limits(task):
                return
            decision = self._releases.watch(task)
        except HoneError as problem:
            log.error("the release of %s could not be looked at: %s", task, problem)
        except Exception:
            log.exception("the release of %s could not be looked at", task)
        else:
            if decision.rolled_back_to is not None:
                shares = ", ".join(f"{name} {share:.0%}" for name, share in decision.rolled_back_to.items())
                log.warning("%s is rolled back to %s: %s", task, shares, decision.reason)
