"""A prompt file as text: normalised, its front matter read, its body split into roles.

Roles are split before anything is rendered, so that no value can create one.
"""

import difflib
import hashlib
import re
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import Struct, field

from hone.errors import PromptError

Role = Literal["system", "user", "assistant"]

MAX_SOURCE = 256_000
"""Characters of one prompt file."""

_ROLE = re.compile(r"# (system|user|assistant)", re.IGNORECASE)
_ESCAPED_ROLE = re.compile(r"\\# (system|user|assistant)", re.IGNORECASE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^`]*)")


class Front(Struct, frozen=True, kw_only=True):
    """The keys that front matter may have."""

    description: str = ""
    input: dict[str, Any] = field(default_factory=dict)  # field -> type
    output: dict[str, Any] | None = None  # a JSON Schema, or field -> type
    parameters: dict[str, Any] = field(default_factory=dict)  # of the model: temperature, max_tokens ...
    tools: list[dict[str, Any]] = field(default_factory=list)
    tests: list[dict[str, Any]] = field(default_factory=list)


class Section(NamedTuple):
    """The text of one message; `line` is where it starts in the file."""

    role: Role
    text: str
    line: int


def normalised(source: str, path: str) -> str:
    """`source` as it is hashed and rendered, so that one hash is one behaviour.

    Editors differ in line ends, a byte-order mark, white space at line ends and at the end of the file; those are
    made equal. Characters stay as they are: Unicode forms that look alike are different to a model.

    Raises:
        PromptError: it is too long, or holds what is no text.
    """
    if len(source) > MAX_SOURCE:
        raise PromptError(f"the prompt is longer than {MAX_SOURCE:,} characters ({path})", hint="give it as knowledge")
    lines = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        if "\0" in line or any("\ud800" <= character <= "\udfff" for character in line):
            raise PromptError(f"a character that is no text ({path}:{number})", hint="save the file as UTF-8")
    return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"


def identity(text: str) -> str:
    """The SHA-256 of a normalised prompt, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def split(text: str, path: str) -> tuple[Front, list[Section]]:
    """The front matter and the messages of a normalised prompt.

    Raises:
        PromptError: the front matter cannot be understood, or text stands where it would be lost.
    """
    lines = text.split("\n")
    if lines[0] != "---":
        return Front(), _sections(lines, 0, path)
    try:
        end = lines.index("---", 1)
    except ValueError:
        raise PromptError(f"the front matter is not closed ({path}:1)", hint="end it with a line `---`") from None
    return _front(lines[1:end], path), _sections(lines, end + 1, path)


def near(name: str, known: Iterable[str]) -> str:
    """A hint: the nearest of the known names, or all of them."""
    names = sorted(known)
    found = difflib.get_close_matches(name, names, n=1)
    return f"did you mean `{found[0]}`?" if found else f"there are: {', '.join(names) or 'none'}"


def _front(lines: list[str], path: str) -> Front:
    text = "\n".join(lines)
    if not text.strip():
        return Front()  # as many prompts have it, and those need no YAML
    import yaml

    try:
        # A few aliases of aliases unfold into gigabytes, and no prompt needs one.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise PromptError(f"front matter cannot use YAML aliases ({path}:1)", hint="write the value twice")
        raw = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        what = getattr(problem, "problem", None) or "it is no YAML"
        raise PromptError(f"front matter: {what} ({path}:{mark.line + 2 if mark else 1})") from None
    raw = {} if raw is None else raw
    if not isinstance(raw, dict):
        raise PromptError(f"front matter must be `key: value` lines ({path}:1)")
    for key in raw:
        if key not in Front.__struct_fields__:
            hint = near(str(key), Front.__struct_fields__)
            raise PromptError(f"unknown key `{key}` ({path}:{_line_of(str(key), lines)})", hint=hint)
    try:
        return msgspec.convert({key: value for key, value in raw.items() if value is not None}, Front)
    except msgspec.ValidationError as problem:
        what, _, where = str(problem).partition(" - at `$.")
        key = re.split(r"[.\[`]", where)[0]
        raise PromptError(f"{what[:1].lower()}{what[1:]} ({path}:{_line_of(key, lines)}, {key})") from None


def _line_of(key: str, lines: list[str]) -> int:
    starts = (key, f'"{key}"', f"'{key}'")
    return next((number for number, line in enumerate(lines, 2) if line.startswith(starts)), 1)


def _sections(lines: list[str], start: int, path: str) -> list[Section]:
    heads = list(_headings(lines, start, path))
    if not heads:
        return [_section("user", lines, start, len(lines), path)]
    for number in range(start, heads[0][0]):
        if lines[number]:
            raise PromptError(
                f"text before the first role heading belongs to no message ({path}:{number + 1})",
                hint="put it under `# system`, or leave the headings out for one user message",
            )
    ends = [number for number, _ in heads[1:]] + [len(lines)]
    return [_section(role, lines, head + 1, end, path) for (head, role), end in zip(heads, ends, strict=True)]


def _headings(lines: list[str], start: int, path: str) -> Iterable[tuple[int, Role]]:
    """(line index, role) of every role heading. Those inside a fenced code block are code."""
    fence, opened = "", 0
    hidden = None  # the first heading inside the fence that is open
    for number in range(start, len(lines)):
        line = lines[number]
        heading = _ROLE.fullmatch(line)
        mark = _FENCE.fullmatch(line)
        if fence:
            hidden = hidden or (heading and number)
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence, hidden = "", None
        elif mark:
            fence, opened = mark[1], number
        elif heading:
            yield number, _role(heading, f"{path}:{number + 1}")
    if fence and hidden:
        raise PromptError(
            f"the code block is not closed, and hides a role heading ({path}:{opened + 1})", hint=f"end it with {fence}"
        )


def _role(heading: re.Match[str], place: str) -> Role:
    for role in ("system", "user", "assistant"):
        if heading[1] == role:
            return role
    raise PromptError(
        f"`{heading[0]}` could be a role or a title ({place})",
        hint=f"write `{heading[0].lower()}` for the role, `\\{heading[0]}` for the title",
    )


def _section(role: Role, lines: list[str], start: int, end: int, path: str) -> Section:
    while start < end and not lines[start]:
        start += 1
    text = "\n".join(line[1:] if _ESCAPED_ROLE.fullmatch(line) else line for line in lines[start:end]).rstrip("\n")
    if not text:
        raise PromptError(f"the {role} message is empty ({path}:{start})")
    return Section(role, text, start + 1)
