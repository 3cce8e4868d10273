"""How an answer is to be made: parameters of the OpenAI dialect as the `generationConfig` of the Gemini API."""

from typing import Any

from msgspec import Struct

from hone.errors import CallError

_BUDGETS = {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576}
"""Tokens of thinking for models that are told a number: what the vendor's own compatibility layer sets."""

_THOUGHTLESS = ("gemini-1", "gemini-2.0", "gemma-3")
_BUDGETED = ("gemini-2.5",)


class Settings(Struct, kw_only=True):
    """The parameters that have a counterpart."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    n: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    reasoning_effort: str | None = None
    response_format: dict[str, Any] | None = None
    generationConfig: dict[str, Any] | None = None  # noqa: N815 - the vendor's own, which wins


def config_of(asked: Settings, model: str) -> dict[str, Any]:
    """
    Raises:
        CallError: more than one answer is asked for.
    """
    own = asked.generationConfig or {}
    count = own.get("candidateCount", asked.n)
    if count not in (None, 1):
        raise CallError(f"the Gemini API gives one choice, not n = {count}")
    limits = (asked.max_completion_tokens, asked.max_tokens)
    thinking = _thinking(model.rpartition("/")[2], asked.reasoning_effort, own.get("thinkingConfig"))
    config = {
        "temperature": asked.temperature,
        "topP": asked.top_p,
        "topK": asked.top_k,
        "maxOutputTokens": next((limit for limit in limits if limit is not None), None),
        "stopSequences": [asked.stop] if isinstance(asked.stop, str) else asked.stop or None,
        "seed": asked.seed,
        "presencePenalty": asked.presence_penalty,
        "frequencyPenalty": asked.frequency_penalty,
        **_format(asked.response_format or {}),
    }
    return {name: value for name, value in (config | own | thinking).items() if value is not None}


def _format(wanted: dict[str, Any]) -> dict[str, Any]:
    match wanted.get("type"):
        case "json_object":
            return {"responseMimeType": "application/json"}
        case "json_schema":
            described = wanted.get("json_schema")
            schema = schema_of(described.get("schema")) if isinstance(described, dict) else None
            return {"responseMimeType": "application/json", "responseJsonSchema": schema}
    return {}


def schema_of(given: Any) -> Any:
    """A JSON schema as the API takes it: without the address of the standard it is written in."""
    return {name: value for name, value in given.items() if name != "$schema"} if isinstance(given, dict) else given


def _thinking(model: str, effort: str | None, own: Any) -> dict[str, Any]:
    """How much to think: a number for some models, a word for later ones. What the vendor's own field says stands."""
    own = own if isinstance(own, dict) else {}
    if effort is None or model.startswith(_THOUGHTLESS) or own.keys() & {"thinkingBudget", "thinkingLevel"}:
        return {"thinkingConfig": own} if own else {}
    if not model.startswith(_BUDGETED):
        # Thinking cannot be turned off there; the least of it is the nearest to `none`.
        level = "MINIMAL" if effort == "none" else effort.upper()
        return {"thinkingConfig": own | {"thinkingLevel": level}}
    if effort not in _BUDGETS:
        raise CallError(f"no model of the Gemini API knows the reasoning_effort {effort!r}")
    return {"thinkingConfig": own | {"thinkingBudget": _BUDGETS[effort]}}
