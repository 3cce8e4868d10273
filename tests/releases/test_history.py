"""Releases: hone.toml seeds the first one, the history decides from then on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hone.errors import CallError
from hone.project import Project, load
from hone.releases import apply, current, history
from hone.store import Catalog, open_database

FILE = """
project = "p"
[tasks.answer.variants.concise]
[tasks.sort]
[releases.answer]
production = { baseline = 0.95, concise = 0.05 }
staging = { concise = 1 }
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    engine = open_database(f"sqlite:///{tmp_path}/hone.db")
    yield Catalog(engine)
    engine.dispose()


def project(folder: Path, text: str = FILE, **env: str) -> Project:
    (folder / "hone.toml").write_text(text)
    return load(folder, env)


def test_the_first_release_is_what_hone_toml_says(catalog: Catalog, tmp_path: Path) -> None:
    p = project(tmp_path)
    assert current(catalog, p, "production", "answer") == {"baseline": 0.95, "concise": 0.05}
    assert current(catalog, p, "staging", "answer") == {"concise": 1.0}
    assert [(each.action, each.by) for each in history(catalog, p, "production", "answer")] == [("seed", "hone.toml")]


def test_asking_again_adds_nothing_to_the_history(catalog: Catalog, tmp_path: Path) -> None:
    p = project(tmp_path)
    assert current(catalog, p, "production", "answer") == current(catalog, p, "production", "answer")
    assert len(history(catalog, p, "production", "answer")) == 1


def test_a_task_without_a_release_is_answered_by_its_baseline(catalog: Catalog, tmp_path: Path) -> None:
    p = project(tmp_path, HONE_ENV="laptop")
    for environment in ("production", "staging", "laptop"):
        assert current(catalog, p, environment, "sort") == {"baseline": 1.0}


def test_an_environment_or_task_that_there_is_not_has_no_release_and_gets_none(
    catalog: Catalog, tmp_path: Path
) -> None:
    p = project(tmp_path)
    assert current(catalog, p, "concisse", "answer") == {}
    assert current(catalog, p, "production", "anwser") == {}
    assert history(catalog, p, "concisse", "answer") == []


def test_edited_shares_wait_until_they_are_applied(catalog: Catalog, tmp_path: Path) -> None:
    current(catalog, project(tmp_path), "production", "answer")
    edited = project(tmp_path, FILE.replace("0.95", "0.5").replace("0.05", "0.5"))
    assert current(catalog, edited, "production", "answer") == {"baseline": 0.95, "concise": 0.05}
    applied = apply(catalog, edited, "production", "answer", by="ann", reason="more of it")
    assert current(catalog, edited, "production", "answer") == {"baseline": 0.5, "concise": 0.5}
    assert (applied.action, applied.by, applied.reason) == ("apply", "ann", "more of it")
    assert [each.action for each in history(catalog, edited, "production", "answer")] == ["apply", "seed"]


def test_applying_where_there_is_nothing_says_where_to_write_it(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(CallError, match=r"(?s)no release of 'sort' in 'moon'.*\[releases\.sort\]"):
        apply(catalog, project(tmp_path), "moon", "sort", by="ann")
    with pytest.raises(CallError, match="no release of 'none'"):
        apply(catalog, project(tmp_path), "production", "none", by="ann")


def test_a_variant_that_was_removed_gets_no_traffic(catalog: Catalog, tmp_path: Path) -> None:
    p = project(tmp_path)
    catalog.add_release("p", "production", "answer", {"baseline": 0.2, "concise": 0.2, "gone": 0.6}, action="x", by="x")
    assert current(catalog, p, "production", "answer") == {"baseline": 0.5, "concise": 0.5}
    catalog.add_release("p", "production", "answer", {"gone": 1.0}, action="x", by="x")
    assert current(catalog, p, "production", "answer") == {"baseline": 1.0}
