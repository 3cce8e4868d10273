"""A prompt: what its file says, ready to be rendered into messages."""

import re
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Template, TemplateSyntaxError, UndefinedError, meta
from jinja2.exceptions import SecurityError
from msgspec import Struct

from hone.core import SchemaProblem, compiled, spelled_out, to_json
from hone.errors import PromptError
from hone.prompts._file import Role, Section, identity, near, normalised, split
from hone.prompts._sandbox import Budget, Sandbox, TooMuch, budget, prepare

Message = dict[str, Any]

SUFFIX = ".prompt.md"
_SANDBOX = Sandbox()
_GIVEN = frozenset({"context"})  # every prompt may receive it: the passages of the task's knowledge
_MISSING = re.compile(r"'(.+)' is undefined")
_AT_LINE = re.compile(r", line (\d+)$")
_MAX_DEPTH = 50


class _Part(Struct, frozen=True):
    role: Role
    template: Template
    line: int  # of the file, where the template's first line stands


class Prompt(Struct, frozen=True, kw_only=True):
    """One prompt file, parsed and compiled. Two prompts with the same `sha256` behave the same."""

    name: str
    path: str
    source: str  # normalised
    sha256: str
    description: str
    input: dict[str, Any]
    output: dict[str, Any] | None  # a JSON Schema
    parameters: dict[str, Any]
    tools: list[dict[str, Any]]
    tests: list[dict[str, Any]]
    variables: tuple[str, ...]  # that the text uses, sorted
    parts: tuple[_Part, ...]

    def render(self, /, **values: Any) -> list[Message]:
        """The messages, each `{"role", "content"}`. Values are plain data, structs among them count as their fields.

        A system or assistant message that comes out empty is left out.

        Raises:
            PromptError: a variable is missing, or the template fails or does too much; with file and line.
        """
        data = {name: _plain(value, name, self.path) for name, value in values.items()}
        token = budget.set(Budget())
        try:
            messages = [{"role": part.role, "content": self._content(part, data)} for part in self.parts]
        finally:
            budget.reset(token)
        return [message for message in messages if message["role"] == "user" or message["content"].strip()]

    def _content(self, part: _Part, data: Mapping[str, Any]) -> str:
        try:
            return part.template.render(data)
        except UndefinedError as problem:
            found = _MISSING.fullmatch(str(problem))
            hint = near(found[1], data) if found else None
            raise self._error(str(problem), part, problem, hint) from None
        except (TooMuch, SecurityError, RecursionError, MemoryError) as problem:
            raise self._error(str(problem) or type(problem).__name__, part, problem) from None
        except Exception as problem:
            # An expression of the template went wrong: a sum of text and number, a division by zero.
            raise self._error(f"{type(problem).__name__}: {problem}", part, problem) from None

    def _error(self, what: str, part: _Part, problem: BaseException, hint: str | None = None) -> PromptError:
        # Jinja rewrites the traceback, so that it has the lines of the template.
        frames = [each for each in traceback.extract_tb(problem.__traceback__) if each.filename == "<template>"]
        line = part.line - 1 + (frames[-1].lineno or 1) if frames else part.line
        return PromptError(f"{what} ({self.path}:{line})", hint=hint)


def parse(source: str, path: str | Path, name: str | None = None) -> Prompt:
    """The prompt that `source` says. `path` is how errors name it, and names the prompt unless `name` does.

    Raises:
        PromptError: it cannot be understood; with file, line, and what is near.
    """
    where = str(path)
    text = normalised(source, where)
    front, sections = split(text, where)
    variables: set[str] = set()
    parts = [_compiled(section, where, variables) for section in sections]
    if front.input:
        _check_variables(variables, set(front.input), sections, where)
    return Prompt(
        name=name or Path(where).name.removesuffix(SUFFIX),
        path=where,
        source=text,
        sha256=identity(text),
        variables=tuple(sorted(variables)),
        parts=tuple(parts),
        **{**msgspec.structs.asdict(front), "output": _schema(front.output, where)},
    )


def load_folder(path: str | Path) -> dict[str, Prompt]:
    """Every `NAME.prompt.md` in the folder, by name. No folder holds no prompts.

    Raises:
        PromptError: one of them cannot be read or understood.
    """
    folder = Path(path)
    prompts = {}
    for file in sorted(folder.glob(f"*{SUFFIX}")):
        shown = f"{folder.name}/{file.name}"
        try:
            source = file.read_text("utf-8")
        except UnicodeDecodeError:
            raise PromptError(f"{shown} is not UTF-8 text", hint="save it as UTF-8") from None
        except OSError as problem:
            raise PromptError(f"{shown} cannot be read: {problem.strerror}") from None
        prompt = parse(source, shown)
        prompts[prompt.name] = prompt
    return prompts


def _schema(output: dict[str, Any] | None, path: str) -> dict[str, Any] | None:
    if output is None:
        return None
    schema = spelled_out(output)
    try:
        compiled(to_json(schema).encode())
    except SchemaProblem as problem:
        hint = "a JSON Schema, or fields with their types: `city: string`"
        raise PromptError(
            f"`output` is no JSON Schema: {problem.message} ({path}, at {problem.path})", hint=hint
        ) from None
    return schema


def _compiled(section: Section, path: str, variables: set[str]) -> _Part:
    try:
        tree = _SANDBOX.parse(section.text)
        variables |= meta.find_undeclared_variables(tree)
        prepare(tree)
        return _Part(section.role, _SANDBOX.from_string(tree), section.line)
    except TemplateSyntaxError as problem:
        what, line = problem.message or "syntax error", problem.lineno
    except SecurityError as problem:
        what = str(problem)
        found = _AT_LINE.search(what)
        what, line = _AT_LINE.sub("", what), int(found[1]) if found else 1
    except RecursionError:
        what, line = "the expressions are nested too deeply", 1
    raise PromptError(f"{what[:1].lower()}{what[1:]} ({path}:{section.line - 1 + line})")


def _check_variables(used: set[str], declared: set[str], sections: list[Section], path: str) -> None:
    for name in sorted(used - declared - _GIVEN):
        line = next((_line_of(name, each) for each in sections if re.search(rf"\b{re.escape(name)}\b", each.text)), 1)
        raise PromptError(f"`{name}` is not among the prompt's inputs ({path}:{line})", hint=near(name, declared))


def _line_of(name: str, section: Section) -> int:
    found = re.search(rf"\{{[^}}]*\b{re.escape(name)}\b", section.text) or re.search(re.escape(name), section.text)
    return section.line + (section.text.count("\n", 0, found.end()) if found else 0)


def _plain(value: Any, name: str, path: str, depth: int = 0) -> Any:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Struct):
        return _plain(msgspec.to_builtins(value), name, path, depth)
    if depth < _MAX_DEPTH and isinstance(value, Mapping):
        return {str(key): _plain(item, name, path, depth + 1) for key, item in value.items()}
    if depth < _MAX_DEPTH and isinstance(value, list | tuple):
        return [_plain(item, name, path, depth + 1) for item in value]
    what = "nested too deeply" if depth >= _MAX_DEPTH else f"a {type(value).__name__}"
    raise PromptError(f"the value `{name}` is {what} ({path})", hint="prompts take text, numbers, lists and dicts")
