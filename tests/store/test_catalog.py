"""The catalog answers the same on SQLite and on PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from hone.errors import CallError
from hone.store import Catalog
from hone.store._catalog_text import storable, stored
from hone.store._database import reading
from hone.store._schema import chunks

ODD = "nul \0, half a pair \ud800, the mark itself \ufdd0 and \ufdd00000, ü, 😀\r\n"


@pytest.fixture
def catalog(engine: Engine) -> Catalog:
    return Catalog(engine, clock=lambda: 7)


def at_once(work: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(work, range(8)))


def test_a_prompt_gets_a_new_number_when_it_changed_and_keeps_its_number_when_not(catalog: Catalog) -> None:
    record = catalog.record_prompt
    assert record("p", "answer", "aa", "one", by="ann", time=1) == 1
    assert record("p", "answer", "bb", "two", by="bob", time=2) == 2
    assert record("p", "answer", "aa", "one", by="cid", time=3) == 1
    assert [(each.version, each.source, each.by, each.created) for each in catalog.prompt_versions("p", "answer")] == [
        (2, "two", "bob", 2),
        (1, "one", "ann", 1),
    ]


def test_prompts_are_counted_apart_by_name_and_project(catalog: Catalog) -> None:
    catalog.record_prompt("p", "answer", "aa", "one", by="ann")
    assert catalog.record_prompt("p", "other", "bb", "two", by="ann") == 1
    assert catalog.record_prompt("q", "answer", "bb", "two", by="ann") == 1
    assert catalog.prompt_versions("q", "other") == []


def test_processes_that_record_at_once_never_share_a_number(catalog: Catalog) -> None:
    numbers = at_once(lambda n: catalog.record_prompt("p", "answer", f"{n % 4}", "x", by="ann"))
    assert sorted(set(numbers)) == [1, 2, 3, 4]
    assert len(catalog.prompt_versions("p", "answer")) == 4


def test_one_version_of_a_prompt_can_be_asked_for(catalog: Catalog) -> None:
    catalog.record_prompt("p", "answer", "aa", ODD, by=ODD)
    found = catalog.prompt_version("p", "answer", 1)
    assert found is not None
    assert (found.source, found.by, found.created) == (ODD, ODD, 7)
    assert catalog.prompt_version("p", "answer", 2) is None


def test_a_label_points_at_one_version_and_can_move(catalog: Catalog) -> None:
    catalog.record_prompt("p", "answer", "aa", "one", by="ann")
    catalog.record_prompt("p", "answer", "bb", "two", by="ann")
    catalog.label_prompt("p", "answer", "production", 1, by="ann")
    catalog.label_prompt("p", "answer", "beta", 1, by="ann")
    catalog.label_prompt("p", "answer", "production", 2, by="bob", time=9)
    assert [(each.label, each.version, each.by, each.created) for each in catalog.labels("p", "answer")] == [
        ("beta", 1, "ann", 7),
        ("production", 2, "bob", 9),
    ]


def test_a_label_cannot_point_at_a_version_that_is_not_there(catalog: Catalog) -> None:
    catalog.record_prompt("p", "other", "aa", "one", by="ann")
    with pytest.raises(CallError, match="'answer' has no version 1"):
        catalog.label_prompt("p", "answer", "production", 1, by="ann")
    assert catalog.labels("p", "answer") == []


def test_the_last_release_is_the_current_one_and_none_is_forgotten(catalog: Catalog) -> None:
    assert catalog.current_release("p", "production", "answer") is None
    catalog.add_release("p", "production", "answer", {"baseline": 1.0}, action="seed", by="hone.toml", time=2)
    last = catalog.add_release(
        "p", "production", "answer", {"baseline": 0.9, "x": 0.1}, action="canary", by="ann", reason=ODD, time=1
    )
    assert catalog.current_release("p", "production", "answer") == last
    assert (last.weights, last.reason, last.created) == ({"baseline": 0.9, "x": 0.1}, ODD, 1)
    history = catalog.release_history("p", "production", "answer")
    assert [each.action for each in history] == ["canary", "seed"]
    assert catalog.release_history("p", "production", "answer", limit=1) == [last]


def test_environments_and_tasks_are_released_apart(catalog: Catalog) -> None:
    catalog.add_release("p", "production", "answer", {"baseline": 1.0}, action="seed", by="ann")
    assert catalog.current_release("p", "staging", "answer") is None
    assert catalog.current_release("p", "production", "sort") is None
    assert catalog.current_release("q", "production", "answer") is None


def test_processes_that_seed_at_once_seed_once(catalog: Catalog) -> None:
    def seed(n: int) -> object:
        return catalog.add_release("p", "e", "t", {f"v{n}": 1.0}, action="seed", by="x", first_only=True)

    assert len({str(release) for release in at_once(seed)}) == 1
    assert len(catalog.release_history("p", "e", "t")) == 1


def test_chunks_come_back_as_they_were_given(catalog: Catalog) -> None:
    given_chunks = [("b.md", "second"), ("a.md#Ä", ODD), ("a.md", ""), ("c.md", "x" * 100_000)]
    build = catalog.save_build("p", "handbook", "aa", given_chunks)
    assert catalog.chunks_of(build) == given_chunks
    latest = catalog.latest_build("p", "handbook")
    assert latest is not None
    assert (latest.id, latest.sha256, latest.chunks, latest.created) == (build, "aa", 4, 7)


def test_knowledge_that_did_not_change_is_not_stored_again(catalog: Catalog) -> None:
    builds = at_once(lambda _: catalog.save_build("p", "handbook", "aa", [("a", "b")]))
    assert len(set(builds)) == 1
    assert catalog.save_build("p", "other", "aa", []) != builds[0]


def test_the_last_three_builds_are_kept_with_their_chunks(catalog: Catalog, engine: Engine) -> None:
    other = catalog.save_build("p", "other", "aa", [("a", "b")], time=0)
    builds = [catalog.save_build("p", "handbook", f"{n}", [("a", f"{n}")], time=n) for n in range(5)]
    assert [len(catalog.chunks_of(build)) for build in [*builds, other]] == [0, 0, 1, 1, 1, 1]
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(chunks)) == 4
    latest = catalog.latest_build("p", "handbook")
    assert latest is not None
    assert latest.id == builds[-1]


def test_a_knowledge_that_was_never_built_has_no_build(catalog: Catalog) -> None:
    assert catalog.latest_build("p", "handbook") is None
    assert catalog.chunks_of("nowhere") == []


@given(st.text(st.characters(exclude_categories=[]) | st.sampled_from("\0\ud800\ufdd0")))
def test_any_text_is_made_storable_and_comes_back_equal(text: str) -> None:
    assert stored(storable(text)) == text
    assert "\0" not in storable(text)
    storable(text).encode()
