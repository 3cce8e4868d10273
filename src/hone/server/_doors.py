"""The doors of model calls, by method and path: what every process that serves has."""

from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp

from hone.errors import HoneError
from hone.local import Plane
from hone.server._door import Door
from hone.server._exchange import Exchange
from hone.server._guard import Guard
from hone.server._refusal import refuse_call
from hone.server.anthropic import count_tokens_door, messages_door
from hone.server.openai import (
    MODELS_UNDER,
    ModelsDoor,
    chat_door,
    completions_door,
    embeddings_door,
    responses_door,
)

Serve = Callable[[Exchange], Awaitable[None]]


class Doors:
    """Finds the door of a request."""

    def __init__(self, plane: Plane) -> None:
        gateway, limit = plane.gateway, plane.project.server.max_body
        models = ModelsDoor(lambda: plane.project, gateway, plane.prices, plane.clock() // 1_000_000_000)
        self.chat = chat_door(gateway, limit)
        self._at: dict[tuple[str, str], ASGIApp] = {
            ("POST", "/v1/chat/completions"): self.chat,
            ("POST", "/v1/completions"): completions_door(gateway, limit),
            ("POST", "/v1/responses"): responses_door(gateway, limit),
            ("POST", "/v1/embeddings"): embeddings_door(gateway, limit),
            ("POST", "/v1/messages"): messages_door(gateway, limit),
            ("POST", "/v1/messages/count_tokens"): count_tokens_door(gateway, limit),
            ("GET", "/v1/models"): models.every,
        }
        self._express = {
            (method.encode(), path.encode()): (path, door)
            for (method, path), door in self._at.items()
            if isinstance(door, Door)
        }
        self._under: dict[tuple[str, str], ASGIApp] = {("GET", MODELS_UNDER): models.one}

    def express(self, guard: Guard, method: bytes, target: bytes) -> Serve | None:
        """What serves a request straight from its socket: the door, behind the guard."""
        found = self._express.get((method, target))
        if found is None:
            return None
        path, door = found

        async def serve(exchange: Exchange) -> None:
            try:
                exchange.key = await guard.check(path, exchange.headers, "POST")
            except HoneError as error:
                await refuse_call(exchange, path, error)
                return
            await door.serve(exchange)

        return serve

    def find(self, method: str, path: str) -> ASGIApp | None:
        return self._at.get((method, path)) or next(
            (door for (known, start), door in self._under.items() if known == method and path.startswith(start)), None
        )

    @property
    def paths(self) -> list[str]:
        """Of every door; one that ends in a slash stands for all below it."""
        return list(dict.fromkeys(path for _, path in (*self._at, *self._under)))

    def methods(self, path: str) -> list[str]:
        """With which the path can be asked; none where there is no such door."""
        under = [method for method, start in self._under if path.startswith(start)]
        return [method for method, known in self._at if known == path] + under
