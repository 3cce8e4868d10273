"""`hone cache` as a person and a script use it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = 'project = "p"\n[models.echo]\nuse = "fake/echo"\n[tasks.often]\nmodels = ["echo"]\ncache = "1h"\n'


@pytest.fixture
def hone(tmp_path: Path):
    (tmp_path / "hone.toml").write_text(PROJECT)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HONE_")}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hone", *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return run


def test_what_is_kept_is_shown_and_cleared(hone) -> None:
    assert "nothing is kept" in hone("cache", "show").stderr
    for text in ("one", "two"):
        assert hone("run", "often", text).stdout.strip() == text
    (row,) = json.loads(hone("cache", "show", "--json").stdout)["items"]
    assert (row["task"], row["environment"], row["entries"]) == ("often", "production", 2)
    assert "often" in hone("cache", "show").stdout
    wrong = hone("cache", "clear", "--task", "oftn")
    assert (wrong.returncode, "did you mean `often`?" in wrong.stderr) == (2, True)
    assert json.loads(hone("cache", "clear", "--task", "often", "--json").stdout) == {"cleared": 2}
    assert json.loads(hone("cache", "show", "--json").stdout)["items"] == []
    assert "cleared: 0 answers" in hone("cache", "clear").stderr
