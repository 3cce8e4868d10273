"""Nunjucks templates, as promptfoo has them, turned into what hone's own sandbox renders."""

import re
from collections.abc import Mapping
from typing import Any

from hone.errors import PromptError
from hone.prompts import parse

_MARK = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_ENV = re.compile(r"\{\{-?\s*env(?:\.(\w+)|\[['\"](\w+)['\"]\])\s*-?\}\}")
_NAME = re.compile(r"[A-Za-z_]\w*")

# What Nunjucks writes in another way than Jinja2. Texts in quotes are left alone.
_WORDS = (
    (re.compile(r"==="), "=="),
    (re.compile(r"!=="), "!="),
    (re.compile(r"&&"), " and "),
    (re.compile(r"\|\|"), " or "),
    (re.compile(r"\|\s*dump\b(?:\(\s*\d*\s*\))?"), "| tojson"),
    (re.compile(r"\|\s*safe\b"), ""),
    (re.compile(r"^(\{%-?\s*)elseif\b"), r"\1elif"),
    (re.compile(r"\.length\b"), " | length"),
)
_NO_SECRETS = "what tests hold is written into a dataset, where no secret belongs: write the value itself"
_QUOTED = re.compile(r"(\"[^\"]*\"|'[^']*')")


def is_template(text: str) -> bool:
    return "{{" in text or "{%" in text


def jinja(text: str) -> str:
    """A Nunjucks template as Jinja2 reads it."""
    return _MARK.sub(lambda found: _translated(found[0]), text)


def _translated(tag: str) -> str:
    parts = _QUOTED.split(tag)
    for pattern, new in _WORDS:
        parts = [part if number % 2 else pattern.sub(new, part) for number, part in enumerate(parts)]
    return "".join(parts)


def variables(text: str) -> tuple[str, ...]:
    """The names that a template asks for.

    Raises:
        PromptError: it is none.
    """
    return parse(source(text), "template").variables if is_template(text) else ()


def render(text: str, values: Mapping[str, Any], where: str) -> str:
    """The template with its values; as in promptfoo, a name that nobody gives is an empty text.

    Raises:
        PromptError: it is no template, does what the sandbox refuses, or reads the environment; `where` is told.
    """
    if not is_template(text):
        return text
    try:
        made = parse(source(text), where)
        if "env" in made.variables and "env" not in values:
            raise PromptError("it reads the environment", hint=_NO_SECRETS)
        known = dict.fromkeys(made.variables, "") | {key: each for key, each in values.items() if _NAME.fullmatch(key)}
        return str(made.render(**known)[0]["content"])
    except PromptError as problem:
        what = re.sub(r" \([^()]*\)$", "", problem.message)
        raise PromptError(f"the template cannot be rendered: {what} ({where})", hint=problem.hint) from None


def source(text: str) -> str:
    """The text as the one user message of a prompt file."""
    return f"# user\n\n{escaped(jinja(text))}\n"


def escaped(text: str) -> str:
    """A line that would open a message is a title here."""
    return re.sub(r"(?im)^(# (?:system|user|assistant))\s*$", r"\\\1", text)


def reference(text: str) -> str:
    """`{{ env.NAME }}` as hone.toml refers to a secret."""
    return _ENV.sub(lambda found: f"${{{found[1] or found[2]}}}", text)
