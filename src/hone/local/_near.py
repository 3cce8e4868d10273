"""A data plane that is called from this process: its gateway, on the loop that it belongs to."""

import asyncio
from typing import Generic, TypeVar

from hone.client import Reply, RunRequest, reply_from
from hone.local._calling import call_of
from hone.local._loop import Loop
from hone.local._plane import Plane

P_co = TypeVar("P_co", bound=Plane, covariant=True)


class Near(Generic[P_co]):
    """The calls of one process, whatever thread they come from."""

    def __init__(self, house: P_co) -> None:
        self._house = house
        self.loop = Loop("hone-local")

    @property
    def house(self) -> P_co:
        return self._house

    def run(self, request: RunRequest) -> Reply:
        return self.loop.run(self._run(request))

    async def arun(self, request: RunRequest) -> Reply:
        return await asyncio.wrap_future(self.loop.submit(self._run(request)))

    async def _run(self, request: RunRequest) -> Reply:
        reply = await self._house.gateway.chat(call_of(request, self._house.clock()))
        return reply_from(reply.body or b"", reply.headers)

    def stop(self) -> None:
        """Take no more calls. The house stays open."""
        self.loop.run(self._house.gateway.close())
        self.loop.stop()
