"""`/v1/models`: what a caller may ask for, and what is known of it."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from hone.errors import HoneError, UnknownModel
from hone.gateway import Gateway, Key
from hone.models import Prices
from hone.project import Project, Task
from hone.server._asgi import Receive, Scope, Send, send_body
from hone.server._fields import MAX_NAME
from hone.server.openai._errors import error_body

MODELS_UNDER = "/v1/models/"


class ModelsDoor:
    """`GET /v1/models`, and `GET /v1/models/{id}` of any name that can be called. An id may hold slashes."""

    def __init__(self, project: Callable[[], Project], gateway: Gateway, prices: Prices, created: int) -> None:
        """`created` is in seconds since the epoch: when this server learned of them."""
        self._project = project
        self._gateway = gateway
        self._prices = prices
        self._created = created

    async def every(self, scope: Scope, _: Receive, send: Send) -> None:
        # The price list is read where it is first asked for, which takes a quarter of a second.
        await send_body(send, 200, await asyncio.to_thread(self._list, scope.get("hone.key")))

    async def one(self, scope: Scope, _: Receive, send: Send) -> None:
        name = scope["path"].removeprefix(MODELS_UNDER)
        try:
            self._check(name, scope.get("hone.key"))
            await send_body(send, 200, await asyncio.to_thread(self._one, name))
        except HoneError as error:
            await send_body(send, error.status, error_body(error))

    def _allows(self, key: Key | None, name: str) -> bool:
        """What a key may not ask for is not shown to those who hold it."""
        task = name.partition("@")[0]
        return key is None or key.allows(task if task in self._project().tasks else None, name)

    def _check(self, name: str, key: Key | None) -> None:
        """
        Raises:
            UnknownModel: nothing has that name.
        """
        if len(name) > MAX_NAME:
            raise UnknownModel(f"no name here is over {MAX_NAME} characters")
        if not self._allows(key, name):
            raise UnknownModel(f"no task or model named {name!r}")
        if name not in self._gateway.models():
            self._gateway.resolve(name)

    def _list(self, key: Key | None) -> bytes:
        names = [name for name in self._gateway.models() if self._allows(key, name)]
        found = [self._entry(name) for name in names]
        return msgspec.json.encode({"object": "list", "data": found})

    def _one(self, name: str) -> bytes:
        return msgspec.json.encode(self._entry(name))

    def _entry(self, name: str) -> dict[str, Any]:
        task, _, selector = name.partition("@")
        found = self._project().tasks.get(task)
        known = self._model(name) if found is None else self._task(found, selector)
        return {"id": name, "object": "model", "created": self._created, "owned_by": "hone", "hone": known}

    def _task(self, task: Task, selector: str) -> dict[str, Any]:
        """A task is described by the model that all its variants ask first; where they differ, by none."""
        variant = task.variants.get(selector)
        chains = {each.models for each in ([variant] if variant else task.variants.values())}
        firsts = {chain[:1] for chain in chains}
        first = firsts.pop() if len(firsts) == 1 else ()
        return {
            **(self._model(first[0]) if first else _NOTHING),
            "kind": "variant" if variant else "task",
            "models": chains.pop() if len(chains) == 1 else None,
            "input": task.input if isinstance(task.input, dict) else None,
            "privacy": task.privacy,
        }

    def _model(self, name: str) -> dict[str, Any]:
        """Of several deployments the first is described, for they are meant to be one model."""
        balanced = self._project().balanced.get(name)
        model = self._gateway.model(next(iter(balanced.weights)) if balanced else name)
        known = self._prices.known(model.provider, model.name, model.price)
        return {
            "kind": "model",
            "provider": model.provider,
            "model": model.name,
            "price": known.price,
            "context_window": known.context_window,
            "privacy": model.privacy,
        }


_NOTHING = dict.fromkeys(("provider", "model", "price", "context_window"))
