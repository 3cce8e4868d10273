"""`/v1/files`: what callers upload, and what batches have made."""

import asyncio
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response

from hone.errors import CallError, NotFound
from hone.project import Server
from hone.server.openai._query import deleted, json, limit_of, number_of, one_of, owner_of, page_of
from hone.server.openai._upload import Form, receive
from hone.store import File, StoredFiles

PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
_MOST = 10_000  # files on a page
_EXPIRES = (3600, 2_592_000)  # seconds, as with OpenAI


class FileDoors:
    """One method a route: parse, call the store, render."""

    def __init__(self, files: StoredFiles, settings: Server) -> None:
        self._files = files
        self._settings = settings

    async def create(self, request: Request) -> Response:
        upload = await run_in_threadpool(self._files.new)
        try:
            kind = request.headers.get("content-type", "")
            form = await receive(request.stream(), kind, upload, self._settings.max_file)
            name, purpose, seconds = _told(form)
            file = await run_in_threadpool(self._files.add, upload, name, purpose, owner_of(request), seconds)
        except ClientDisconnect:
            raise CallError("the caller left before the file was complete") from None
        finally:
            await asyncio.shield(run_in_threadpool(upload.drop))
        return json(_rendered(file))

    async def list(self, request: Request) -> Response:
        asked = request.query_params
        order = one_of("order", asked.get("order", "desc"), ("asc", "desc"))
        found, more = await run_in_threadpool(
            self._files.latest, owner_of(request), purpose=asked.get("purpose"), after=asked.get("after"),
            limit=limit_of(asked, _MOST, _MOST), oldest_first=order == "asc",
        )  # fmt: skip
        return json(page_of([_rendered(file) for file in found], more))

    async def retrieve(self, request: Request) -> Response:
        return json(_rendered(await self._named(request)))

    async def content(self, request: Request) -> Response:
        file = await self._named(request)
        path = self._files.path(file.id)
        if not path.is_file():
            raise NotFound(f"the bytes of the file {file.id} are gone")
        return FileResponse(path, media_type="application/octet-stream", filename=file.name)

    async def delete(self, request: Request) -> Response:
        named = request.path_params["id"]
        await run_in_threadpool(self._files.remove, named, owner_of(request))
        return json(deleted(named, "file"))

    async def _named(self, request: Request) -> File:
        return await run_in_threadpool(self._files.get, request.path_params["id"], owner_of(request))


def _told(form: Form) -> tuple[str, str, int | None]:
    """Name, purpose, and for how many seconds it is kept."""
    if form.name is None:
        raise CallError("`file` is missing")
    if "purpose" not in form.fields:
        raise CallError("`purpose` is missing", hint=f"it is one of {', '.join(PURPOSES)}")
    purpose = one_of("purpose", form.fields["purpose"], PURPOSES)
    return form.name[:255], purpose, expiry_of(form.fields.get("expires_after[anchor]"),
                                               form.fields.get("expires_after[seconds]"))  # fmt: skip


def expiry_of(anchor: Any, seconds: Any) -> int | None:
    """
    Raises:
        CallError: it is none.
    """
    if anchor is None and seconds is None:
        return None
    if anchor != "created_at":
        raise CallError(f"`anchor` is {anchor!r}; there is created_at")
    least, most = _EXPIRES
    found = number_of(str(seconds))
    if not least <= found <= most:
        raise CallError(f"`seconds` is {seconds!r}; it is a number from {least:,} to {most:,}")
    return found


def _rendered(file: File) -> dict[str, Any]:
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.bytes,
        "created_at": file.created // 1_000_000_000,
        "expires_at": None if file.expires is None else file.expires // 1_000_000_000,
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
        "status_details": None,
    }
