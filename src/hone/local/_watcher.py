"""Hot reload: while a server runs, an edit of hone.toml or a prompt is in force a moment after it is saved."""

import logging
import threading

from hone.errors import HoneError, ProjectError
from hone.local._plane import Plane
from hone.project import Project

log = logging.getLogger("hone")

EVERY = 0.25
"""Seconds between two looks at the files: a few system calls, and no library that differs from system to system."""


class Watcher:
    """Looks from a thread of its own until it is stopped. While something is wrong, `plane.trouble` says what."""

    def __init__(self, plane: Plane, *, every: float = EVERY) -> None:
        self._plane = plane
        self._every = every
        self._seen = _signature(plane.project)
        self._settled = self._seen
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="hone-reload", daemon=True)

    def start(self) -> None:
        # What was edited between the reading of the files and now is taken up as well.
        self._take_up()
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._every):
            try:
                self._look()
            except Exception:
                log.exception("the project's files could not be looked at")

    def _look(self) -> None:
        now = _signature(self._plane.project)
        if now == self._seen and now != self._settled:
            # Unchanged since the last look: whoever writes has finished.
            self._settled = now
            self._take_up()
        self._seen = now

    def _take_up(self) -> None:
        before = self._plane.trouble
        try:
            late = self._plane.reload()
        except HoneError as problem:
            if not isinstance(problem, ProjectError):
                self._settled = ()  # the files may be in order, so the next look tries again
            if str(before) != str(problem):
                self._tell(problem)
            return
        if late is None:
            return
        log.info("the project was edited: configuration %s is in force", self._plane.version)
        for section in late:
            log.warning("[%s] was edited: that takes effect when hone is restarted", section)
        for task in self._plane.waiting_releases():
            log.warning("the release of %s in hone.toml is not applied: hone releases apply %s", task, task)

    def _tell(self, problem: HoneError) -> None:
        hint = f" ({problem.hint})" if problem.hint else ""
        version = self._plane.version
        log.error("%s%s; configuration %s, the last in order, stays in force", problem.message, hint, version)


def _signature(project: Project) -> tuple[object, ...]:
    """Changes whenever a file is written, replaced, added or taken away."""
    root = project.root
    found: list[object] = []
    schemas = sorted({task.output for task in project.tasks.values() if isinstance(task.output, str)})
    files = (root / "hone.toml", *sorted((root / "prompts").glob("*.prompt.md")), *(root / file for file in schemas))
    for path in files:
        try:
            state = path.stat()
        except OSError:
            continue
        found.append((path.name, state.st_mtime_ns, state.st_size, state.st_ino))
    return tuple(found)
