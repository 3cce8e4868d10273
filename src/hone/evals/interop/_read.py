"""One way in: a config is promptfoo's or of OpenAI's evals, by what it says."""

from pathlib import Path

from hone.errors import ProjectError
from hone.evals.interop._document import read_document
from hone.evals.interop._imported import Imported
from hone.evals.interop._openai_evals import read_openai
from hone.evals.interop._promptfoo import read_promptfoo


def read(path: Path | str, *, name: str | None = None, model: str | None = None, leave_out: bool = False) -> Imported:
    """A `promptfooconfig.yaml`, or a registry file of OpenAI's evals (`evals/registry/evals/*.yaml`).

    `name` is the task's; of a registry file with several evals also which one is meant. `model` answers where the
    config names none, as `provider/name`. With `leave_out`, assertions of promptfoo that have no counterpart here, such
    as JavaScript, are left out and told in the notes.

    Raises:
        ProjectError: something in it is wrong or has no place here; with file, line and the way out.
    """
    file = Path(path)
    if file.suffix in (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"):
        raise ProjectError(f"{file.name} is JavaScript, which is not run here", hint="save the config as YAML or JSON")
    value = read_document(file).value
    if isinstance(value, dict) and any(isinstance(each, dict) and "class" in each for each in value.values()):
        return read_openai(file, name=name, model=model)
    return read_promptfoo(file, name, leave_out=leave_out)
