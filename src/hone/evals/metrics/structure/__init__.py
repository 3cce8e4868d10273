"""Evaluators of everything but the words: shape, time, money."""

_HERE = "hone.evals.metrics.structure"

NAMES: dict[str, str] = {
    "json-schema": f"{_HERE}._json:json_schema",
    "is-json": f"{_HERE}._json:is_json",
    "contains-json": f"{_HERE}._json:contains_json",
    "is-xml": f"{_HERE}._markup:is_xml",
    "contains-xml": f"{_HERE}._markup:contains_xml",
    "is-html": f"{_HERE}._markup:is_html",
    "contains-html": f"{_HERE}._markup:contains_html",
    "is-sql": f"{_HERE}._sql:is_sql",
    "contains-sql": f"{_HERE}._sql:contains_sql",
    "finish-reason": f"{_HERE}._call:finish_reason",
    "latency": f"{_HERE}._call:latency",
    "cost": f"{_HERE}._call:cost",
}
"""Evaluators by name, as `module:factory`."""
