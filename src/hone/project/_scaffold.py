"""`hone init`: a small project that answers questions without any key or download."""

import json
from pathlib import Path

from hone.errors import ProjectError
from hone.project._check import NAME

_TEMPLATE = Path(__file__).with_name("template")


def scaffold(folder: Path | str, name: str) -> list[Path]:
    """Write the sample project `name` into `folder`; the files that were written.

    Raises:
        ProjectError: `name` cannot be a name, or a file is in the way. Nothing is written then.
    """
    if NAME.fullmatch(name) is None:
        raise ProjectError(f"{name!r} cannot be a project's name", hint="letters, digits and _ . -")
    root = Path(folder)
    sources = sorted(path for path in _TEMPLATE.rglob("*") if path.is_file())
    targets = [root / _target(path.relative_to(_TEMPLATE)) for path in sources]
    for target in targets:
        if target.exists():
            raise ProjectError(
                f"{target} already exists", hint="choose an empty folder: `hone init` overwrites nothing"
            )
    for source, target in zip(sources, targets, strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text("utf-8").replace('"PROJECT"', json.dumps(name, ensure_ascii=False))
        target.write_text(text, "utf-8")
    return targets


def _target(path: Path) -> Path:
    # A file of that name in our own tree would hide files from our git.
    return path.with_name(".gitignore") if path.name == "gitignore" else path
