"""`hone.run` and `hone.score`, and their async forms."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from hone.client._connection import RunRequest, connection
from hone.client._reply import Reply
from hone.client._spans import current_context
from hone.errors import CallError


def run(
    task: str,
    input: str | Mapping[str, Any] | None = None,
    /,
    *,
    session: str | None = None,
    user: str | None = None,
    tags: Iterable[str] = (),
    **inputs: Any,
) -> Reply:
    """Run a task: `hone.run("answer", question="Where is my parcel?")`.

    Inputs are given by name; as one mapping, when a name is taken by a parameter; or as one text, for a task that takes
    one string. `task` may be `answer@concise`, a model's alias or `provider/name`.

    Raises:
        hone.errors.HoneError: what went wrong and whose move it is.
    """
    return connection().run(_request(task, input, inputs, session, user, tags))


async def arun(
    task: str,
    input: str | Mapping[str, Any] | None = None,
    /,
    *,
    session: str | None = None,
    user: str | None = None,
    tags: Iterable[str] = (),
    **inputs: Any,
) -> Reply:
    """`run` for async code."""
    return await connection().arun(_request(task, input, inputs, session, user, tags))


def score(
    target: Reply | str | Mapping[str, str],
    name: str,
    value: bool | float | str,
    *,
    by: str = "user",
    comment: str | None = None,
    id: str | None = None,
) -> str:
    """Judge a reply, a trace or span by its id, or `{"session": id}`. Returns the score's id when it is durable.

    The same `id` sent twice is kept once.

    Raises:
        CallError: the score is not well formed.
    """
    aim: Any = target
    if isinstance(target, Reply):
        aim = {"span": target.span_id}
    return connection().score({"target": aim, "name": name, "value": value, "by": by, "comment": comment, "id": id})


async def ascore(
    target: Reply | str | Mapping[str, str],
    name: str,
    value: bool | float | str,
    *,
    by: str = "user",
    comment: str | None = None,
    id: str | None = None,
) -> str:
    """`score` for async code."""
    return await asyncio.to_thread(score, target, name, value, by=by, comment=comment, id=id)


def flush(timeout: float = 10.0) -> bool:
    """Wait until all spans so far are durable. False if that took longer than `timeout` seconds."""
    return connection().flush(timeout)


def _request(
    task: str,
    input: str | Mapping[str, Any] | None,
    inputs: dict[str, Any],
    session: str | None,
    user: str | None,
    tags: Iterable[str],
) -> RunRequest:
    if isinstance(input, str) and inputs:
        raise CallError("inputs are given as one text or by name, not both")
    return RunRequest(
        task=task,
        input=None if isinstance(input, str) else {**(input or {}), **inputs},
        text=input if isinstance(input, str) else None,
        session=session,
        user=user,
        tags=tuple(tags),
        trace=current_context(),
    )
