"""Secrets: hone.toml is committed, so it holds `${NAME}` where a key belongs, never the key."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hone.project._lines import Keys
from hone.project._reader import Source

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_RESOLVED = ("base_url", "api_key")  # of a model
# Keys of OpenAI and Anthropic, AWS, Google, GitHub, Hugging Face, Slack; a password inside a URL.
_SECRET = re.compile(
    r"\b(sk-[A-Za-z0-9_-]{12,}|AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,}|gh[pousr]_[A-Za-z0-9]{20,}|hf_[A-Za-z0-9]{20,}"
    r"|xox[abp]-[A-Za-z0-9-]{10,})|://[^/\s:@]+:[^/\s@$]+@"
)
_HINT = 'write "${NAME}" and set the environment variable NAME'


def refuse_secrets(raw: Mapping[str, Any], source: Source) -> None:
    """
    Raises:
        ProjectError: a secret stands in the file, or a reference stands where it is not resolved.
    """
    for path, text in _strings(raw, ()):
        resolved = len(path) == 3 and path[0] == "models" and path[2] in _RESOLVED
        literal_key = resolved and path[2] == "api_key" and not _REFERENCE.search(text)
        if literal_key or _SECRET.search(text):
            raise source.error("a secret does not belong in a file that is shared", path, _HINT)
        if not resolved and _REFERENCE.search(text):
            raise source.error(
                "a `${NAME}` is read in a model's base_url and api_key alone",
                path,
                "write the value itself; HONE_HOME, HONE_DATABASE_URL and HONE_BLOBS_URL say where state is kept",
            )


def resolve(fields: dict[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a model with its references resolved, and the names of the variables that are not set.

    What cannot be resolved is an error when the model is used, not before: a project may name models that this
    machine has no key for.
    """
    found = dict(fields)
    missing: list[str] = []
    for key in _RESOLVED:
        text = fields.get(key)
        if text is None:
            continue
        unset = [name for name in _REFERENCE.findall(text) if not env.get(name)]
        missing += unset
        if not unset:
            found[key] = _REFERENCE.sub(lambda match: env[match[1]], text)
        elif key == "api_key":
            found[key] = None
    return {**found, "missing": tuple(dict.fromkeys(missing))}


def _strings(value: Any, path: Keys) -> Iterator[tuple[Keys, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _strings(item, (*path, str(number)))
