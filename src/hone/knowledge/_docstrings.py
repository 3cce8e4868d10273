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
from types import ModuleType
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
    below = [info.name for info in pkgutil.iter_modules(getattr(module, "__path__", ()))]
    public = [part for part in sorted(below) if not part.startswith("_") and part not in _SKIPPED_PARTS]
    return [name, *(found for part in public for found in named(f"{name}.{part}"))]


def documents(modules: Iterable[str]) -> Iterator[Document]:
    """One document for every documented module, class, function, method and property, each under its first name."""
    seen: set[int] = set()
    for name in modules:
        module = _module(name)
        if module is None:
            continue
        prefix = "" if name == "builtins" else f"{name}."
        if doc := _doc(module):
            yield Document(f"python:{name}", name, doc)
        # Functions before classes: `random.randint` is also a method of the class `random.Random`.
        for attribute, member in sorted(_public(module, name), key=lambda pair: inspect.isclass(pair[1])):
            with suppress(Exception):  # a lazy or clever object may fail when it is looked at
                yield from _member(prefix + attribute, member, seen)


def _module(name: str) -> ModuleType | None:
    with suppress(Exception, SystemExit):  # a module may do anything at all when it is imported
        return importlib.import_module(name)
    return None


def _public(module: ModuleType, name: str) -> Iterator[tuple[str, Any]]:
    """What the module offers: its `__all__`, or else the public names that it or its C half defines."""
    listed = getattr(module, "__all__", None)
    root = name.partition(".")[0]
    for attribute in sorted(listed if listed is not None else vars(module)):
        member = getattr(module, attribute, None)
        if attribute.startswith("_") or isinstance(member, ModuleType):
            continue
        home = str(getattr(member, "__module__", None) or "").partition(".")[0].lstrip("_")
        if listed is not None or home == root:
            yield attribute, member


def _member(name: str, member: Any, seen: set[int]) -> Iterator[Document]:
    """A class with its own members, or a function. The docstring of a constant is its type's, so it is left out."""
    if not (inspect.isclass(member) or inspect.isroutine(member)) or not _first(member, seen):
        return
    if doc := _doc(member):
        yield Document(f"python:{name}", _signature(name, member), doc)
    if not inspect.isclass(member):
        return
    for attribute, raw in sorted(vars(member).items()):
        described = inspect.isroutine(raw) or inspect.isdatadescriptor(raw)
        if attribute.startswith("_") or not described or not _first(raw, seen):
            continue
        doc = _doc(raw)
        if (
            doc
            and doc != attribute
            and doc not in (_doc(getattr(base, attribute, None)) for base in member.__mro__[1:])
        ):
            yield Document(f"python:{name}.{attribute}", _method_signature(f"{name}.{attribute}", raw), doc)


def _first(member: Any, seen: set[int]) -> bool:
    """Is this the first name of `member`? `random.randint` and `Random.randint` are one function."""
    key = id(getattr(member, "__func__", member))
    return not (key in seen or seen.add(key))  # type: ignore[func-returns-value]


def _doc(member: Any) -> str:
    """Its own docstring; what it would inherit does not count. A class may say more at its `__init__`."""
    doc = getattr(member, "__func__", member).__doc__
    init = vars(member).get("__init__") if inspect.isclass(member) else None
    said = [text for text in (doc, getattr(init, "__doc__", None)) if isinstance(text, str) and not _EMPTY.match(text)]
    whole = "\n\n".join(map(inspect.cleandoc, said)).strip()
    # Half a surrogate pair cannot be written as UTF-8, and PostgreSQL keeps no NUL.
    return whole.encode("utf-8", "replace").decode().replace("\0", "")


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
