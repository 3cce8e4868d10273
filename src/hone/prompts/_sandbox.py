"""Jinja2 made safe for text that others may have written: plain data, bounded work, bounded size.

A template cannot reach Python, and it cannot keep the process busy: every loop step and every character written is
charged to a budget. What could multiply beyond it (macros, recursive loops, padding filters) is left out.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from jinja2 import StrictUndefined, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_STEPS = 100_000
"""Loop steps of one rendering, inner loops included."""
MAX_OUTPUT = 1_000_000
"""Characters of one rendering, and of any text or list on the way to it."""
MAX_SECONDS = 2.0
_MAX_BITS = 10_000  # of an integer

_FORBIDDEN: dict[type[nodes.Node], str] = {
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.FilterBlock: "filter",
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
    nodes.Block: "block",
}
# Left out: what pads or repeats, picks at random, or makes HTML.
_FILTERS = """
    abs capitalize count d default dictsort first float groupby int items last length list lower map max min reject
    rejectattr select selectattr sort sum title trim truncate unique upper wordcount
"""
_METHODS = """
    capitalize casefold count endswith find get index isalnum isalpha isdecimal isdigit islower isspace istitle isupper
    items keys lower lstrip partition removeprefix removesuffix rpartition rsplit rstrip split splitlines startswith
    strip title upper values
"""


class TooMuch(Exception):
    """The template asks for more work or text than a prompt may."""


class Budget:
    """What one rendering may still do."""

    def __init__(self) -> None:
        self._steps = MAX_STEPS
        self._characters = MAX_OUTPUT
        self._until = time.monotonic() + MAX_SECONDS

    def step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise TooMuch(f"the loops make more than {MAX_STEPS:,} steps")
        if time.monotonic() > self._until:
            raise TooMuch(f"rendering takes more than {MAX_SECONDS:g} seconds")

    def write(self, characters: int) -> None:
        self._characters -= characters
        if self._characters < 0:
            raise TooMuch(f"the text is longer than {MAX_OUTPUT:,} characters")


budget: ContextVar[Budget] = ContextVar("budget")


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment that prompts are compiled in."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        # A prompt is text for a model, not HTML: escaping would turn "AT&T" into "AT&amp;T".
        super().__init__(undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)
        self.finalize = _charged
        builtin = self.filters
        self.filters = {name: builtin[name] for name in _FILTERS.split()}
        self.filters.update(join=_join, replace=_replace, round=_round, indent=_indent, string=_text, tojson=_tojson)
        self.filters.update(_steps=_steps, _concat=_concat)
        self.globals = {"range": _range, "namespace": self.globals["namespace"], "dict": dict}

    def getattr(self, obj: Any, attribute: str) -> Any:
        # `passage.items` of a value means its field; Jinja would find the method of dict first.
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        plain = attr in _METHODS.split() if isinstance(obj, str | int | float | list | tuple | dict) else True
        return plain and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> None:
        """Nothing is formatted: `"{:999999999}".format(1)` is a gigabyte."""

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        _check_operation(operator, left, right)
        return super().call_binop(context, operator, left, right)


def prepare(tree: nodes.Template) -> None:
    """Refuse what prompts do not have, and have every loop and concatenation charged.

    Raises:
        SecurityError: the template uses something that is left out; the message ends in `line N`.
    """
    for kind, name in _FORBIDDEN.items():
        if (found := tree.find(kind)) is not None:
            raise SecurityError(f"prompts have no `{{% {name} %}}`, line {found.lineno}")
    for loop in tree.find_all(nodes.For):
        if loop.recursive:
            raise SecurityError(f"prompts have no recursive loops, line {loop.lineno}")
        text = sum(len(data.data) for data in loop.find_all(nodes.TemplateData))
        loop.iter = _filter(loop.iter, "_steps", nodes.Const(text, lineno=loop.lineno))
    _charge_concatenations(tree)


def _charge_concatenations(node: nodes.Node) -> None:
    for child in node.iter_child_nodes():
        _charge_concatenations(child)
    for name, value in list(node.iter_fields()):
        if isinstance(value, nodes.Concat):
            setattr(node, name, _checked_concat(value))
        elif isinstance(value, list):
            setattr(node, name, [_checked_concat(each) if isinstance(each, nodes.Concat) else each for each in value])


def _checked_concat(node: nodes.Concat) -> nodes.Filter:
    return _filter(nodes.List(node.nodes, lineno=node.lineno), "_concat")


def _filter(node: Any, name: str, *args: nodes.Expr) -> nodes.Filter:
    made = nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)
    made.set_environment(node.environment)
    return made


@pass_context
def _charged(_context: Context, value: Any) -> Any:
    text = _text(value)
    budget.get().write(len(text))
    return text


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    _check_plain(value)
    return str(value)


def _check_plain(value: Any) -> None:
    """Plain data alone, and not too much of it: a list of lists of lists can be small in memory and endless as text."""
    waiting, seen = [value], 0
    while waiting:
        item = waiting.pop()
        seen += 1
        if isinstance(item, Mapping):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list | tuple):
            waiting += item
        elif isinstance(item, Undefined):
            str(item)  # raises, and says which variable it is
        elif not (item is None or isinstance(item, str | int | float)):
            raise SecurityError(f"a {type(item).__name__} is no text for a prompt")
        if seen + len(waiting) > MAX_OUTPUT:
            raise TooMuch(f"a value is longer than {MAX_OUTPUT:,}")


def _steps(items: Iterable[Any], text: int) -> Iterator[Any]:
    """The items of a loop; each step pays for itself and for the `text` characters that the loop's body writes."""
    left = budget.get()
    for item in items:
        left.step()
        left.write(text)
        yield item


