"""A person's own Python function that changes an answer before it is judged: `evaluators/tidy.py:get_transform`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hone.core import to_json
from hone.datasets import Example
from hone.errors import CallError
from hone.evals._code import code_file, code_of

_USUAL = "get_transform"


class Transform:
    """`function(output, context)` of the project; `context` has the test's `vars`. `key` tells its text from others."""

    def __init__(self, reference: str, root: Path | None) -> None:
        """
        Raises:
            CallError: there is no project.
            ProjectError: the file is not inside the project, cannot be run, or has no such function.
        """
        if root is None:
            raise CallError("a transform is a function of a project, and there is none here", hint="run it inside one")
        path, name = code_file(reference, root, hint="transform.py:get_transform")
        name = name or _USUAL
        found: tuple[Callable[..., Any], str] = code_of(path, name, hint=f"def {name}(output, context): ...")
        self._function, self.key = found

    def changed(self, text: str, example: Example) -> str:
        """What it makes of an answer's text."""
        made = self._function(text, {"vars": example.input, "metadata": example.metadata})
        return made if isinstance(made, str) else to_json(made)
