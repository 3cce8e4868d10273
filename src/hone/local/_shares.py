"""The shares that calls are routed by: the release of each task as it was a second ago at most."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from hone.core import Clock
from hone.errors import StoreError
from hone.project import Project
from hone.releases import current
from hone.store import Catalog

log = logging.getLogger("hone")

_STALE_NS = 1_000_000_000
_SELDOM_NS = 20_000_000


class Shares:
    """Any thread may ask."""

    def __init__(self, catalog: Catalog, project: Callable[[], Project], clock: Clock) -> None:
        self._catalog = catalog
        self._project = project
        self._clock = clock
        self._shares: dict[tuple[str, str], Mapping[str, float]] = {}
        self._read: dict[tuple[str, str], int] = {}
        self._asked = 0  # when the database was asked for an environment that nobody declared
        self._background = ThreadPoolExecutor(1, "hone-releases")

    def current(self, task: str, environment: str) -> Mapping[str, float]:
        """The shares now. Another process may change them, so they are read again beside the calls."""
        key = (task, environment)
        if key not in self._shares:
            if not self._may_ask(task, environment):
                return {}
            found = current(self._catalog, self._project(), environment, task)
            if not found:
                return found  # not kept: callers may invent as many names as they like
            self._shares[key] = found
            self._read[key] = self._clock()
        elif self._clock() - self._read[key] > _STALE_NS:
            self._read[key] = self._clock()
            self._background.submit(self._refresh, key)
        return self._shares[key]

    def _may_ask(self, task: str, environment: str) -> bool:
        """Callers may invent as many environments as they like: those that nobody declared wait for their turn."""
        project, now = self._project(), self._clock()
        declared = project.releases.get(task, {})
        if task in project.tasks and environment in {*declared, project.environment, "production"}:
            return True
        if now - self._asked < _SELDOM_NS:
            return False
        self._asked = now
        return True

    def changed(self, task: str, environment: str) -> None:
        """A release made here is in force with the next call, not a second later."""
        self._read[task, environment] = self._clock()
        self._refresh((task, environment))

    def project_changed(self) -> None:
        """Tasks and variants have come and gone."""
        for key in list(self._shares):
            self._refresh(key)
        project = self._project()
        for task in project.tasks:
            # The first release of each task is written here, not on the way of a call.
            for environment in {project.environment, *project.releases.get(task, {})}:
                self.current(task, environment)

    def close(self) -> None:
        self._background.shutdown()

    def _refresh(self, key: tuple[str, str]) -> None:
        """On a thread of its own: a slow database holds up no call, and the last release goes on while it is down."""
        task, environment = key
        try:
            found = current(self._catalog, self._project(), environment, task)
        except StoreError as error:
            log.error("the release of %s in %s cannot be read: %s", task, environment, error)
            return
        if found:
            self._shares[key] = found
        else:
            self._shares.pop(key, None)
