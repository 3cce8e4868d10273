"""`hone init`: the sample project."""

from pathlib import Path

import pytest

from hone.errors import ProjectError
from hone.project import load, scaffold


def test_the_sample_project_loads_without_any_key(tmp_path: Path) -> None:
    written = scaffold(tmp_path / "new", "parcels")
    project = load(tmp_path / "new", {})
    assert project.name == "parcels"
    assert [model.missing for model in project.models.values()] == [()]
    assert project.tasks["answer"].variant_names == ["baseline", "brief"]
    assert all(path.is_file() for path in written)
    assert list((tmp_path / "new").glob(project.knowledge["handbook"].sources[0]))


def test_the_commented_lines_of_the_sample_work_too(tmp_path: Path) -> None:
    scaffold(tmp_path, "parcels")
    path = tmp_path / "hone.toml"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line.removeprefix("# ") if "=" in line or "# [" in line else line for line in lines))
    project = load(tmp_path, {})
    assert project.models["fast"].missing == ("OPENAI_API_KEY",)
    assert project.releases["answer"]["production"] == {"baseline": 0.9, "brief": 0.1}


def test_state_is_kept_out_of_git(tmp_path: Path) -> None:
    scaffold(tmp_path, "parcels")
    assert ".hone/" in (tmp_path / ".gitignore").read_text().splitlines()


def test_nothing_is_written_where_a_file_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "hone.toml").write_text("mine")
    with pytest.raises(ProjectError, match=r"hone\.toml already exists"):
        scaffold(tmp_path, "parcels")
    assert [path.name for path in tmp_path.iterdir()] == ["hone.toml"]


def test_a_name_that_the_project_could_not_carry_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="cannot be a project's name"):
        scaffold(tmp_path, 'my "app"')
