"""From a call to the body that goes to a model: input, knowledge, prompt, parameters."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec import Raw, Struct

from hone.core import Clock, Passage
from hone.errors import ProjectError
from hone.gateway._call import Call
from hone.gateway._contract import FIELD, Contract, contract_of, wish
from hone.gateway._input import Message, messages_of, split_input
from hone.gateway._route import Route
from hone.gateway._spans import Story
from hone.project import Variant

Search = Callable[[Variant, str], tuple[Sequence[Passage], str | None]]
"""Passages for a query, as the variant's knowledge, search, k and threshold say, best first; and the id of the snapshot
that was searched."""


class Prompt(Protocol):
    """What the gateway uses of a prompt."""

    @property
    def sha256(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def tools(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def output(self) -> Mapping[str, Any] | None: ...
    def render(self, **values: Any) -> list[Message]: ...


Prompts = Callable[[str, int | None], Prompt]
"""The prompt of a name: the project's file, or the version of that number."""

_LIMITS = ("max_tokens", "max_completion_tokens")
_SENT_BY_US = {"model", "hone"}


class Prepared(Struct, kw_only=True):
    """What is to be sent. `fields` are the caller's, with messages and parameters put in; `model` comes later."""

    fields: dict[str, Raw]
    own: dict[str, Any]  # parameters of prompt and variant, weaker than the caller's
    values: dict[str, Any] | None = None
    contract: Contract | None = None  # what the answer is held to
    unknown: bool = False  # a threshold is set and no passage reaches it: the answer is "I don't know"


class Preparer:
    """Prepares calls with the rooms it was given."""

    def __init__(self, prompts: Prompts, search: Search, clock: Clock) -> None:
        self._prompts = prompts
        self._search = search
        self._clock = clock

    async def prepare(self, call: Call, route: Route, story: Story) -> Prepared:
        """
        Raises:
            CallError: the input does not fit the task, or the schema of the output is none.
            ProjectError: the task is not set up right, or its prompt cannot be rendered.
        """
        prepared, promised = await self._prepared(call, route, story)
        prepared.contract = await contract_of(call, route, prepared.fields, prepared.own, promised=promised)
        return prepared

    async def _prepared(self, call: Call, route: Route, story: Story) -> tuple[Prepared, bool]:
        """What is to be sent, and whether the task or its prompt has an output."""
        fields = {name: raw for name, raw in call.fields.items() if name not in _SENT_BY_US}
        messages = messages_of(call)
        if route.task is None or route.variant is None:
            return Prepared(fields=fields, own={}), False
        if route.variant.flow is not None:
            raise ProjectError(f"the variant {route.variant.name!r} is a flow, and flows cannot be served yet")
        values, earlier = split_input(route.task, call, messages)
        passages = await self._retrieve(route.variant, values, story)
        own = dict(route.variant.parameters)
        output: Mapping[str, Any] | None = route.task.schema
        if route.variant.prompt is None:
            turns = messages if call.input is None else [*earlier, _as_turn(values)]
        else:
            prompt = self._prompts(route.variant.prompt, route.prompt_version)
            story.prompt_version = prompt.sha256
            rendered = prompt.render(**values, **({} if passages is None else {"context": passages}))
            tools = {"tools": prompt.tools} if prompt.tools else {}
            turns, own = _join(rendered, earlier), {**tools, **prompt.parameters, **own}
            output = output or prompt.output
        if output is not None:
            own.setdefault(FIELD, wish(output, route.task.name))
        fields["messages"] = Raw(msgspec.json.encode(turns))
        unknown = route.variant.threshold is not None and passages is not None and not passages
        return Prepared(fields=fields, own=own, values=values, unknown=unknown), output is not None

    async def _retrieve(self, variant: Variant, values: dict[str, Any], story: Story) -> Sequence[Passage] | None:
        if not variant.knowledge:
            return None
        query = "\n".join(value for value in values.values() if isinstance(value, str))
        start = self._clock()
        # A search is some milliseconds of pure CPU; the streams of other callers go on meanwhile.
        passages, snapshot = await asyncio.to_thread(self._search, variant, query)
        story.retrieval(
            variant.knowledge,
            query,
            start=start,
            end=self._clock(),
            found=passages,
            attributes={
                "search": variant.search,
                "k": variant.k,
                "threshold": variant.threshold,
                "snapshot": snapshot,
            },
        )
        return passages


def body_for(prepared: Prepared, model_name: str, parameters: Mapping[str, Any], *, stream: bool) -> dict[str, Raw]:
    """The request for one model. The caller's parameters win over the variant's, and those over the model's."""
    weaker = _without_limits({**parameters, **prepared.own}, prepared.fields)
    body = {name: Raw(msgspec.json.encode(value)) for name, value in weaker.items()} | prepared.fields
    body["model"] = Raw(msgspec.json.encode(model_name))
    if stream:
        options = _options(body.get("stream_options"))
        body["stream_options"] = Raw(msgspec.json.encode(options | {"include_usage": True}))
    return body


def _without_limits(weaker: dict[str, Any], fields: Mapping[str, Raw]) -> dict[str, Any]:
    """A caller who bounds the answer under one of its two names does not want the other; OpenAI refuses both."""
    given = any(name in fields for name in _LIMITS)
    return {name: value for name, value in weaker.items() if name not in _LIMITS} if given else weaker


def wants_usage(call: Call) -> bool:
    """Did the caller ask for the usage event of a stream?"""
    return bool(_options(call.fields.get("stream_options")).get("include_usage"))


def _options(raw: Raw | None) -> dict[str, Any]:
    value = None if raw is None else msgspec.json.decode(raw)
    return value if isinstance(value, dict) else {}


def _as_turn(values: dict[str, Any]) -> Message:
    """A task without a prompt says its input as it is: one string plainly, several as JSON."""
    only = next(iter(values.values())) if len(values) == 1 else None
    return {"role": "user", "content": only if isinstance(only, str) else msgspec.json.encode(values).decode()}


def _join(rendered: list[Message], earlier: list[Message]) -> list[Message]:
    """Earlier turns of the conversation stand before the last user turn of the prompt."""
    users = [position for position, message in enumerate(rendered) if message["role"] == "user"]
    at = users[-1] if users else len(rendered)
    return [*rendered[:at], *earlier, *rendered[at:]]
