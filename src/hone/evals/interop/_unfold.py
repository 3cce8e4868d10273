"""What was imported as files: taken over into a project, or a project of its own beside the config."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from hone.errors import ProjectError
from hone.evals.interop._imported import Imported
from hone.evals.interop._read import read


class Unfolded(Struct, frozen=True, kw_only=True):
    """A project made of a config: where it is, what to run in it, and over which dataset."""

    folder: Path
    targets: tuple[str, ...]
    dataset: str
    notes: tuple[str, ...]


def taken_over(imported: Imported, folder: Path) -> list[Path]:
    """Write prompts and dataset into the project of `folder`, and hone.toml where there is none.

    All files are there afterwards, or none; nothing is overwritten.

    Raises:
        ProjectError: a file is in the way, or cannot be written.
    """
    files = _files(imported)
    toml = folder / "hone.toml"
    if not toml.exists():
        files["hone.toml"] = _project(imported)
    targets = {folder / name: text for name, text in files.items()}
    for target in targets:
        if target.exists():
            raise ProjectError(f"{target} is there already, and nothing is overwritten", hint="choose another --name")
    _write_new(targets)
    return list(targets)


def keep_code(code: Mapping[str, str], folder: Path) -> None:
    """Write the Python of tests into the project of `folder`. The names say what is in the files, so that one which is
    there already is the same.

    Raises:
        ProjectError: a file cannot be written.
    """
    targets = {folder / name: text for name, text in code.items()}
    _write_new({target: text for target, text in targets.items() if not target.exists()})


def unfold(
    path: Path | str, folder: Path | None = None, *, model: str | None = None, leave_out: bool = False
) -> Unfolded:
    """The project of a config, kept up to date in `.hone/imported/NAME` beside it; results stay there between runs.

    Raises:
        ProjectError: the config is wrong, or the files cannot be written.
    """
    file = Path(path)
    imported = read(file, model=model, leave_out=leave_out)
    root = folder or file.resolve().parent / ".hone" / "imported" / file.stem
    try:
        for name, text in {**_files(imported), "hone.toml": _project(imported)}.items():
            target = root / name
            if not target.exists() or target.read_text("utf-8") != text:
                target.parent.mkdir(parents=True, exist_ok=True)
                Path(_beside(target, text)).replace(target)
    except OSError as problem:
        raise ProjectError(f"{root} cannot be written: {problem.strerror}") from None
    return Unfolded(folder=root, targets=imported.targets, dataset=imported.task, notes=imported.notes)


def _files(imported: Imported) -> dict[str, str]:
    made = {f"prompts/{each.name}.prompt.md": each.source for each in imported.prompts}
    lines = [json.dumps(msgspec.to_builtins(each), ensure_ascii=False) for each in imported.examples]
    return made | dict(imported.code) | {f"datasets/{imported.task}.jsonl": "\n".join(lines) + "\n"}


def _project(imported: Imported) -> str:
    return f"project = {json.dumps(imported.task)}\n{imported.top()}\n{imported.toml()}"


def _write_new(targets: Mapping[Path, str]) -> None:
    made: list[Path] = []
    try:
        for target, text in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            beside = _beside(target, text)
            try:
                os.link(beside, target)  # fails where a file has come meanwhile
                made.append(target)
            finally:
                Path(beside).unlink()
    except OSError as problem:
        for target in made:
            target.unlink(missing_ok=True)
        raise ProjectError(f"cannot write the files: {problem.strerror} ({problem.filename})") from None


def _beside(target: Path, text: str) -> str:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fchmod(file.fileno(), 0o644)
        os.fsync(file.fileno())
    return name
