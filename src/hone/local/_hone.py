"""The SDK's connection when no server is named: the gateway runs here, on an event loop in a thread of its own."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hone.client import Reply, RunRequest, reply_from
from hone.core import Span
from hone.local._calling import call_of
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

    def run(self, request: RunRequest) -> Reply:
        return self.loop.run(self._run(request))

    async def arun(self, request: RunRequest) -> Reply:
        return await asyncio.wrap_future(self.loop.submit(self._run(request)))

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

    async def _run(self, request: RunRequest) -> Reply:
        reply = await self._house.gateway.chat(call_of(request, self._house.clock()))
        return reply_from(reply.body or b"", reply.headers)
