"""What the answers of a call must keep to: JSON, mostly with a schema, as caller, task or prompt ask for it."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from hone.core import Schema, SchemaProblem, compiled, is_strict, known, to_json
from hone.errors import CallError, ProjectError
from hone.gateway._call import Call
from hone.gateway._route import Route
from hone.providers import Format, enforces

FIELD = "response_format"

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]")
_ANY_OBJECT = b'{"type":"object"}'


class Contract(Struct, frozen=True, kw_only=True):
    """`always`: whoever answers; else only those answers are looked at whose provider does not see to it itself."""

    kind: Format
    schema: Schema
    always: bool
    asked: bool  # the caller asked for it: a stream that does not fit ends in an error
    repairs: int  # how often a model is asked again

    def concerns(self, provider: str) -> bool:
        return self.always or not enforces(provider, self.kind)


def wish(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The `response_format` that asks for answers with this schema."""
    named = _NOT_IN_A_NAME.sub("_", name)[:64]
    return {"type": "json_schema", "json_schema": {"name": named, "schema": schema, "strict": is_strict(schema)}}


async def contract_of(
    call: Call, route: Route, fields: Mapping[str, Raw], own: Mapping[str, Any], *, promised: bool
) -> Contract | None:
    """None where nothing is to be checked. `own` are parameters of ours; `promised`: the task has an output.

    Raises:
        CallError: the caller's schema is none, or there is nothing that could be checked.
        ProjectError: the project's schema is none.
    """
    if call.validate is False:
        return None
    said = msgspec.json.decode(fields[FIELD]) if FIELD in fields else own.get(FIELD)
    wanted = said if isinstance(said, dict) else {}
    kind = wanted.get("type")
    if kind not in ("json_schema", "json_object"):
        if call.validate:
            raise CallError(
                "there is nothing to validate: the call has no `response_format` with a JSON Schema",
                hint="send one, or give the task an `output`",
            )
        return None
    always = bool(call.validate) or promised
    if not always and all(enforces(model.provider, kind) for model in route.chain):
        return None
    task = route.task
    try:
        schema = await _schema(wanted)
    except SchemaProblem as problem:
        place = f"{FIELD}.json_schema.schema{problem.path[1:]}"
        if FIELD in fields:
            raise CallError(f"the JSON Schema of the call is wrong: {problem.message} ({place})") from None
        of = f"the task {task.name!r}" if task else "the call"
        raise ProjectError(f"the JSON Schema of {of} is wrong: {problem.message} ({place})") from None
    return Contract(
        kind=kind, schema=schema, always=always, asked=bool(call.validate), repairs=task.repairs if task else 1
    )


async def _schema(wanted: Mapping[str, Any]) -> Schema:
    document = _ANY_OBJECT
    if wanted["type"] == "json_schema":
        described = wanted.get("json_schema")
        document = to_json(described.get("schema") if isinstance(described, dict) else None).encode()
    # Compiling takes milliseconds, and a large one many of them.
    if (schema := known(document)) is not None:
        return schema
    return await asyncio.to_thread(compiled, document)
