"""An environment for the peers of a benchmark, apart from ours so that neither changes the other's packages."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / ".bench"


def environment(name: str, requirements: list[str]) -> Path:
    """The Python of an environment that holds `requirements`, made when it is not there yet."""
    folder = _folder(name, requirements)
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"installing the peers of {name} ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements], check=True
        )
        (folder / "complete").touch()
    return python


def installed(name: str, requirements: list[str]) -> Path | None:
    """The Python of that environment if it is there already."""
    folder = _folder(name, requirements)
    return folder / "bin" / "python" if (folder / "complete").exists() else None


def node_package(name: str, package: str, overrides: dict[str, str], install: bool) -> Path | None:
    """The folder of an npm package in an environment of its own; None when it is not there and is not to be had.

    `overrides` are the versions of what it stands on, wherever in the tree.
    """
    folder = _folder(name, [package, *map("@".join, overrides.items())])
    if not (folder / "complete").exists():
        if not install or shutil.which("npm") is None:
            return None
        print(f"installing the peers of {name} ...", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(json.dumps({"dependencies": {package: "*"}, "overrides": overrides}))
        options = ["--silent", "--no-fund", "--no-audit", "--ignore-scripts"]
        subprocess.run(["npm", "install", "--prefix", folder, *options], check=True)
        (folder / "complete").touch()
    return folder / "node_modules" / package


def _folder(name: str, requirements: list[str]) -> Path:
    mark = hashlib.sha256("\n".join(requirements).encode()).hexdigest()[:12]
    return FOLDER / f"{name}-{mark}"