def _check_size(size: int) -> None:
    if size > MAX_OUTPUT:
        raise TooMuch(f"a value is longer than {MAX_OUTPUT:,}")


def _check_operation(operator: str, left: Any, right: Any) -> None:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, str | list | tuple):
            if operator == "%":
                raise SecurityError("prompts do not format with `%`: write the values where they belong")
            _check_size(len(one) * max(0, other) if isinstance(other, int) else len(one) + _length(other))
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * max(1, right) if operator == "**" else left.bit_length() + right.bit_length()
        if bits > _MAX_BITS:
            raise TooMuch("a number is too large")


def _length(value: Any) -> int:
    return len(value) if hasattr(value, "__len__") else 0


def _concat(values: list[Any]) -> str:
    texts = [_text(value) for value in values]
    _check_size(sum(map(len, texts)))
    return "".join(texts)


def _join(value: Iterable[Any], d: str = "", attribute: str | None = None) -> str:
    texts = [_text(item[attribute] if attribute else item) for item in value]
    _check_size(sum(map(len, texts)) + len(d) * len(texts))
    return d.join(texts)


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    _check_size(len(text) + text.count(old) * len(new))
    return text.replace(old, new, count)


def _round(value: float, precision: int = 0) -> float:
    return round(value, max(-20, min(20, precision)))


def _indent(text: str, width: int = 4, first: bool = False) -> str:
    padding = " " * max(0, min(40, width))
    lines = text.splitlines()
    _check_size(len(text) + len(padding) * len(lines))
    padded = [padding + line if line and (first or number) else line for number, line in enumerate(lines)]
    return "\n".join(padded)


def _tojson(value: Any, indent: int | None = None) -> str:
    _check_plain(value)
    return json.dumps(value, ensure_ascii=False, indent=None if indent is None else max(0, min(8, indent)))


def _range(*limits: int) -> range:
    made = range(*limits)
    if len(made) > MAX_STEPS:
        raise TooMuch(f"a range is longer than {MAX_STEPS:,}")
    return made
