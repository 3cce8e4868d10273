"""The SDK's connection when no server is named: the gateway runs here, on an event loop in a thread of its own."""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hone.core import Span
from hone.local._house import House
from hone.local._near import Near
from hone.project import find


def open_here() -> "Hone":
    """The project of the working directory, or of the nearest folder above it.

    Raises:
        ProjectError: there is none.
    """
    return Hone(House.open(find(Path.cwd())))


class Hone(Near[House]):
    """Runs tasks of one house for synchronous and asynchronous callers alike."""

    @property
    def project(self) -> str:
        return self._house.project.name

    def record(self, spans: Sequence[Span]) -> None:
        self._house.recorder.spool(spans)

    def score(self, score: Mapping[str, Any]) -> str:
        return self._house.score(**score).id

    def flush(self, timeout: float) -> bool:
        worker = threading.Thread(target=self._house.telemetry.flush, daemon=True)
        worker.start()
        worker.join(timeout)
        return not worker.is_alive()

    def close(self) -> None:
        """Finish what was recorded and release everything."""
        self.stop()
        self._house.close()
