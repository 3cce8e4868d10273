"""One dataset: its examples, filtered and in pages, the one that is open, and the form that changes it."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from hone.core import text_in, to_json
from hone.datasets import Dataset, Example
from hone.errors import CallError, NotFound
from hone.local import House
from hone.server.ui._dataset_checks import Checker, Checks
from hone.server.ui._example_form import ExampleForm, form_of
from hone.server.ui._face import Asked

SIZE = 50
_SHOWN = 240  # characters of a text in a row
_CHOSEN = ("split", "origin", "tag", "flag")


class ExampleRow(Struct, frozen=True, kw_only=True):
    """An example in the list; its texts cut short. `drawn`: its split was drawn by hash, not written down."""

    id: str
    input: str
    expected: str
    split: str
    drawn: bool
    origin: str
    tags: tuple[str, ...]
    flags: list[str]


class ExampleView(Struct, frozen=True, kw_only=True):
    """The example that is open; `twins` say the same as it, `known` is the one that gives it away."""

    example: Example
    drawn: bool
    twins: list[str]
    known: str | None


class DatasetPage(Struct, frozen=True, kw_only=True):
    """`rows` are those of page `page` among the `found` that the filter leaves. `version` is the one asked for, which
    cannot be changed; None is the file as it is now, whose number is `number`."""

    name: str
    version: str | None
    number: int | None
    sha256: str
    total: int
    found: int
    page: int
    pages: int
    rows: list[ExampleRow]
    q: str
    chosen: dict[str, str]  # split, origin, tag, flag
    choices: dict[str, list[str]]
    duplicates: int
    leaks: int
    open: ExampleView | None
    form: ExampleForm | None


def dataset(house: House, checker: Checker) -> Callable[[Asked], DatasetPage]:
    """`?q=&split=&origin=&tag=&flag=&page=` choose; `?example=ID` opens one; `&edit=fields|json` shows its form,
    `?edit=new` an empty one; `?version=v2` is the dataset as it was."""

    def view(asked: Asked) -> DatasetPage:
        name, version = asked.path["name"], asked.query.get("version") or None
        data = checker.read(name, version)
        checks = checker.of(data)
        chosen = {key: asked.query[key] for key in _CHOSEN if asked.query.get(key)}
        found = [each for each in data if _fits(each, asked.query.get("q", ""), chosen, checks)]
        pages = max(1, -(-len(found) // SIZE))
        at = min(max(1, asked.number("page", 1)), pages)
        numbers = checks.statistics
        return DatasetPage(
            name=name,
            version=version,
            number=recorded(house, data),
            sha256=data.sha256,
            total=len(data),
            found=len(found),
            page=at,
            pages=pages,
            rows=[_row(each, data, checks) for each in found[(at - 1) * SIZE : at * SIZE]],
            q=asked.query.get("q", ""),
            chosen=chosen,
            choices={
                "split": list(numbers.splits), "origin": list(numbers.origins), "tag": list(numbers.tags),
                "flag": ["duplicate", "leak"],
            },
            duplicates=checks.duplicates.extra,
            leaks=checks.leaks.contaminated,
            open=_open(data, asked.query.get("example"), checks),
            form=None if version else _form(data, asked.query.get("example"), asked.query.get("edit")),
        )  # fmt: skip

    return view


def recorded(house: House, data: Dataset) -> int:
    """The number of this state. A new one is noted, so that what it becomes can be compared with it."""
    known = next((each.version for each in house.versions.all(data.name) if each.sha256 == data.sha256), None)
    return house.versions.record(data, by="file").version if known is None else known


def example_of(data: Dataset, id: str) -> Example:
    """
    Raises:
        NotFound: there is none of that id.
    """
    found = next((each for each in data if each.id == id), None)
    if found is None:
        raise NotFound(f"no example {id!r} in the dataset {data.name!r}")
    return found


def given_in(data: Dataset, id: str) -> Example:
    """The example as it was written: without a split that was drawn.

    Raises:
        NotFound: there is none of that id.
    """
    found = example_of(data, id)
    return replace(found, split=None) if id in data.drawn else found


def _fits(each: Example, q: str, chosen: dict[str, str], checks: Checks) -> bool:
    return (
        chosen.get("split") in (None, each.split)
        and chosen.get("origin") in (None, each.origin)
        and ("tag" not in chosen or chosen["tag"] in each.tags)
        and ("flag" not in chosen or chosen["flag"] in checks.flags(each.id))
        and all(
            word in f"{each.id}\n{to_text(each.input)}\n{to_text(each.expected)}".lower() for word in q.lower().split()
        )
    )


def to_text(value: object) -> str:
    """The words of a value, for people; numbers and other JSON as they are written."""
    if value is None:
        return ""
    return value if isinstance(value, str) else text_in(to_json(value)) or to_json(value)


def _row(each: Example, data: Dataset, checks: Checks) -> ExampleRow:
    return ExampleRow(
        id=each.id,
        input=to_text(each.input)[:_SHOWN],
        expected=to_text(each.expected)[:_SHOWN],
        split=each.split or "",
        drawn=each.id in data.drawn,
        origin=each.origin,
        tags=each.tags,
        flags=checks.flags(each.id),
    )


def _open(data: Dataset, id: str | None, checks: Checks) -> ExampleView | None:
    if not id:
        return None
    return ExampleView(
        example=example_of(data, id),
        drawn=id in data.drawn,
        twins=checks.twins.get(id, []),
        known=checks.known.get(id),
    )


def _form(data: Dataset, id: str | None, edit: str | None) -> ExampleForm | None:
    if not edit:
        return None
    if edit not in ("fields", "json", "new", "new-json"):
        raise CallError(f"edit={edit!r} is no form", hint="fields, json, new or new-json")
    whole, new = edit.endswith("json"), edit.startswith("new")
    if not new and not id:
        raise CallError("which example is to be edited?", hint="?example=ID&edit=fields")
    first = next(iter(data), None)
    return form_of(None if new or not id else given_in(data, id), first, data.sha256, whole=whole)
