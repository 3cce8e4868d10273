"""Experiments and versions of datasets are kept the same on SQLite and on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, delete, func, select

from hone.store import Experiment, Experiments, Judgement, Metric, Result
from hone.store._database import reading, writing
from hone.store._schema import experiments, results

ODD = "nul \0, half a pair \ud800, the mark itself \ufdd0, ü, 😀\r\n"


@pytest.fixture
def store(engine: Engine) -> Experiments:
    return Experiments(engine, clock=lambda: 7)


def experiment(id: str, **more: object) -> Experiment:
    fields = {
        "project": "p", "task": "answer", "dataset": "d", "dataset_sha256": "aa", "split": None, "examples": 2,
        "variants": {"a": "sha"}, "evaluators": ["exact"], "metrics": {"exact": Metric(kind="boolean")}, "key": "k",
        "created": 1, "by": "ann",
    }  # fmt: skip
    return Experiment(id=id, **{**fields, **more})  # type: ignore[arg-type]


def test_an_experiment_comes_back_equal_and_can_end(store: Experiments) -> None:
    made = experiment("e1", by=ODD, split="dev", variants={ODD: "sha"})
    store.begin(made)
    assert store.get("p", "e1") == made
    assert store.get("q", "e1") is None
    store.end("e1", "done")
    found = store.get("p", "e1")
    assert found is not None
    assert found.state == "done"


def test_the_newest_experiment_with_the_same_key_is_found(store: Experiments) -> None:
    for number, key in enumerate(["k", "k", "other"]):
        store.begin(experiment(f"e{number}", key=key, created=number))
    store.begin(experiment("e9", project="q", created=9))
    found = store.same("p", "k")
    assert found is not None
    assert found.id == "e1"
    assert store.same("p", "none") is None
    assert [each.id for each in store.latest("p")] == ["e2", "e1", "e0"]
    assert [each.id for each in store.latest("p", limit=1)] == ["e2"]
    assert store.latest("p", task="other") == []


def result(example: str, **more: object) -> Result:
    return Result(experiment="e1", variant="a", example=example, input='"q"', **more)  # type: ignore[arg-type]


def test_a_result_is_kept_once_whoever_brings_it(store: Experiments) -> None:
    store.begin(experiment("e1"))
    first = result("x", output=ODD, error=ODD, judgements=[Judgement("exact", False, ODD)], cost=0.5, created=1)
    store.keep([first, result("y", created=2)])
    store.keep([result("x", output="another", created=3), result("z", created=4)])
    store.keep([])
    assert store.results("e1")[0] == first
    assert [each.example for each in store.results("e1")] == ["x", "y", "z"]


def test_two_processes_that_keep_at_once_keep_each_result_once(store: Experiments) -> None:
    store.begin(experiment("e1"))
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda n: store.keep([result(f"x{(n + k) % 10}") for k in range(5)]), range(12)))
    assert sorted(each.example for each in store.results("e1")) == [f"x{n}" for n in range(10)]


def test_results_go_with_their_experiment(store: Experiments, engine: Engine) -> None:
    store.begin(experiment("e1"))
    store.keep([result("x")])
    with writing(engine) as connection:
        connection.execute(delete(experiments))
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(results)) == 0


def test_a_dataset_counts_its_versions_and_knows_one_again(store: Experiments) -> None:
    assert store.record_dataset("p", "d", "aa", 3, by="ann").version == 1
    assert store.record_dataset("p", "d", "bb", 4, by="bob").version == 2
    again = store.record_dataset("p", "d", "aa", 3, by="cid")
    assert (again.version, again.by, again.created, again.examples) == (1, "ann", 7, 3)
    assert store.record_dataset("p", "other", "aa", 3, by="ann").version == 1
    assert [each.version for each in store.dataset_versions("p", "d")] == [2, 1]


def test_processes_that_record_at_once_never_share_a_version(store: Experiments) -> None:
    with ThreadPoolExecutor(6) as threads:
        made = list(threads.map(lambda n: store.record_dataset("p", "d", f"{n % 4}", 1, by="x"), range(12)))
    assert sorted({each.version for each in made}) == [1, 2, 3, 4]
