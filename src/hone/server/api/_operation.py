"""One operation of the OpenAPI document: a method on a path, written down once."""

from typing import Any

import msgspec
from msgspec import Struct, field

from hone.server.api._shapes import Problem

JSON = "application/json"
_REF = "#/components/schemas/{name}"
_SAID = {
    400: "the request is not right: its sender's to mend",
    401: "no key, or one that is not valid",
    402: "a budget is spent",
    403: "the key, or the name that the server was asked by, is not for this",
    404: "nothing has that name",
    409: "it is not in the state for this",
    413: "over the size limit",
    429: "too many for now; `retry-after` says when to come back",
    500: "a fault inside hone, or a project file that is wrong",
    503: "the store or the main process cannot be reached, or takes no more for now",
    "4XX": "what the model's server had against the request, with its status",
    "5XX": "the model's server failed, or hone did",
}

Status = int | str


class Text(Struct):
    """An answer in plain text."""


class Parameter(Struct, frozen=True):
    """What stands in a path, a query or a header."""

    name: str
    where: str
    schema: dict[str, Any] = field(default_factory=lambda: {"type": "string"})
    about: str = ""

    def described(self) -> dict[str, Any]:
        about = {"description": self.about} if self.about else {}
        return {"name": self.name, "in": self.where, "required": self.where == "path", "schema": self.schema, **about}


class Operation(Struct, frozen=True, kw_only=True):
    """`answers` are the bodies of what went well, and `errors` the statuses of what did not, in the form of `problem`.

    `body` and the answers are types that are sent and read as JSON; `form` is the schema of a multipart body. An answer
    of `bytes` is those of a file, and of `events` there may be a stream instead of the whole.
    """

    method: str
    path: str
    summary: str
    answers: dict[int, Any]
    errors: tuple[Status, ...] = ()
    problem: type = Problem
    body: Any = None
    form: dict[str, Any] | None = None
    events: str | None = None
    parameters: tuple[Parameter, ...] = ()
    tag: str = "hone"
    open: bool = False  # to those without a key

    @property
    def types(self) -> list[Any]:
        """Those whose schemas it refers to."""
        named = [self.problem, self.body, *self.answers.values()]
        return [kind for kind in named if kind not in (None, bytes, Text)]

    def described(self) -> dict[str, Any]:
        """The OpenAPI object."""
        found: dict[str, Any] = {"tags": [self.tag], "summary": self.summary, "responses": self._responses()}
        if self.open:
            found["security"] = []
        if self.body is not None:
            found["requestBody"] = {"required": True, "content": {JSON: {"schema": _schema(self.body)}}}
        if self.form is not None:
            found["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": self.form}}}
        if self.parameters:
            found["parameters"] = [each.described() for each in self.parameters]
        return found

    def _responses(self) -> dict[str, Any]:
        kind = "application/problem+json" if self.problem is Problem else JSON
        told = {kind: {"schema": _schema(self.problem)}}
        went_well = {str(status): self._answer(body) for status, body in self.answers.items()}
        return went_well | {str(status): {"description": _SAID[status], "content": told} for status in self.errors}

    def _answer(self, body: Any) -> dict[str, Any]:
        if body is bytes:
            return {"description": "the bytes", "content": {"application/octet-stream": {}}}
        if body is Text:
            return {"description": "done", "content": {"text/plain": {"schema": {"type": "string"}}}}
        content: dict[str, Any] = {JSON: {"schema": _schema(body)}}
        if self.events:
            content["text/event-stream"] = {"schema": {"description": self.events}}
        return {"description": "done", "content": content}


def schemas_of(operations: list[Operation]) -> dict[str, Any]:
    """The components that operations refer to."""
    types = {str(kind): kind for operation in operations for kind in operation.types}
    return msgspec.json.schema_components(types.values(), ref_template=_REF)[1]


def _schema(kind: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components((kind,), ref_template=_REF)
    return schema
