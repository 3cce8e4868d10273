"""Where the answer to a call stands in the cache: a hash over all that the answer depends on, and for how long."""

import hashlib
from typing import Any

import msgspec
from msgspec import Raw, Struct

from hone.errors import CallError
from hone.gateway._call import Call
from hone.gateway._input import messages_of, split_input
from hone.gateway._prepare import Prepared, body_for
from hone.gateway._route import Route
from hone.gateway._spans import Story
from hone.project import duration
from hone.providers import Model

_FORMAT = 1  # of what is hashed and kept; another one finds nothing of this one
_LONGEST = 30 * 86_400.0  # seconds that a caller may ask for
# Who asks, and how the answer is sent: the same question all the same.
_BESIDE = {"user", "metadata", "safety_identifier", "prompt_cache_key", "stream", "stream_options"}


class Alike(Struct, frozen=True):
    """`scope` is equal for calls that differ in their question alone; one with a cosine of `least` will do."""

    scope: str
    question: str
    least: float


class Place(Struct, frozen=True, kw_only=True):
    """`address` is equal for calls that would be answered alike. `body` is what would be sent, for the span."""

    address: str
    environment: str
    task: str  # empty for a plain model call
    model: Model
    body: dict[str, Raw]
    seconds: float
    alike: Alike | None = None


def place_of(project: str, call: Call, route: Route, prepared: Prepared, story: Story) -> Place | None:
    """None where nothing may be kept. `story` knows which prompt was rendered, and which knowledge was searched.

    Answers stand at the first model of the chain: what a fallback says is never taken for it.
    """
    seconds = lifetime(call, route)
    if seconds is None or not route.chain:
        return None
    model = route.chain[0]
    body = body_for(prepared, model.name, model.parameters, stream=False)
    if _samples(body) != 1:
        return None
    asked = {name: msgspec.json.decode(raw) for name, raw in body.items() if name not in _BESIDE}
    # Headers that go on to the model change what it does, as Anthropic's betas do.
    around = [*_around(project, call, route, model, story.prompt_version), *([call.headers] if call.headers else [])]
    return Place(
        address=digest([*around, asked]),
        environment=route.environment,
        task=route.task.name if route.task else "",
        model=model,
        body=body,
        seconds=seconds,
        alike=_alike(call, route, prepared, story, [*around, asked]),
    )


def _alike(call: Call, route: Route, prepared: Prepared, story: Story, parts: list[Any]) -> Alike | None:
    task, values = route.task, prepared.values
    if task is None or task.cache_similarity is None or values is None or task.question is None:
        return None
    _, earlier = split_input(task, call, messages_of(call))
    rest = {name: value for name, value in values.items() if name != task.question}
    searched = [span.attributes.get("snapshot") for span in story.spans if span.kind == "retrieval"]
    variant = route.variant.name if route.variant else None
    *around, asked = parts
    others = {name: value for name, value in asked.items() if name != "messages"}
    scope = digest([*around, variant, others, earlier, rest, searched])
    return Alike(scope, str(values[task.question]), task.cache_similarity)


def place_of_vectors(project: str, call: Call, route: Route) -> Place | None:
    """The same for embeddings."""
    seconds, model = lifetime(call, route), route.chain[0]
    if seconds is None:
        return None
    body = {name: raw for name, raw in call.fields.items() if name != "hone"}
    asked = {name: msgspec.json.decode(raw) for name, raw in body.items() if name not in _BESIDE}
    parts = [*_around(project, call, route, model, None), "embeddings", model.parameters, asked]
    return Place(address=digest(parts), environment=route.environment, task="", model=model, body=body, seconds=seconds)


def lifetime(call: Call, route: Route) -> float | None:
    """How old an answer may be, in seconds; None where none may be kept.

    What is marked as private is kept only if hone.toml says so: a caller cannot ask for it. Of two times the shorter
    counts.
    """
    if call.cache is False:
        return None
    own = route.task.cache if route.task else None
    if own is None:
        return None if _mark(route) is not None else call.cache
    return own if call.cache is None else min(own, call.cache)


def wished(value: str | bool | None) -> float | bool | None:
    """What a caller says of the cache: "1h", or false for none of it.

    Raises:
        CallError: it is neither.
    """
    if value is None or value is False:
        return value
    try:
        seconds = duration(value) if isinstance(value, str) else 0.0
    except ValueError as problem:
        raise CallError(f"`hone.cache`: {problem}") from None
    if not 0 < seconds <= _LONGEST:
        raise CallError(f"`hone.cache` is {value!r}", hint='a time up to "30d", or false')
    return seconds


def digest(parts: Any) -> str:
    """SHA-256 of plain values; the order of the keys of an object does not count."""
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


def _around(project: str, call: Call, route: Route, model: Model, prompt: str | None) -> list[Any]:
    """All that an answer depends on, but for what is asked.

    Callers share the answers of a task that is not private. Anything else, a key has for itself: the answers to plain
    model calls are as different as the applications behind them, and nobody learns what others have asked.
    """
    mark = _mark(route)
    task = route.task.name if route.task else None
    alone = route.task is None or mark is not None
    key = call.key.name if call.key and alone else None
    return [_FORMAT, project, route.environment, task, mark, key, model.provider, model.name, model.base_url, prompt]


def _mark(route: Route) -> str | None:
    return route.task.privacy if route.task else route.chain[0].privacy


def _samples(body: dict[str, Raw]) -> int:
    asked = msgspec.json.decode(body["n"]) if "n" in body else None
    return asked if isinstance(asked, int) else 1
