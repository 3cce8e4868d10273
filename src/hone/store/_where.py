"""From a question to SQL conditions. The fragments are ours; every value is bound."""

from typing import Any

from hone.store._ask import EventQuery, ScoreQuery, SpanQuery
from hone.store._rows import EVENT, SCORE, SPAN, Kind

Query = SpanQuery | ScoreQuery | EventQuery

_EQUAL = (
    *("project", "environment", "task", "variant", "prompt", "model", "status", "kind", "name", "session", "user"),
    *("trace_id", "by", "target_kind", "subject"),
)
_AMONG = {"trace_ids": "trace_id", "span_ids": "span_id", "target_ids": "target_id", "ids": "id"}


def kind_of(query: Query) -> Kind:
    if isinstance(query, SpanQuery):
        return SPAN
    return SCORE if isinstance(query, ScoreQuery) else EVENT


def conditions(query: Query) -> tuple[list[str], dict[str, Any]]:
    """SQL conditions that must all hold, and their parameters."""
    kind = kind_of(query)
    given = {name: value for name in query.__struct_fields__ if (value := getattr(query, name)) is not None}
    found = [f'"{name}" = ${name}' for name in _EQUAL if name in given]
    found += [f'list_contains(${name}, "{column}")' for name, column in _AMONG.items() if name in given]
    if "error" in given:
        found.append("split_part(\"error\", ':', 1) = $error")
    if "since" in given:
        found.append(f'"{kind.time}" >= $since')
    if "until" in given:
        found.append(f'"{kind.time}" < $until')
    if "tag" in given:
        found.append("list_contains(tags, $tag)")
    if "without_tag" in given:
        found.append("NOT coalesce(list_contains(tags, $without_tag), false)")
    if given.get("roots_only"):
        found.append("parent_id IS NULL")
    parameters = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
    if query.before is not None:
        last = kind.key[-1]
        found.append(f'("{kind.time}" < $before_time OR ("{kind.time}" = $before_time AND "{last}" < $before_id))')
        # Said once more in a form that prunes files and row groups.
        found.append(f'"{kind.time}" <= $before_time')
        parameters["before_time"], parameters["before_id"] = parameters.pop("before")
    return found, {name: _bindable(value) for name, value in parameters.items()}


def _bindable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()  # a lone surrogate is stored nowhere, so it matches nothing
    if isinstance(value, list):
        return [_bindable(item) for item in value]
    return value
