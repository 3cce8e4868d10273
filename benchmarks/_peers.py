"""An environment for the peers of a benchmark, apart from ours so that neither changes the other's packages."""

import hashlib
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / ".bench"


def environment(name: str, requirements: list[str]) -> Path:
    """The Python of an environment that holds `requirements`, made when it is not there yet."""
    mark = hashlib.sha256("\n".join(requirements).encode()).hexdigest()[:12]
    folder = FOLDER / f"{name}-{mark}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"installing the peers of {name} ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements], check=True
        )
        (folder / "complete").touch()
    return python
