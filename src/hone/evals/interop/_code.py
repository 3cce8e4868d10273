"""Python of a config, taken into the project: evaluators are run from the project's own folder alone."""

import ast
import hashlib
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from hone.datasets import Example
from hone.evals.interop._document import Document, Keys

FOLDER = "evaluators"
_MARK = "file://"


def checked(code: str, at: Document, keys: Keys) -> str:
    """Python that stands in a config, as the file of an evaluator: an expression over `output`, or lines that return.

    Raises:
        ProjectError: it is no Python, such as JavaScript.
    """
    body = code.strip()
    lines = f"return {body}" if "\n" not in body and not body.startswith("return") else body
    made = f"def get_assert(output, context):\n{textwrap.indent(textwrap.dedent(lines), '    ')}\n"
    try:
        ast.parse(made)
    except SyntaxError as problem:
        hint = "an expression over `output`, lines with a `return`, or file://grade.py:get_assert"
        raise at.error(f"this is no Python: {problem.msg}", keys, hint) from None
    return made


def taken_in(examples: Iterable[Example]) -> tuple[tuple[Example, ...], dict[str, str]]:
    """The examples with their code named by a path inside the project, and the files that go there."""
    files: dict[str, str] = {}
    made = [replace(each, evaluators=tuple(_moved(one, files) for one in each.evaluators)) for each in examples]
    return tuple(made), files


def _moved(asked: Any, files: dict[str, str]) -> Any:
    if not isinstance(asked, Mapping):
        return asked
    moved = dict(asked)
    if str(asked.get("type", "")).removeprefix("not-") == "python":
        moved["value"] = _named(str(asked.get("value")), files, "get_assert")
    if "transform" in asked:
        moved["transform"] = _named(str(asked["transform"]), files, "get_transform")
    if isinstance(asked.get("assert"), list):
        moved["assert"] = [_moved(each, files) for each in asked["assert"]]
    return moved


def webhooks(examples: Iterable[Example]) -> tuple[str, ...]:
    """The URLs that the assertions of examples ask."""
    asked: list[Any] = [one for each in examples for one in each.evaluators]
    urls: dict[str, None] = {}
    for each in asked:  # it grows by the members of sets
        if isinstance(each, Mapping):
            asked += each.get("assert") or ()
            if str(each.get("type")).removeprefix("not-") == "webhook":
                urls[str(each.get("value"))] = None
    return tuple(urls)


def _named(value: str, files: dict[str, str], usual: str) -> str:
    """`evaluators/grade-1a2b3c4d.py:polite`: a file that changes has another name, so that nothing is overwritten."""
    if value.startswith(_MARK):
        head, _, tail = value.removeprefix(_MARK).rpartition(".py")
        path, name = Path(f"{head}.py"), tail.removeprefix(":") or usual
        text, stem = path.read_text("utf-8"), path.stem
    else:
        text, name, stem = value, usual, "inline"
    file = f"{FOLDER}/{stem}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.py"
    files[file] = text
    return f"{file}:{name}"
