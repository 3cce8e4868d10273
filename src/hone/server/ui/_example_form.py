"""An example as fields of a form and back: texts as texts, everything else as JSON, and what was not touched as it was.

A field is called `text:PATH` or `json:PATH`; the path of a named input is `input.NAME`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from hone.core import from_json
from hone.datasets import Example
from hone.errors import CallError
from hone.server.ui._html import pretty
from hone.server.ui._posted import Fields

Kind = Literal["text", "json"]

WHOLE = "example"
_ALWAYS = ("expected", "tags", "split", "origin")  # asked for even where the example has none
_LISTED = ("tags",)


class FormField(Struct, frozen=True, kw_only=True):
    """One box of the form; `choices` where it is one of a few."""

    name: str
    label: str
    kind: Kind
    value: str
    choices: tuple[str, ...] = ()


class ExampleForm(Struct, frozen=True, kw_only=True):
    """`id` is None for a new example; `seen` the state of the dataset that the form was made for; `problem` why what
    was sent was not taken."""

    id: str | None
    seen: str
    whole: bool  # one box with the example as JSON
    fields: list[FormField]
    problem: str | None = None


def form_of(example: Example | None, like: Example | None, seen: str, *, whole: bool) -> ExampleForm:
    """The form for an example, or for a new one that is asked as `like` another."""
    shown = example or _blank(like)
    fields = [FormField(name=f"json:{WHOLE}", label="example", kind="json", value=pretty(shown))]
    if not whole:
        fields = list(_fields(shown))
    return ExampleForm(id=None if example is None else example.id, seen=seen, whole=whole, fields=fields)


def sent_again(form: ExampleForm, sent: Fields, problem: str) -> ExampleForm:
    """The form as it was sent, with what was wrong with it."""
    kept = [
        msgspec.structs.replace(each, value=sent[each.name][0]) if each.name in sent else each for each in form.fields
    ]
    return msgspec.structs.replace(form, fields=kept, problem=problem)


def example_from(sent: Fields, old: Example | None) -> Example:
    """
    Raises:
        CallError: a field is no JSON, or together they are no example.
    """
    values = _values(old)
    for name, (text, *_) in sent.items():
        kind, colon, path = name.partition(":")
        if colon and kind in ("text", "json"):
            values = _put(values, path, _read(kind, path, text, values))
    try:
        return msgspec.convert({name: value for name, value in values.items() if value is not None}, Example)
    except msgspec.ValidationError as problem:
        raise CallError(f"this is no example: {problem}") from None


def _values(old: Example | None) -> dict[str, Any]:
    if old is None:
        return {}
    return {
        name: value for name in Example.__struct_fields__ if (value := getattr(old, name)) not in (None, "", {}, ())
    }


def _fields(example: Example) -> Iterator[FormField]:
    if isinstance(example.input, str):
        yield _field("input", example.input)
    else:
        for name, value in example.input.items():
            yield _field(f"input.{name}", value)
    for name in Example.__struct_fields__:
        value = getattr(example, name)
        if name in ("id", "input", "trace") or (name not in _ALWAYS and value in (None, {}, ())):
            continue
        choices = {"split": ("", "train", "dev", "held-out"), "origin": ("human", "traffic", "generated")}.get(name, ())
        if name in _LISTED:
            yield FormField(name=f"text:{name}", label="tags, with commas", kind="text", value=", ".join(value))
        else:
            yield msgspec.structs.replace(_field(name, value), choices=choices)


def _field(path: str, value: Any) -> FormField:
    """A text is shown as one, where a browser can show it: half a surrogate pair is written as JSON."""
    label = path.removeprefix("input.") or path
    if value is None or (isinstance(value, str) and _plain(value)):
        return FormField(name=f"text:{path}", label=label, kind="text", value=value or "")
    return FormField(name=f"json:{path}", label=label, kind="json", value=pretty(value))


def _read(kind: str, path: str, text: str, values: Mapping[str, Any]) -> Any:
    """What a box says. Browsers end lines with CR LF; a text that differs in nothing else was not touched."""
    text = text.replace("\r\n", "\n")
    if kind == "json":
        return _json(path, text) if text.strip() else None
    if path in _LISTED:
        return [part for each in text.split(",") if (part := each.strip())]
    before = _at(values, path)
    if isinstance(before, str) and before.replace("\r\n", "\n") == text:
        return before
    return text if text or path.startswith("input") else None


def _json(path: str, text: str) -> Any:
    try:
        return from_json(text)
    except ValueError as problem:
        raise CallError(f"{path} is not JSON: {problem}", hint='a text stands in quotes: "like this"') from None


def _put(values: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    if path == WHOLE:
        if not isinstance(value, dict):
            raise CallError("an example is a JSON object", hint='{"input": {"question": "..."}, "expected": "..."}')
        return value
    first, dot, name = path.partition(".")
    if not dot:
        return {**values, path: value}
    inside = values.get(first)
    return {**values, first: {**(inside if isinstance(inside, dict) else {}), name: value}}


def _at(values: Mapping[str, Any], path: str) -> Any:
    first, dot, name = path.partition(".")
    found = values.get(first)
    return found.get(name) if dot and isinstance(found, dict) else found


def _blank(like: Example | None) -> Example:
    if like is None:
        return Example(input={"question": ""})
    return Example(input="" if isinstance(like.input, str) else dict.fromkeys(like.input, ""))


def _plain(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text)
