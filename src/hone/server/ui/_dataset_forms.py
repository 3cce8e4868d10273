"""Changing a dataset on a page: an example takes another's place, is added or goes, unless the file has changed."""

from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hone.datasets import DatasetFile
from hone.errors import CallError, HoneError, NotFound
from hone.local import House, record
from hone.server.ui._dataset import DatasetPage, dataset, given_in
from hone.server.ui._dataset_checks import Checker, read
from hone.server.ui._example_form import example_from, sent_again
from hone.server.ui._face import Asked, json_of, page, wants_json
from hone.server.ui._posted import Fields, one, posted

_BY = "web"


class Changed(Struct, frozen=True, kw_only=True):
    """What the dataset is after a change; `id` is that of the example, None where it was taken out."""

    name: str
    id: str | None
    sha256: str
    examples: int


class DatasetForms:
    """One method a form. The id of an example is a field, since it may hold what a path cannot."""

    def __init__(self, house: House, checker: Checker) -> None:
        self._house = house
        self._view = dataset(house, checker)

    @property
    def routes(self) -> list[Route]:
        posts = {"/datasets/{name}/save": self.save, "/datasets/{name}/delete": self.delete}
        return [Route(path, post, methods=["POST"]) for path, post in posts.items()]

    async def save(self, request: Request) -> Response:
        """Add an example, or put it in the place of that of the field `id`.

        What is wrong with it is said beside the form, which comes back as it was sent.
        """
        name, fields = request.path_params["name"], await self._fields(request)
        try:
            changed = await run_in_threadpool(self._save, name, fields)
        except NotFound:
            raise
        except HoneError as problem:
            if wants_json(request):
                raise
            seen = await run_in_threadpool(self._again, name, fields, problem)
            status = problem.status if problem.status < 500 else 422
            return page(
                request, "dataset.html", self._house.project.name, status, seen=seen,
                here=f"/datasets/{name}", query=_query(fields),
            )  # fmt: skip
        return self._said(request, changed)

    async def delete(self, request: Request) -> Response:
        name, fields = request.path_params["name"], await self._fields(request)
        return self._said(request, await run_in_threadpool(self._delete, name, fields))

    def _save(self, name: str, fields: Fields) -> Changed:
        file, id, seen = self._file(name), one(fields, "id", ""), one(fields, "seen")  # noqa: A001
        old = given_in(file.read(), id) if id else None
        new = example_from(fields, old)
        if old is not None:
            file.replace(id, new, seen=seen)
        elif not file.add([new], seen=seen).added:
            raise CallError("an example with this input is there already")
        return self._changed(file, new.id or id or new.key[:16])

    def _delete(self, name: str, fields: Fields) -> Changed:
        file = self._file(name)
        file.delete(one(fields, "id"), seen=one(fields, "seen"))
        return self._changed(file, None)

    def _file(self, name: str) -> DatasetFile:
        """Only a dataset that is there: one that is not is made by an import, or grows from traces."""
        read(self._house, name)
        return DatasetFile(self._house.datasets, name)

    def _changed(self, file: DatasetFile, id: str | None) -> Changed:
        record(self._house, file, by=_BY)
        data = file.read()
        return Changed(name=file.name, id=id, sha256=data.sha256, examples=len(data))

    def _again(self, name: str, fields: Fields, problem: HoneError) -> DatasetPage:
        seen = self._view(Asked({"name": name}, {key: value for key, value in _state(fields).items() if value}))
        assert seen.form is not None
        said = f"{problem.message}: {problem.hint}" if problem.hint else problem.message
        return msgspec.structs.replace(seen, form=sent_again(seen.form, fields, said))

    def _said(self, request: Request, changed: Changed) -> Response:
        if wants_json(request):
            return json_of(changed)
        query = f"?{urlencode({'example': changed.id})}" if changed.id else ""
        return RedirectResponse(f"/datasets/{quote(changed.name, safe='')}{query}", 303)

    async def _fields(self, request: Request) -> Fields:
        return await posted(request, self._house.project.server.max_body)


def _state(fields: Fields) -> dict[str, str]:
    return {"example": one(fields, "id", ""), "edit": one(fields, "edit", "fields")}


def _query(fields: Fields) -> str:
    return f"?{urlencode(_state(fields))}"
