"""Python of the project that judges answers or changes them: found by its path, and run in this process."""

import hashlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from hone.errors import ProjectError

_DATA = "datasets"


def code_file(reference: str, root: Path, *, hint: str) -> tuple[Path, str | None]:
    """The file and the name that `file://PATH.py:NAME` means. It lies in the project, where its author put it: not in
    `datasets/` nor in a hidden folder, such as `.hone`, for what lies there may have come from anywhere.

    Raises:
        ProjectError: it does not, or is no Python file.
    """
    file, _, name = reference.removeprefix("file://").partition(":")
    whole = root.resolve()
    path = (whole / file).resolve()
    if not path.is_relative_to(whole):
        raise ProjectError(f"{reference} is not inside the project {whole}", hint="copy it into the project")
    first, *folders = path.relative_to(whole).parts
    if first == _DATA or any(each.startswith(".") for each in (first, *folders)):
        raise ProjectError(f"{reference} lies among the data, which is not run", hint=hint)
    if path.suffix != ".py" or not path.is_file():
        raise ProjectError(f"there is no Python file {file} in {whole}", hint=hint)
    return path, name or None


def code_of(path: Path, name: str, *, hint: str) -> tuple[Callable[..., Any], str]:
    """The function of that name as the file is now, and the SHA-256 of the file.

    Raises:
        ProjectError: it cannot be run, or has no such function.
    """
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    alias = f"hone_code_{digest[:16]}"
    spec = importlib.util.spec_from_file_location(alias, path)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[alias] = module  # dataclasses and pickle look for it there
    try:
        spec.loader.exec_module(module)
    except Exception as problem:  # whatever a user's file may raise
        sys.modules.pop(alias, None)
        raise ProjectError(f"{path} cannot be run: {type(problem).__name__}: {problem}") from None
    function = getattr(module, name, None)
    if not callable(function):
        raise ProjectError(f"{path} has no function {name!r}", hint=hint)
    return function, digest
