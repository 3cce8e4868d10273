"""Evaluators of a trace: how many spans, how long, how many of them failed; and how many steps an agent took."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any

from hone.core import Span, to_json
from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._measured import Verdict, no_option, only, verdict
from hone.evals.metrics.agents._steps import Step, shown, steps
from hone.evals.metrics.agents._wanted import Wanted, bounds, glob

_MS = 1_000_000  # nanoseconds
_NO_TRACE = "no spans came with the answer"
_KINDS = {"message": "llm", "search": "retrieval"}  # promptfoo's words for ours
_WORST = 3  # spans that an explanation names


def span_count(given: Given) -> Evaluator:
    """Right when so many spans have a name that fits: `{"pattern": "*retrieve*", "min": 1, "max": 4}`."""
    value = _value("trace-span-count", given, "pattern", "min", "max")
    least, most = bounds("trace-span-count", value)
    wish = Wanted(pattern=value.get("pattern", "*"), least=least, most=most)

    def find(spans: Sequence[Span]) -> Verdict:
        count = sum(wish.fits(span.name) for span in spans)
        return wish.allows(count), f"{count} spans fit {wish.shown}, {wish.often} are wanted"

    return _of_spans("trace-span-count", given, find)


def span_duration(given: Given) -> Evaluator:
    """Right when no span takes longer than `max` milliseconds, or the `percentile` (of 0 to 100) of them does not.

    `pattern` says which spans count. The percentile is by nearest rank: the smallest duration that at least so many
    per cent of the spans do not exceed. No span that fits is no span that is slow.
    """
    name = "trace-span-duration"
    value = _value(name, given, "pattern", "max", "percentile")
    longest, percentile = _number(name, value, "max"), _number(name, value, "percentile", usual=100.0)
    if not 0 <= percentile <= 100:
        raise CallError(f"{name} has no percentile {percentile:g}", hint="between 0 and 100")
    pattern = value.get("pattern", "*")

    def find(spans: Sequence[Span]) -> Verdict:
        found = sorted((span for span in spans if glob(pattern, span.name)), key=lambda span: span.duration)
        if not found:
            return True, f"no span fits {pattern}"
        took = found[max(0, ceil(percentile / 100 * len(found)) - 1)].duration / _MS
        slowest = ", ".join(f"{each.name} {each.duration / _MS:.0f} ms" for each in reversed(found[-_WORST:]))
        return took <= longest, f"{took:.0f} ms, at most {longest:g} are asked for; slowest of {len(found)}: {slowest}"

    return _of_spans(name, given, find)


def error_spans(given: Given) -> Evaluator:
    """Right when at most `max_count` spans failed, or `max_percentage` of them; none, when nothing is said.

    A number alone is `max_count`; `pattern` says which spans count.
    """
    name = "trace-error-spans"
    plain = isinstance(given.value, int | float) and not isinstance(given.value, bool)
    value = {"max_count": given.value} if plain else _value(name, given, "pattern", "max_count", "max_percentage")
    share = _number(name, value, "max_percentage", usual=100.0)
    most = _number(name, value, "max_count", usual=float("inf") if "max_percentage" in value else 0.0)
    pattern = value.get("pattern", "*")

    def find(spans: Sequence[Span]) -> Verdict:
        found = [span for span in spans if glob(pattern, span.name)]
        failed = [span for span in found if span.status == "error"]
        if not failed:
            return True, None
        fine = len(failed) <= most and 100 * len(failed) / len(found) <= share
        named = "; ".join(f"{each.name}: {each.error or 'error'}" for each in failed[:_WORST])
        return fine, f"{len(failed)} of {len(found)} spans failed: {named}"

    return _of_spans(name, given, find)


def step_count(given: Given) -> Evaluator:
    """Right when an agent took so many steps: `{"type": "tool", "pattern": "search_*", "min": 1, "max": 5}`.

    `type` is a span's kind (tool, llm, retrieval ...), or promptfoo's word for one: message, search, span (any), and
    command, a tool that runs a command.
    """
    name = "trajectory:step-count"
    value = _value(name, given, "type", "pattern", "name", "min", "max")
    kind, named = value.get("type"), value.get("name")
    least, most = bounds(name, value)
    wish = Wanted(pattern=None if named else value.get("pattern", "*"), name=named, least=least, most=most)
    if wish.least is None and wish.most is None:
        raise CallError(f"{name} needs a number of steps", hint='{"type": "tool", "max": 5}')

    def find(_: Example, answer: Answer) -> Verdict:
        found = [each for each in steps(answer) if _is(each, kind) and wish.fits(each.name)]
        return wish.allows(len(found)), f"{len(found)} steps, {wish.often} are wanted: {shown(found)}"

    return verdict(name, given, find)


def _is(step: Step, kind: Any) -> bool:
    if kind in (None, "span"):
        return True
    return step.is_command if kind == "command" else step.kind == _KINDS.get(kind, kind)


def _of_spans(name: str, given: Given, find: Callable[[Sequence[Span]], Verdict]) -> Evaluator:
    no_option(name, given)
    only(name, given)

    def judge(_: Example, answer: Answer) -> Verdict:
        spans = () if answer.spans is None else answer.spans()
        return find(spans) if spans else (False, _NO_TRACE)

    return verdict(name, given, judge)


def _value(name: str, given: Given, *known: str) -> Mapping[str, Any]:
    value = {} if given.value is None else given.value
    if not isinstance(value, Mapping):
        raise CallError(f"{name} has an object as its value, not {to_json(value)}", hint=f"with {', '.join(known)}")
    if strange := [key for key in value if key not in known]:
        raise CallError(f"{name} has no key `{strange[0]}`", hint=f"it has: {', '.join(known)}")
    for key in ("pattern", "name", "type"):
        if not isinstance(value.get(key, ""), str):
            raise CallError(f"the {key} of {name} is no text: {to_json(value[key])}")
    return value


def _number(name: str, value: Mapping[str, Any], key: str, *, usual: float | None = None) -> float:
    found = value.get(key, usual)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise CallError(f"{name} needs a number for `{key}`, not {to_json(found)}", hint=f'"value": {{"{key}": 5}}')
    return float(found)
