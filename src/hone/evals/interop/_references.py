"""`$ref: "#/assertionTemplates/short"`: one part of a config used in several places."""

from typing import Any

from hone.evals.interop._document import Document, Keys

_DEEP = 40


def resolved(at: Document) -> Any:
    """The document's value, its references replaced by what they mean.

    Raises:
        ProjectError: one leads nowhere, or into itself.
    """
    return _resolved(at.value, at, (), 0)


def _resolved(value: Any, at: Document, keys: Keys, deep: int) -> Any:
    if deep > _DEEP:
        raise at.error("a reference leads into itself", keys)
    if isinstance(value, list):
        return [_resolved(each, at, (*keys, str(number)), deep) for number, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    target = value.get("$ref")
    if isinstance(target, str):
        return _resolved(_found(target, at, (*keys, "$ref")), at, keys, deep + 1)
    return {key: _resolved(each, at, (*keys, str(key)), deep) for key, each in value.items()}


def _found(target: str, at: Document, keys: Keys) -> Any:
    value = at.value
    if not target.startswith("#/"):
        raise at.error(f"the reference {target!r} leads out of the file", keys, '$ref: "#/assertionTemplates/NAME"')
    for step in target[2:].split("/"):
        if not isinstance(value, dict) or step not in value:
            raise at.error(f"the reference {target!r} leads nowhere: there is no `{step}`", keys)
        value = value[step]
    return value
