"""`/v1/batches`: begun, looked at, listed, cancelled."""

from collections.abc import Callable, Collection
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hone.batches import vendor_prices
from hone.core import new_id
from hone.errors import CallError
from hone.local import House
from hone.project import Project
from hone.server._asgi import read_body
from hone.server._identity import identity_of
from hone.server.openai._files import expiry_of
from hone.server.openai._query import json, limit_of, one_of, owner_of, page_of
from hone.store import Batch, BatchCaller, BatchUsage

_DAY_NS = 86_400 * 1_000_000_000
_MOST = 100  # batches on a page
_TIMES = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")


class Expires(Struct):
    anchor: str
    seconds: int


class BatchBody(Struct, forbid_unknown_fields=True):
    """The body of `POST /v1/batches`."""

    input_file_id: str
    endpoint: str
    completion_window: str
    metadata: (
        Annotated[dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)]
        | None
    ) = None
    output_expires_after: Expires | None = None


class BatchDoors:
    """One method a route: parse, call the store, render."""

    def __init__(self, house: House, endpoints: Collection[str], begun: Callable[[], None]) -> None:
        """`begun` is called when there is something new to do, or to stop doing."""
        self._house = house
        self._endpoints = endpoints
        self._begun = begun

    async def create(self, request: Request) -> Response:
        asked = _asked(await read_body(request.scope, request.receive, self._house.project.server.max_body))
        one_of("completion_window", asked.completion_window, ("24h",))
        one_of("endpoint", asked.endpoint, list(self._endpoints))
        owner = owner_of(request)
        file = await run_in_threadpool(self._house.files.get, asked.input_file_id, owner)
        if file.purpose != "batch":
            raise CallError(f"the file {file.id} has the purpose {file.purpose!r}", hint="upload it as `batch`")
        kept, now = asked.output_expires_after, self._house.clock()
        who = identity_of(dict(request.headers))
        batch = Batch(
            id=f"batch_{new_id()}",
            owner=owner,
            caller=BatchCaller(user=who.user, session=who.session, tags=who.tags),
            endpoint=asked.endpoint,
            input_file=file.id,
            metadata=asked.metadata,
            output_seconds=None if kept is None else expiry_of(kept.anchor, kept.seconds),
            created=now,
            expires=now + _DAY_NS,
        )
        await run_in_threadpool(self._house.batches.begin, batch)
        self._begun()
        return self._answer(batch)

    async def list(self, request: Request) -> Response:
        asked = request.query_params
        found, more = await run_in_threadpool(
            self._house.batches.latest, owner_of(request), after=asked.get("after"), limit=limit_of(asked, 20, _MOST)
        )
        return json(page_of([_rendered(batch, self._house.project) for batch in found], more))

    async def retrieve(self, request: Request) -> Response:
        named = request.path_params["id"]
        return self._answer(await run_in_threadpool(self._house.batches.get, named, owner_of(request)))

    async def cancel(self, request: Request) -> Response:
        named = request.path_params["id"]
        batch = await run_in_threadpool(self._house.batches.cancel, named, owner_of(request))
        self._begun()
        return self._answer(batch)

    def _answer(self, batch: Batch) -> Response:
        return json(_rendered(batch, self._house.project))


def _asked(body: bytes) -> BatchBody:
    try:
        return msgspec.json.decode(body, type=BatchBody)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise CallError(f"the body is not a batch: {problem}") from None


def _rendered(batch: Batch, project: Project) -> dict[str, Any]:
    errors = {"object": "list", "data": msgspec.to_builtins(batch.errors)} if batch.errors else None
    reached = {f"{status}_at": _seconds(batch.times.get(status)) for status in _TIMES}
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.endpoint,
        "model": batch.models[0] if len(batch.models) == 1 else None,
        "errors": errors,
        "input_file_id": batch.input_file,
        "completion_window": "24h",
        "status": batch.status,
        "output_file_id": batch.output_file,
        "error_file_id": batch.error_file,
        "created_at": _seconds(batch.created),
        **reached,
        "expires_at": _seconds(batch.expires),
        "request_counts": {"total": batch.total, "completed": batch.completed, "failed": batch.failed},
        "usage": None if batch.usage is None else _usage(batch.usage),
        "metadata": batch.metadata,
        "hone": {"engine": "local", "vendor_batch_price": vendor_prices(project, batch.models)},
    }


def _usage(used: BatchUsage) -> dict[str, Any]:
    return {
        "input_tokens": used.input,
        "input_tokens_details": {"cached_tokens": used.cached},
        "output_tokens": used.output,
        "output_tokens_details": {"reasoning_tokens": used.reasoning},
        "total_tokens": used.input + used.output,
    }


def _seconds(at: int | None) -> int | None:
    return None if at is None else at // 1_000_000_000
