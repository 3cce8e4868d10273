"""The SDK's connection when no server is named: the gateway runs here, on an event loop in a thread of its own."""

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hone.client import Reply, RunRequest, reply_from
from hone.core import Span, new_span_id, new_trace_id
from hone.gateway import Call
from hone.local._house import House
from hone.project import find

T = TypeVar("T")


def open_here() -> "Hone":
    """The project of the working directory, or of the nearest folder above it.

    Raises:
        ProjectError: there is none.
    """
    return Hone(House.open(find(Path.cwd())))


class Hone:
    """Runs tasks of one house for synchronous and asynchronous callers alike."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hone-local", daemon=True)
        self._thread.start()

    @property
    def house(self) -> House:
        return self._house

    @property
    def project(self) -> str:
        return self._house.project.name

    def run(self, request: RunRequest) -> Reply:
        return self._in_loop(self._run(request))

    async def arun(self, request: RunRequest) -> Reply:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._run(request), self._loop))

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

    def stop(self) -> None:
        """Take no more calls. The house stays open."""
        self._in_loop(self._house.gateway.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _run(self, request: RunRequest) -> Reply:
        fields = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in request.body.items()}
        trace_id, parent_id = request.trace or (new_trace_id(), None)
        reply = await self._house.gateway.chat(
            Call(
                model=request.task,
                fields=fields,
                input=request.input,
                start=self._house.clock(),
                trace_id=trace_id,
                span_id=new_span_id(),
                parent_id=parent_id,
                session=request.session,
                user=request.user,
                tags=request.tags,
                cache=None if request.cache else False,
                validate=request.validate or None,
            )
        )
        return reply_from(reply.body or b"", reply.headers)

    def _in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            # The call ends as when any caller leaves: the upstream is told, and a span says so.
            future.cancel()
            with suppress(CancelledError, TimeoutError):
                asyncio.run_coroutine_threadsafe(asyncio.sleep(0.1), self._loop).result(5)
            raise
