"""What tells a Python function from what it was before it was edited, so that no old verdict is given back for it."""

import copyreg
import dis
import hashlib
import importlib.util
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

from hone.core import new_id

_PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes, type(...)})
_ASIDE = frozenset({"__dict__", "__weakref__", "__module__", "__doc__", "_abc_impl"})  # of a class: they say nothing


def identity(function: Callable[..., Any]) -> str:
    """Equal for functions that do the same: SHA-256 of the code, the defaults, the closure, and what it reads of its
    module, other functions included. Comments and places do not count; a library does by its name and version.

    What reads something that cannot be told, such as an open file or a client, is another one each time.
    """
    reading = _Reading()
    try:
        reading.add(function)
    except Exception:  # what objects of a user may raise when they are looked at
        return f"once {new_id()}"
    return reading.digest


class _Reading:
    """Takes in values one after another. What is taken in twice, or within itself, counts once."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256(repr(sys.version_info[:2]).encode())  # bytecode is of a version
        self._seen: dict[int, tuple[int, Any]] = {}  # an object is kept, lest another one gets its id

    @property
    def digest(self) -> str:
        return self._sha.hexdigest()

    def add(self, value: Any) -> None:
        kind = type(value)
        if kind in _PLAIN:
            self._say(kind.__name__, value)
        elif kind in (tuple, list, dict, set, frozenset):
            self._several(kind.__name__, value)
        elif id(value) in self._seen:
            self._say("again", self._seen[id(value)][0])
        else:
            self._seen[id(value)] = len(self._seen), value
            self._object(value)

    def _say(self, *words: Any) -> None:
        for word in words:
            said = repr(word).encode("utf-8", "surrogatepass")
            self._sha.update(b"%d:%b" % (len(said), said))

    def _several(self, name: str, values: Any) -> None:
        self._say(name, len(values))
        if name in ("set", "frozenset"):
            self._say(*sorted(_digest(each) for each in values))
            return
        for each in values.items() if name == "dict" else values:
            self.add(each)

    def _object(self, value: Any) -> None:
        match value:
            case FunctionType():
                self._function(value)
            case BuiltinFunctionType() | GetSetDescriptorType() | MemberDescriptorType():
                self._say(getattr(value, "__module__", None), value.__qualname__)
                if not isinstance(bound := getattr(value, "__self__", None), ModuleType):
                    self.add(bound)
            case ModuleType():
                self._say("module", value.__name__, _file_or_version(value.__name__))
            case type():
                self._class(value)
            case _ if (parts := _parts(value)) is not None:
                self.add((type(value).__name__, *parts))
            case _:
                self.add(type(value))
                self.add(_state(value))

    def _function(self, function: FunctionType) -> None:
        if _library(function.__module__):
            self._say(function.__module__, function.__qualname__, _file_or_version(function.__module__))
            return
        self.add((function.__code__, function.__defaults__, function.__kwdefaults__))
        for cell in function.__closure__ or ():
            self.add(_content(cell))
        for path in _read(function.__code__):
            self._say(path)
            self.add(_found(path, function.__globals__))

    def _class(self, kind: type) -> None:
        self._say(kind.__module__, kind.__qualname__)
        told = _file_or_version(kind.__module__)
        if told is not None:
            self._say(told)
            return
        self.add(kind.__bases__)  # made in a script or notebook
        for name, each in vars(kind).items():
            if name not in _ASIDE and not name.startswith("__dataclass_"):
                self.add((name, each))


def _digest(value: Any) -> str:
    reading = _Reading()
    reading.add(value)
    return reading.digest


def _parts(value: Any) -> tuple[Any, ...] | None:
    """What makes up something that is code, or has a function in it."""
    match value:
        case CodeType():
            counts = value.co_argcount, value.co_kwonlyargcount, value.co_flags
            return value.co_code, value.co_exceptiontable, *counts, value.co_names, value.co_varnames, value.co_consts
        case MethodType():
            return value.__func__, value.__self__
        case staticmethod() | classmethod():
            return (value.__func__,)
        case property():
            return value.fget, value.fset
    wrapped = getattr(value, "__wrapped__", None)  # such as by functools.cache
    return (wrapped,) if isinstance(wrapped, FunctionType) else None


def _state(value: Any) -> Any:
    """All that an object holds, as `pickle` takes it apart.

    Raises:
        TypeError: it holds what cannot be told: a lock, a socket, an open file.
    """
    apart = copyreg.dispatch_table.get(type(value))
    found = value.__reduce_ex__(4) if apart is None else apart(value)
    if isinstance(found, str):
        return found
    made, given, *rest = found
    return made, given, [each if each is None or isinstance(each, tuple | dict) else list(each) for each in rest]


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a function that is not defined yet
        return "nothing"


def _read(code: CodeType) -> list[tuple[str, ...]]:
    """The names that code, and functions within it, read of their module, such as ("helpers", "clean"); of what is
    imported within, the module's name with a dot before it."""
    return sorted({tuple(each) for each in _paths(code)})


def _paths(code: CodeType) -> Iterator[list[str]]:
    path: list[str] | None = None
    for each in dis.get_instructions(code):
        if path is not None and each.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            path.append(str(each.argval))
            continue
        if path is not None:
            yield path
        path = [str(each.argval)] if each.opname in ("LOAD_GLOBAL", "LOAD_NAME") else None
        if each.opname == "IMPORT_NAME":
            yield [".", str(each.argval)]
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _paths(each)


def _found(path: tuple[str, ...], there: Mapping[str, Any]) -> Any:
    """What stands at a path; of an object that is no module of the user's, the whole of it."""
    first, *rest = path
    if first == ".":
        return _file_or_version(rest[0])
    if first not in there:
        return "built in"
    value = there[first]
    for name in rest:
        if not isinstance(value, ModuleType) or _library(value.__name__):
            break
        value = getattr(value, name, None)
    return value


def _library(module: str | None) -> bool:
    """Whether a module is no code of the user's: hone, Python's own, or installed."""
    top = (module or "").partition(".")[0]
    if top == "__main__":
        return False
    if top == "hone" or top in sys.stdlib_module_names or top in sys.builtin_module_names:
        return True
    file = _file(module)
    return file is not None and any(file.is_relative_to(each) for each in _installed())


def _file_or_version(module: str | None) -> str | None:
    """The SHA-256 of a user's module, the version of another one; None where there is no file."""
    if _library(module):
        top = sys.modules.get((module or "").partition(".")[0])
        return str(getattr(top, "__version__", sys.version_info[:2]))
    file = _file(module)
    return None if file is None else hashlib.sha256(file.read_bytes()).hexdigest()


def _file(module: str | None) -> Path | None:
    if module == "__main__":
        return None  # what runs a script or a notebook may be another file
    known = sys.modules.get(module or "")
    place = getattr(known, "__file__", None)
    if known is None and module and "." not in module:
        spec = importlib.util.find_spec(module)
        place = None if spec is None or not spec.has_location else spec.origin
    return None if place is None else Path(place).resolve()


@cache
def _installed() -> tuple[Path, ...]:
    return tuple({Path(sysconfig.get_path(each)).resolve() for each in ("stdlib", "purelib", "platlib")})
