"""From the tables of hone.toml to structs; what does not fit is told with its line, its key path and what is near."""

import difflib
import re
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from hone.errors import ProjectError
from hone.project._lines import Keys, lines_of

# In msgspec's `$.price.input`, `$[2]` and `$[...]`; the last one is a key it does not name.
_STEP = re.compile(r"[A-Za-z0-9_]+")


class Source:
    """One TOML file: it knows where each key stands."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._lines = lines_of(text)

    def error(self, message: str, path: Keys, hint: str | None = None) -> ProjectError:
        """The error, with `file:line, key.path` behind its message."""
        known = path
        while known and known not in self._lines:
            known = known[:-1]
        line = self._lines.get(known, 1)
        place = f"{self._name}:{line}"
        return ProjectError(f"{message} ({', '.join(filter(None, (place, _dotted(path))))})", hint=hint)

    def unknown(self, message: str, path: Keys, name: str, known: Iterable[str]) -> ProjectError:
        """The error for a name that is not there; its hint is the nearest one that is."""
        return self.error(message, path, near(name, known))

    def read(self, value: Any, into: Any, path: Keys, **given: Any) -> Any:
        """`value` as the type `into`; `given` fills the fields of a struct that no key may set.

        Raises:
            ProjectError: a key is unknown or missing, or a value is of the wrong type.
        """
        into = _without_none(into)
        if isinstance(into, type) and issubclass(into, msgspec.Struct):
            if (parse := getattr(into, "of", None)) is not None and not isinstance(value, dict):
                return self._parsed(value, parse, path)  # a table that may be written as one text
            return into(**self.fields(value, into, path), **given)
        if get_origin(into) is dict and _holds_structs(into):
            return self.tables(value, get_args(into)[1], path)
        if (parse := _parser_of(into)) is not None:
            return self._parsed(value, parse, path)
        try:
            return msgspec.convert(value, into)
        except msgspec.ValidationError as problem:
            what, _, where = str(problem).partition(" - at `$")
            raise self.error(_in_toml(what), (*path, *_STEP.findall(where))) from None

    def fields(self, value: Any, into: type[msgspec.Struct], path: Keys) -> dict[str, Any]:
        """The keys of one table, each read as the field of `into` that it names."""
        table = self.table(value, path)
        fields = {each.name: each for each in msgspec.structs.fields(into)}
        for name in getattr(into, "given", ()):
            del fields[name]
        for key in table:
            if key not in fields:
                raise self.unknown(f"unknown key `{key}`", (*path, key), key, fields)
        for name, each in fields.items():
            if each.required and name not in table:
                raise self.error(f"the key `{name}` is missing", path)
        return {key: self.read(item, fields[key].type, (*path, key)) for key, item in table.items()}

    def tables(self, value: Any, into: Any, path: Keys) -> dict[str, Any]:
        """A table of tables by name; a struct with a field `name` or `alias` is told its own."""
        read = {}
        for name, item in self.table(value, path).items():
            own = {key: name for key in ("name", "alias") if key in getattr(into, "given", ())}
            read[name] = self.read(item, into, (*path, name), **own)
        return read

    def table(self, value: Any, path: Keys) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self.error(f"expected a table, got `{_kind(value)}`", path)
        return value

    def _parsed(self, value: Any, parse: Any, path: Keys) -> Any:
        if not isinstance(value, str):
            raise self.error(f"expected a string with a unit, got `{_kind(value)}`", path, parse.__doc__.split("\n")[0])
        try:
            return parse(value)
        except ValueError as problem:
            raise self.error(str(problem), path) from None


def near(name: str, known: Iterable[str]) -> str:
    """A hint: the nearest of the known names, or all of them."""
    names = list(known)
    found = difflib.get_close_matches(name, names, n=1)
    return f"did you mean `{found[0]}`?" if found else f"there are: {', '.join(names) or 'none'}"


def _without_none(into: Any) -> Any:
    if get_origin(into) in (UnionType, Union):
        left = [each for each in get_args(into) if each is not type(None)]
        return left[0] if len(left) == 1 else Union[tuple(left)]  # noqa: UP007  (built, not written)
    return into


def _holds_structs(into: Any) -> bool:
    inner = get_args(into)[1]
    return isinstance(inner, type) and issubclass(inner, msgspec.Struct)


def _parser_of(into: Any) -> Any:
    return next((each for each in getattr(into, "__metadata__", ()) if callable(each)), None)


def _kind(value: Any) -> str:
    names = {dict: "table", list: "array", str: "string", bool: "boolean", int: "integer"}
    return names.get(type(value), type(value).__name__)


def _in_toml(message: str) -> str:
    """msgspec speaks Python and JSON; a TOML author knows other words."""
    for python, toml in (
        ("`object`", "`table`"),
        ("`str`", "`string`"),
        ("`bool`", "`boolean`"),
        ("`int`", "`integer`"),
    ):
        message = message.replace(python, toml)
    return message[:1].lower() + message[1:]


def _dotted(path: Keys) -> str:
    return ".".join(path)
