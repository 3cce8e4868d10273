"""A person's own Python function that changes an answer before it is judged: `evaluators/tidy.py:get_transform`."""

import asyncio
import importlib.util
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from hone.core import to_json
from hone.datasets import Example
from hone.errors import ProjectError


async def changed(reference: str, text: str, example: Example, root: Path | None) -> str:
    """What `function(output, context)` makes of the text; `context` has the test's `vars`. The file lies under `root`.

    Raises:
        ProjectError: there is no such function.
    """
    found = function(reference, root)
    # On a thread of its own: it may take its time, and may call hone itself.
    made = await asyncio.to_thread(found, text, {"vars": example.input, "metadata": example.metadata})
    return made if isinstance(made, str) else to_json(made)


@lru_cache(maxsize=64)
def function(reference: str, root: Path | None) -> Callable[..., Any]:
    """The function that `PATH.py:NAME` means. The file is run once.

    Raises:
        ProjectError: it cannot be run, or has no such function.
    """
    file, _, name = reference.removeprefix("file://").rpartition(":")
    path = ((root or Path.cwd()) / file).resolve()
    if root is not None and not path.is_relative_to(root.resolve()):
        raise ProjectError(f"{file} is not inside the project {root}", hint="copy it into the project")
    spec = importlib.util.spec_from_file_location(f"hone_transform_{abs(hash(path))}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ProjectError(f"no Python file {path}", hint="transform.py:get_transform")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as problem:
        raise ProjectError(f"{path} cannot be run: {type(problem).__name__}: {problem}") from None
    found = getattr(module, name, None)
    if not callable(found):
        raise ProjectError(f"{path} has no function {name!r}", hint=f"def {name}(output, context): ...")
    return found  # type: ignore[no-any-return]
