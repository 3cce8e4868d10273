"""`hone evals import`."""

import json
import os
import subprocess
import sys
from pathlib import Path

CONFIG = """
prompts: ["Say {{ word }}"]
providers: [echo]
tests:
  - vars: { word: la }
    assert: [{ type: contains, value: la }]
"""


def hone(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HONE_")}
    return subprocess.run(
        [sys.executable, "-m", "hone", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_folder_with_a_config_becomes_a_project_that_runs(tmp_path: Path) -> None:
    (tmp_path / "promptfooconfig.yaml").write_text(CONFIG)
    done = hone(tmp_path, "evals", "import", "promptfooconfig.yaml", "--name", "songs", "--json")
    assert done.returncode == 0, done.stderr
    taken = json.loads(done.stdout)
    assert taken["files"] == ["prompts/prompt-1.prompt.md", "datasets/songs.jsonl", "hone.toml"]
    ran = hone(tmp_path, "evals", "run", *taken["targets"], "--data", "songs", "-e", "latency", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["calls"] == 1
    again = hone(tmp_path, "evals", "import", "promptfooconfig.yaml", "--name", "songs")
    assert again.returncode == 2
    assert "nothing is overwritten" in again.stderr


def test_in_a_project_it_tells_what_goes_to_hone_toml(tmp_path: Path) -> None:
    (tmp_path / "promptfooconfig.yaml").write_text(CONFIG)
    (tmp_path / "hone.toml").write_text('project = "p"\n')
    done = hone(tmp_path, "evals", "import", "promptfooconfig.yaml", "--name", "songs")
    assert done.returncode == 0, done.stderr
    assert "[tasks.songs]\n" in done.stdout
    (tmp_path / "hone.toml").write_text(f'project = "p"\n{done.stdout}')
    assert hone(tmp_path, "evals", "run", "songs", "--data", "songs", "-e", "latency").returncode == 0
    assert (tmp_path / "hone.toml").read_text().count("[tasks.songs]") == 1


def test_a_report_is_written_for_people_and_for_ci(tmp_path: Path) -> None:
    (tmp_path / "promptfooconfig.yaml").write_text(CONFIG)
    hone(tmp_path, "evals", "import", "promptfooconfig.yaml", "--name", "songs")
    ran = hone(
        tmp_path, "evals", "run", "songs", "--data", "songs", "-e", "exact", "-e", "latency", "--junit", "run.xml"
    )
    assert ran.returncode == 0, ran.stderr
    done = hone(
        tmp_path, "evals", "report", "--html", "out/report.html", "--junit", "out/report.xml", "--github", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["calls"] == 1, "the commands for GitHub are talk, not data"
    assert "::notice title=hone evals::" in done.stderr
    assert (tmp_path / "out" / "report.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "out" / "report.xml").read_text() == (tmp_path / "run.xml").read_text()


def test_a_config_runs_as_it_stands_and_what_was_asked_is_kept(tmp_path: Path) -> None:
    tests = CONFIG + "  - vars: { word: lo }\n    assert: [{ type: contains, value: la }]\n"
    (tmp_path / "promptfooconfig.yaml").write_text(tests.replace("[echo]", "[echo, { id: echo, label: other }]"))
    done = hone(tmp_path, "evals", "promptfoo", "promptfooconfig.yaml", "--json", "--html", "report.html")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    passes = {each["variant"]: (each["mean"], each["n"]) for each in made["summaries"] if each["metric"] == "pass"}
    assert passes == {"baseline": (0.5, 2), "other": (0.5, 2)}, "each test is judged by its own assertions"
    assert "pass" in (tmp_path / "report.html").read_text()
    again = hone(tmp_path, "evals", "promptfoo", "promptfooconfig.yaml", "--json")
    assert json.loads(again.stdout)["experiment"]["id"] == made["experiment"]["id"]
    broken = hone(tmp_path, "evals", "promptfoo", "promptfooconfig.yaml", "--limt", "2")
    assert broken.returncode == 2
    assert "--limit" in broken.stderr
