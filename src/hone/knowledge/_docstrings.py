"""What Python's own docstrings say, read from imported modules: `python -m hone.knowledge._docstrings NAME...`.

A program of its own, because importing a module runs it. It writes one JSON document a line; exit status 3 says that a
module cannot be imported. `stdlib` stands for the standard library, what is only for running it or playing left out.
"""

import importlib
import inspect
import os
import pkgutil
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import takewhile
from types import MethodType, ModuleType
from typing import Any

import msgspec

from hone.knowledge._document import Document

CANNOT_IMPORT = 3

# Games, windows and programs rather than libraries, tables of codecs, and the platform twins of `os` and `os.path`.
_NOT_LIBRARIES = """
antigravity this idlelib test tkinter turtle turtledemo lib2to3 distutils ensurepip pydoc_data encodings msilib
posix nt posixpath ntpath genericpath nturl2path
"""
_SKIPPED = frozenset(_NOT_LIBRARIES.split())
_SKIPPED_PARTS = frozenset(("__main__", "test", "tests", "conftest"))
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_EMPTY = re.compile(r"Alias for field number|Initialize self\.  See help")


def main(names: list[str]) -> int:
    """Write the documents of `names` to standard output, whatever the modules themselves print."""
    out = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 1)
    warnings.simplefilter("ignore")
    for name in names:
        modules = standard_library() if name == "stdlib" else named(name)
        if not modules:
            return CANNOT_IMPORT
        out.writelines(msgspec.json.encode(document) + b"\n" for document in documents(modules))
    out.close()
    return 0


def standard_library() -> list[str]:
    """Every public module of the standard library that can be imported here, shortest names first."""
    tops = sorted(name for name in sys.stdlib_module_names if not name.startswith("_") and name not in _SKIPPED)
    return sorted(["os.path", *(found for top in tops for found in named(top))], key=lambda name: name.count("."))


def named(name: str) -> list[str]:
    """`name` and its public submodules; nothing where it cannot be imported."""
    module = _module(name)
    if module is None:
        return []
    below = [info.name for info in pkgutil.iter_modules(vars(module).get("__path__", ()))]
    public = [part for part in sorted(below) if not part.startswith("_") and part not in _SKIPPED_PARTS]
    return [name, *(found for part in public for found in named(f"{name}.{part}"))]


def documents(modules: Iterable[str]) -> Iterator[Document]:
    """One document for every documented module, class, function, method and property, each under its first name."""
    offered = {name: _offered(name) for name in modules}
    telling = _Telling(id(member) for members in offered.values() for _, member in members)
    for name, members in offered.items():
        if doc := _doc(_module(name)):
            yield Document(f"python:{name}", name, doc)
        for path, member in members:
            with suppress(Exception):
                yield from telling.documents(path, member)


class _Telling:
    """What has been told, so that nothing is told twice, and which classes are offered and so told by themselves."""

    def __init__(self, offered: Iterable[int]) -> None:
        self._offered = set(offered)
        self._told: set[int] = set()

    def documents(self, path: str, member: Any) -> Iterator[Document]:
        """A function, or a class with its members. The docstring of a constant is its type's, so it is left out."""
        if not (inspect.isclass(member) or inspect.isroutine(member)) or not self._first(member):
            return
        if doc := _doc(member):
            yield Document(f"python:{path}", _signature(path, member), doc)
        if inspect.isclass(member):
            for name, raw in sorted(self._members(member).items()):
                if (doc := _doc(raw)) and doc != name and not self._said_by_a_base(member, name, doc):
                    yield Document(f"python:{path}.{name}", _method_signature(f"{path}.{name}", raw), doc)

    def _first(self, member: Any) -> bool:
        """Is this the first name of `member`? `random.randint` and `Random.randint` are one function."""
        key = id(_function(member))
        fresh = key not in self._told
        self._told.add(key)
        return fresh

    def _members(self, cls: type) -> dict[str, Any]:
        """Methods and properties of the class, and of the private bases that hide behind such as `pathlib.Path`."""
        found: dict[str, Any] = {}
        for owner in (cls, *takewhile(self._hidden, cls.__mro__[1:])):
            found = dict(vars(owner)) | found
        return {
            name: raw
            for name, raw in found.items()
            if not name.startswith("_")
            and (inspect.isroutine(raw) or inspect.isdatadescriptor(raw))
            and self._first(raw)
        }

    def _said_by_a_base(self, cls: type, name: str, doc: str) -> bool:
        bases = (base for base in cls.__mro__[1:] if name in vars(base) and not self._hidden(base))
        return any(doc == _doc(vars(base)[name]) for base in bases)

    def _hidden(self, base: type) -> bool:
        return id(base) not in self._offered and "._" in f".{base.__module__}.{base.__name__}"


def _module(name: str) -> ModuleType | None:
    with suppress(Exception, SystemExit):  # a module may do anything at all when it is imported
        return importlib.import_module(name)
    return None


def _offered(name: str) -> list[tuple[str, Any]]:
    """What a module offers, by full names: its `__all__`, or else the public names that it or its C half defines.

    Functions come before classes: `random.randint` is also a method of the class `random.Random`.
    """
    module = _module(name)
    listed = vars(module).get("__all__")
    prefix, root = "" if name == "builtins" else f"{name}.", name.partition(".")[0]
    found: list[tuple[str, Any]] = []
    for attribute in sorted(map(str, vars(module) if listed is None else listed)):
        with suppress(Exception):  # a lazy or clever object may fail when it is looked at
            member = getattr(module, attribute)
            home = str(getattr(member, "__module__", None) or "").partition(".")[0].lstrip("_")
            if not attribute.startswith("_") and not inspect.ismodule(member) and (listed is not None or home == root):
                found.append((prefix + attribute, member))
    return sorted(found, key=lambda pair: inspect.isclass(pair[1]))


def _function(member: Any) -> Any:
    """The function inside a method; anything else is itself."""
    return member.__func__ if isinstance(member, staticmethod | classmethod | MethodType) else member


def _doc(member: Any) -> str:
    """Its own docstring; what it would inherit does not count. A class may say more at its `__init__`."""
    texts = [_function(member).__doc__]
    if inspect.isclass(member) and "__init__" in vars(member):
        texts.append(vars(member)["__init__"].__doc__)
    said = [inspect.cleandoc(text) for text in texts if isinstance(text, str) and not _EMPTY.match(text)]
    # Half a surrogate pair cannot be written as UTF-8, and PostgreSQL keeps no NUL.
    return "\n\n".join(said).strip().encode("utf-8", "replace").decode().replace("\0", "")


def _signature(name: str, member: Any, *, drop: int = 0) -> str:
    """`json.dumps(obj, *, skipkeys=False, ...)`; the bare name where Python does not know the parameters."""
    try:
        signature = inspect.signature(member)
        parameters = list(signature.parameters.values())[drop:]
        text = str(signature.replace(parameters=parameters))
    except Exception:  # it evaluates what a C module wrote, and some write names that are not there
        return name
    # An address differs from run to run, and would make a new build of the same words.
    return name + _ADDRESS.sub("", text)


def _method_signature(name: str, raw: Any) -> str:
    if isinstance(raw, staticmethod):
        return _signature(name, raw.__func__)
    if isinstance(raw, classmethod):
        return _signature(name, raw.__func__, drop=1)
    return _signature(name, raw, drop=1) if inspect.isroutine(raw) else name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
