"""Sources: what the patterns of `[knowledge.NAME] sources` stand for, found, fingerprinted and read.

A pattern is a glob below the project folder, `python:MODULE` (submodules included) or `python:stdlib`.
"""

import hashlib
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from hone.errors import ProjectError
from hone.knowledge import _markdown, _python_files
from hone.knowledge._document import Document

_SECONDS = 120
_CANNOT_IMPORT = 3  # how `_docstrings` ends then; importing it here would make Python run it twice
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


class Source(Protocol):
    """Something that documents come from. Its fingerprint tells a change without reading them."""

    def fingerprint(self) -> str: ...

    def documents(self) -> Iterator[Document]: ...


def find(patterns: Sequence[str], root: Path) -> list[Source]:
    """The sources of `patterns`, each file once, in the order of the patterns and then of the paths.

    Raises:
        ProjectError: a pattern matches nothing, a file cannot be read, or there is no such module.
    """
    found: dict[str, Source] = {}
    for pattern in patterns:
        kind, colon, name = pattern.partition(":")
        if colon and kind == "python":
            found.setdefault(pattern, _modules(name))
        else:
            found.update((name, _file(root, name)) for name in _matches(root, pattern) if name not in found)
    return list(found.values())


def documents(patterns: Sequence[str], root: Path) -> Iterator[Document]:
    """Everything the sources of `patterns` say, before it is cut.

    Raises:
        ProjectError: see `find`; or a file is not UTF-8 text, or not Python, or a module cannot be imported.
    """
    for source in find(patterns, root):
        yield from source.documents()


def _matches(root: Path, pattern: str) -> list[str]:
    """Paths below the project folder, with slashes. Hidden folders such as `.git`, `.venv` are not looked into."""
    try:
        paths = [path.relative_to(root) for path in root.glob(pattern) if path.is_file()]
    except (ValueError, NotImplementedError, IndexError) as problem:
        raise ProjectError(
            f"the source {pattern!r} cannot be used: {problem}",
            hint="write a pattern relative to the project folder, such as docs/**/*.md",
        ) from None
    names = sorted(path.as_posix() for path in paths if not any(part.startswith(".") for part in path.parts))
    if not names:
        raise ProjectError(
            f"the source {pattern!r} matches no file below {root}",
            hint="mend the pattern in hone.toml, or put the files there",
        )
    return names


def _file(root: Path, name: str) -> "_File":
    try:
        return _File(name, (root / name).read_bytes())
    except OSError as problem:
        raise ProjectError(
            f"the source {name} cannot be read: {problem.strerror}", hint="look at the file's permissions"
        ) from None


class _File(Struct, frozen=True):
    """A text file: Markdown by its headings, Python by its docstrings, anything else as it is."""

    name: str
    data: bytes

    def fingerprint(self) -> str:
        return f"{self.name} {hashlib.sha256(self.data).hexdigest()}"

    def documents(self) -> Iterator[Document]:
        text = self._text()
        if self.name.endswith((".md", ".markdown")):
            return _markdown.sections(text, self.name)
        if self.name.endswith(".py"):
            return self._docstrings(text)
        return iter([Document(self.name, "", text)])

    def _docstrings(self, text: str) -> Iterator[Document]:
        try:
            yield from _python_files.documents(text, self.name)
        except SyntaxError as problem:
            raise ProjectError(
                f"{self.name}:{problem.lineno} is not Python of this version: {problem.msg}",
                hint="mend the file, or take it out of `sources` in hone.toml",
            ) from None

    def _text(self) -> str:
        try:
            text = self.data.decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            at = problem.start
            raise self._not_text(f"byte {self.data[at]:#04x} at {at}") from None
        if (at := text.find("\0")) >= 0:
            raise self._not_text(f"NUL at {at}")
        return text

    def _not_text(self, why: str) -> ProjectError:
        return ProjectError(
            f"{self.name} is not UTF-8 text ({why})",
            hint="save it as UTF-8, or take it out of `sources` in hone.toml",
        )


def _modules(name: str) -> "_Modules":
    if not _MODULE.fullmatch(name) or name == "__main__":
        raise ProjectError(f"python:{name} names no module", hint="write it as `import` would, such as python:json")
    if name != "stdlib" and _spec(name) is None:
        raise _no_module(name)
    return _Modules(name)


def _spec(name: str) -> ModuleSpec | None:
    """Where the top-level module of `name` is; finding it imports nothing."""
    try:
        return importlib.util.find_spec(name.partition(".")[0])
    except ValueError:  # imported already, by something that left its whereabouts empty
        return None


def _no_module(name: str) -> ProjectError:
    return ProjectError(
        f"python:{name} names a module that cannot be imported here",
        hint=f"install it where hone runs ({sys.executable}), or mend `sources` in hone.toml",
    )


class _Modules(Struct, frozen=True):
    """Modules of the running interpreter, read by another process because importing them runs them."""

    name: str

    def fingerprint(self) -> str:
        known = self.name == "stdlib" or self.name.partition(".")[0] in sys.stdlib_module_names
        return f"python:{self.name} {sys.version}{'' if known else _stamp(self.name)}"

    def documents(self) -> Iterator[Document]:
        # -P keeps the current folder off the path, so that no file of the project is imported in a module's place.
        command = [sys.executable, "-P", "-m", "hone.knowledge._docstrings", self.name]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            raise ProjectError(
                f"reading the docstrings of python:{self.name} took over {_SECONDS} s", hint="name a smaller module"
            ) from None
        if done.returncode == _CANNOT_IMPORT:
            raise _no_module(self.name)
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise ProjectError(
                f"reading the docstrings of python:{self.name} failed (status {done.returncode}): {last}",
                hint="one of its modules may not bear being imported: name a smaller module",
            )
        decoder = msgspec.json.Decoder(Document)
        return (decoder.decode(line) for line in done.stdout.splitlines())


def _stamp(name: str) -> str:
    """Sizes and times of an installed package's files: enough to see that it was upgraded or edited."""
    spec = _spec(name)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    files = [path for folder in folders for path in Path(folder).rglob("*.py")]
    files += [Path(spec.origin)] if spec and spec.origin and not folders else []
    stats = sorted((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files if path.is_file())
    return f" {hashlib.sha256(repr(stats).encode()).hexdigest()}"
