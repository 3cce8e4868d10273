"""Knowledge: built once from unchanged sources, kept in the database, searched in memory."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from hone.errors import ProjectError
from hone.knowledge import Knowledge, Progress
from hone.store import Catalog

Make = Callable[..., Knowledge]


@pytest.fixture
def make(engine: Engine, tmp_path: Path) -> Make:
    """A knowledge of the files in `docs`, in a real catalog of each kind."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Parcels\nParcels travel by night.")
    (tmp_path / "docs" / "b.md").write_text("# Prices\nPrices rise in spring.")

    def make(sources: tuple[str, ...] = ("docs/*.md",), **settings: Any) -> Knowledge:
        return Knowledge("handbook", sources, root=tmp_path, builds=Catalog(engine), project="demo", **settings)

    return make


def test_what_was_built_is_found(make: Make) -> None:
    knowledge = make()
    build = knowledge.build()
    (passage,) = knowledge.search("When do parcels travel?", k=1)
    assert passage.source == "docs/a.md#Parcels"
    assert passage.text == "# Parcels\nParcels travel by night."
    assert build.chunks == 2
    assert knowledge.snapshot == build.id


def test_unchanged_sources_are_not_built_again(make: Make) -> None:
    told: list[Progress] = []
    first = make().build(told.append)
    again = make().build(told.append)
    assert again.id == first.id
    assert told == [Progress(1, 2, 1), Progress(2, 2, 2)]


def test_an_edited_file_makes_a_new_build_that_is_searched_at_once(make: Make, tmp_path: Path) -> None:
    knowledge = make()
    first = knowledge.build()
    (tmp_path / "docs" / "a.md").write_text("# Zebras\nZebras travel by day.")
    second = knowledge.build()
    assert second.id != first.id
    assert knowledge.snapshot == second.id
    assert [passage.source for passage in knowledge.search("zebra")] == ["docs/a.md#Zebras"]


@pytest.mark.parametrize("settings", [{"chunk": 10}, {"overlap": 5}, {"sources": ("docs/a.md",)}])
def test_other_settings_make_another_build(make: Make, settings: dict[str, Any]) -> None:
    assert make().build().sha256 != make(**settings).build().sha256


def test_every_chunk_carries_its_heading(make: Make) -> None:
    knowledge = make(chunk=12)
    knowledge.build()
    assert [passage.text for passage in knowledge.search("night")] == ["# Parcels\nnight."]


def test_another_process_searches_what_this_one_built(make: Make) -> None:
    build = make().build()
    later = make()
    assert later.search("parcels")[0].source == "docs/a.md#Parcels"
    assert later.snapshot == build.id


def test_searching_before_the_first_build_says_what_to_do(make: Make) -> None:
    knowledge = make()
    assert knowledge.snapshot is None
    with pytest.raises(ProjectError, match=r"knowledge\.handbook has not been built") as caught:
        knowledge.search("parcels")
    assert caught.value.hint == "run `hone knowledge build handbook`"


def test_sources_without_text_are_an_error(make: Make, tmp_path: Path) -> None:
    (tmp_path / "docs" / "empty.md").write_text("# Nothing\n")
    with pytest.raises(ProjectError, match=r"knowledge\.handbook hold no text"):
        make(("docs/empty.md",)).build()


@pytest.mark.parametrize("settings", [{"chunk": 0}, {"chunk": 100, "overlap": 100}, {"overlap": -1}])
def test_a_chunk_must_have_room_beside_its_overlap(make: Make, settings: dict[str, Any]) -> None:
    with pytest.raises(ProjectError, match="overlap"):
        make(**settings)


def test_importing_the_room_loads_nothing_heavy() -> None:
    code = "import sys, hone.knowledge; print(sorted({'numpy', 'bm25s', 'sqlalchemy'} & sys.modules.keys()))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
