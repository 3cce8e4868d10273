"""`file://` references: where they lead, and what stands there."""

from pathlib import Path
from typing import Any

from hone.evals.interop._document import Document, Keys, read_document, text_of

_CODE = {".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"}


def is_file(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("file://")


def split(reference: str) -> tuple[str, str | None]:
    """The path and the function behind a colon: `file://grade.py:polite`."""
    path = reference.removeprefix("file://")
    head, colon, tail = path.rpartition(":")
    return (head, tail) if colon and Path(head).suffix in (".py", *_CODE) else (path, None)


def found(reference: str, at: Document, keys: Keys) -> list[Path]:
    """The files that a reference means; `*` in it means several. All lie in the folder of the config.

    Raises:
        ProjectError: there is none, or one lies elsewhere or is hidden.
    """
    name, _ = split(reference)
    refuse_code(name, at, keys)
    if any(letter in name for letter in "*?["):
        base, pattern = (
            (Path("/"), name.lstrip("/")) if name.startswith("/") else (at.path.parent, name.removeprefix("./"))
        )
        paths = sorted(path for path in base.glob(pattern) if path.is_file())
    else:
        paths = [at.path.parent / name] if (at.path.parent / name).is_file() else []
    for path in paths:
        _check_within(path, name, at, keys)
    if not paths:
        raise at.error(f"no file {name!r}", keys, f"paths are relative to {at.path.parent}")
    return paths


def _check_within(path: Path, name: str, at: Document, keys: Keys) -> None:
    """What a config names ends in a dataset, and its author is not always who runs it."""
    folder, file = at.within.resolve(), path.resolve()
    if not file.is_relative_to(folder):
        raise at.error(f"{name!r} lies outside of the config's folder", keys, f"copy it into {folder}")
    if any(each.startswith(".") for each in file.relative_to(folder).parts):
        raise at.error(f"{name!r} is a hidden file", keys, "files such as .env hold secrets: copy what is none")


def refuse_code(name: str, at: Document, keys: Keys) -> None:
    """
    Raises:
        ProjectError: it is JavaScript, which hone does not run.
    """
    if Path(name).suffix in _CODE:
        way = f"write it in Python: file://{Path(name).with_suffix('.py')}"
        raise at.no_counterpart(f"{name!r} is JavaScript, which is not run here", keys, way)


def content(reference: str, at: Document, keys: Keys) -> Any:
    """What a referenced file holds: YAML and JSON as values, anything else as text.

    Raises:
        ProjectError: it cannot be read.
    """
    path = found(reference, at, keys)[0]
    if path.suffix in (".yaml", ".yml", ".json"):
        return read_document(path, shown(path, at), at.within).value
    if path.suffix in (".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf", ".mp4", ".mp3", ".wav"):
        raise at.error(f"{path.name} is no text", keys, "examples hold text: leave images and sound out")
    return text_of(path, shown(path, at)).rstrip("\n")


def shown(path: Path, at: Document) -> str:
    """How a file is named beside the one that mentions it."""
    try:
        return str(path.relative_to(at.path.parent))
    except ValueError:
        return str(path)


def mapping(value: Any, at: Document, keys: Keys, what: str) -> dict[str, Any]:
    """
    Raises:
        ProjectError: it is no mapping.
    """
    if not isinstance(value, dict):
        raise at.error(f"{what} is {kind(value)}, and should be a mapping of names to values", keys)
    return {str(key): each for key, each in value.items()}


def listed(value: Any, at: Document, keys: Keys, what: str) -> list[Any]:
    """
    Raises:
        ProjectError: it is no list.
    """
    if not isinstance(value, list):
        raise at.error(f"{what} is {kind(value)}, and should be a list", keys, "begin each item with `- `")
    return value


def kind(value: Any) -> str:
    names: dict[type, str] = {dict: "a mapping", list: "a list", str: "a text", bool: "a boolean", int: "a number"}
    return "nothing" if value is None else names.get(type(value), f"a {type(value).__name__}")
