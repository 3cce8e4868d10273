"""What a task takes and gives: fields with their types in hone.toml, or a JSON Schema in a file of its own."""

import json
from pathlib import Path
from typing import Any

from hone.core import TYPES, SchemaProblem, compiled, object_schema, to_json
from hone.project._lines import Keys
from hone.project._reader import Source


def schema_of(given: dict[str, Any] | str | None, root: Path, source: Source, path: Keys) -> dict[str, Any] | None:
    """The JSON Schema that `given` says.

    Raises:
        ProjectError: a type is none, or the file holds no JSON Schema.
    """
    if given is None:
        return None
    if isinstance(given, str):
        return _read(given, root, source, path)
    for name, kind in given.items():
        if kind not in TYPES:
            raise source.unknown(f"{kind!r} is no type", (*path, name), str(kind), TYPES)
    return object_schema(given)


def _read(file: str, root: Path, source: Source, path: Keys) -> dict[str, Any]:
    try:
        found = json.loads((root / file).read_bytes())
        problem = "it holds no JSON object"
        if isinstance(found, dict):
            compiled(to_json(found).encode())
            return found
    except SchemaProblem as error:
        problem = f"{error.message} (at {error.path})"
    except (OSError, ValueError, RecursionError) as error:
        problem = str(error)
    raise source.error(f"{file!r} is no JSON Schema: {problem}", path, 'or write { field = "string" }')
