"""The filter of traces as text: `task:answer status:error helpful:false -tag:eval since:24h late parcel`.

One wording for the page, the command line and a shared link. What has no meaning is pointed at instead of ignored: a
filter that silently matches everything answers another question than the one that was asked.
"""

import difflib
import re
from collections.abc import Collection
from typing import Any, get_args

from hone.core import SpanStatus
from hone.errors import CallError
from hone.project import duration
from hone.traces._traces import TraceFilter

_KEYS = ("task", "variant", "model", "error", "session", "user", "tag")
_STATUS = get_args(SpanStatus)
_WORD = re.compile(r'(?:(-tag|[A-Za-z_][\w.-]*):)?(?:"([^"]*)"|(\S+))')


def filter_from(text: str, metrics: Collection[str] = (), *, now: int) -> TraceFilter:
    """The filter that `text` words. `metrics` are the names that may be asked for as `name:value`; `now` is in ns.

    Raises:
        CallError: a word has no meaning; the message points at it.
    """
    given: dict[str, Any] = {}
    words: list[str] = []
    for found in _WORD.finditer(text):
        key, value = found[1], found[2] if found[2] is not None else found[3]
        if key is None:
            words.append(value)
            continue
        name, meant = _meaning(key, value, metrics, now, lambda said, hint, at=found: _wrong(text, at, said, hint))
        if name in given:
            raise _wrong(text, found, f"the filter says {key}: twice", "one of each; a second search finds the rest")
        given[name] = meant
    return TraceFilter(**given, words=" ".join(words) or None)


def wording(**parts: str | None) -> str:
    """The text of a filter, for links: `wording(task="answer", status="error")`. What is None is left out."""
    return " ".join(f"{key}:{_quoted(value)}" for key, value in parts.items() if value is not None)


def _meaning(key: str, value: str, metrics: Collection[str], now: int, wrong: Any) -> tuple[str, Any]:
    if key in _KEYS:
        return key, value
    if key == "-tag":
        return "without_tag", value
    if key == "status":
        if value not in _STATUS:
            raise wrong(f"there is no status {value!r}", f"one of {', '.join(_STATUS)}")
        return key, value
    if key == "since":
        try:
            return key, now - int(duration(value) * 1e9)
        except ValueError as problem:
            raise wrong(str(problem), "since:24h, since:7d") from None
    if key in metrics:
        return "score", f"{key}:{value}"
    known = [*_KEYS, "-tag", "status", "since", *metrics]
    near = difflib.get_close_matches(key, known, 1)
    raise wrong(
        f"the filter does not know {key}:", f"did you mean {near[0]}:?" if near else f"it knows {', '.join(known)}"
    )


def _wrong(text: str, found: re.Match[str], said: str, hint: str) -> CallError:
    """The error with the filter under it and the word marked."""
    line = text.replace("\n", " ")
    mark = " " * found.start() + "^" * len(found[0])
    return CallError(f"{said}\n    {line}\n    {mark}", hint=hint)


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"\s", value) else value
