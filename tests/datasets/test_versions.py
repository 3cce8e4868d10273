"""What a dataset was is kept by its hash, and what changed is said word by word."""

import gzip
from pathlib import Path

import pytest

from hone.core import Change
from hone.datasets import Dataset, DatasetFile, Example, Versions, dataset_of, diff_datasets
from hone.errors import CallError, NotFound, StoreError
from hone.evals import kept_pair
from hone.store import Contents, Experiment, Experiments, Metric, open_database


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    engine = open_database(f"sqlite:///{tmp_path / 'hone.db'}")
    return Versions("p", Experiments(engine), Contents(tmp_path / "blobs", "datasets"))


def data(*texts: str, **more: object) -> Dataset:
    return dataset_of("d", [Example(id=f"e{n}", input=text, **more) for n, text in enumerate(texts)])  # type: ignore[arg-type]


def blob(tmp_path: Path, dataset: Dataset) -> Path:
    return tmp_path / "blobs" / "datasets" / dataset.sha256[:2] / f"{dataset.sha256}.jsonl.gz"


def test_every_version_can_be_read_again(versions: Versions) -> None:
    one, two = data("a", "b"), data("a", "c", "\ud800", expected={"x": [1.5, None]})
    assert [versions.record(each, by="test").version for each in (one, two, one)] == [1, 2, 1]
    assert versions.read("d", "v1") == one
    assert versions.read("d", 2) == two
    assert versions.read("d", two.sha256[:8]).examples == two.examples
    assert [each.version for each in versions.all("d")] == [2, 1]


def test_splits_that_were_drawn_are_no_part_of_what_is_kept(versions: Versions, tmp_path: Path) -> None:
    given = dataset_of("d", [Example(input="a"), Example(input="b", split="train")])
    versions.record(given, by="test")
    assert b'"dev"' not in gzip.decompress(blob(tmp_path, given).read_bytes())
    assert versions.read("d", 1) == given, "with ids, splits and what of them was drawn"


def test_the_same_content_is_kept_once(versions: Versions, tmp_path: Path) -> None:
    first = data("a")
    versions.record(first, by="test")
    before = blob(tmp_path, first).stat().st_mtime_ns
    versions.record(first, by="test")
    assert blob(tmp_path, first).stat().st_mtime_ns == before
    assert len(list((tmp_path / "blobs").rglob("*.*"))) == 1, "no temporary file is left"


@pytest.mark.parametrize("version", ["v3", "0", "ffffffff", "latest", ""])
def test_a_version_that_is_not_there_says_which_are(versions: Versions, version: str) -> None:
    versions.record(data("a"), by="test")
    with pytest.raises(NotFound, match=r"(?s)no version.*newest is v1.*hone datasets versions d"):
        versions.read("d", version)


def test_content_that_is_lost_or_damaged_is_no_other_content(versions: Versions, tmp_path: Path) -> None:
    one, two = data("a"), data("b")
    for each in (one, two):
        versions.record(each, by="test")
    blob(tmp_path, one).unlink()
    assert not versions.kept(versions.find("d", 1))
    with pytest.raises(NotFound, match=r"content of d v1 was not kept"):
        versions.read("d", 1)
    content = blob(tmp_path, two).read_bytes()
    blob(tmp_path, two).write_bytes(content[:-9])
    with pytest.raises(StoreError, match="is damaged"):
        versions.read("d", 2)
    blob(tmp_path, two).write_bytes(gzip.compress(b'{"id": "e0", "input": "else"}\n'))
    with pytest.raises(StoreError, match="is not what was recorded"):
        versions.read("d", 2)
    versions.record(one, by="test")
    assert versions.read("d", 1) == one, "it is kept again as soon as it is seen again"


# -- differences


def test_a_difference_is_by_id_and_word_by_word() -> None:
    old = dataset_of("d", [
        Example(id="a", input={"question": "Where is my parcel?"}, expected="There."),
        Example(id="b", input="gone"),
        Example(id="c", input="same"),
    ])  # fmt: skip
    new = dataset_of("d", [
        Example(id="c", input="same"),
        Example(id="a", input={"question": "Where is my package?", "n": 1}, expected=["There."]),
        Example(id="d", input="new"),
    ])  # fmt: skip
    found = diff_datasets(old, new, old_name="v1", new_name="v2")
    assert [each.id for each in found.added] == ["d"]
    assert [each.id for each in found.removed] == ["b"]
    assert (found.same, found.equal) == (1, False)
    (change,) = found.changed
    question, number, expected = change.fields
    assert question.field == "input.question"
    assert [each for each in question.words if each.kind != "same"] == [
        Change("removed", "parcel"), Change("added", "package"),
    ]  # fmt: skip
    assert (number.field, number.old, number.new) == ("input.n", None, 1)
    assert (expected.field, expected.old, expected.new, expected.words) == ("expected", "There.", ["There."], ())


def test_very_long_texts_are_compared_whole() -> None:
    one, other = "a " * 20_000, "b " * 20_000
    (change,) = diff_datasets(data(one), data(other)).changed
    assert [each.kind for each in change.fields[0].words] == ["removed", "added"]


# -- edits


@pytest.fixture
def file(tmp_path: Path) -> DatasetFile:
    made = DatasetFile(tmp_path / "datasets", "d")
    made.add([Example(id=f"e{n}", input=f"question {n}", group="g" if n < 2 else None, split="dev") for n in range(4)])
    text = made.path.read_text()
    made.path.write_text(text.replace('{"id": "e3",', '\n{  "id":"e3",'))
    return made


def test_one_example_is_replaced_and_the_others_stay_as_they_are(file: DatasetFile) -> None:
    before = file.path.read_text().split("\n")
    after = file.replace("e1", Example(input="another one", group="g", split="dev"), seen=file.read().sha256)
    now = file.path.read_text().split("\n")
    assert now[:1] + now[2:] == before[:1] + before[2:]
    assert after == file.read()
    assert after.examples[1].input == "another one"
    assert after.examples[1].id == "e1"


def test_examples_are_deleted_together(file: DatasetFile) -> None:
    assert [each.id for each in file.delete(["e0", "e2"])] == ["e1", "e3"]
    assert [each.id for each in file.read()] == ["e1", "e3"]
    file.delete(["e1", "e3"])
    assert len(file.read()) == 0


def test_an_edit_of_what_has_changed_meanwhile_is_refused(file: DatasetFile) -> None:
    seen = file.read().sha256
    file.add([Example(id="new", input="somebody else's")], seen=seen)
    now = file.path.read_bytes()
    for edit in (
        lambda: file.replace("e0", Example(input="mine", group="g", split="dev"), seen=seen),
        lambda: file.delete("e0", seen=seen),
        lambda: file.add([Example(input="mine")], seen=seen),
        lambda: file.assign(lambda data: ["dev"] * len(data), seen=seen),
    ):
        with pytest.raises(CallError, match="has changed since") as refused:
            edit()
        assert refused.value.status == 409
    assert file.path.read_bytes() == now


def test_an_edit_that_could_not_be_read_back_is_not_written(file: DatasetFile) -> None:
    now = file.path.read_bytes()
    for wrong, said in (
        (Example(id="e2", input="x", group="g", split="dev"), "the id 'e2' stands in line"),
        (Example(input="x", group="g", split="held-out"), "'g' is held out and dev at once"),
        (Example(input=""), "the input is empty"),
    ):
        with pytest.raises(Exception, match=said):
            file.replace("e0", wrong)
    with pytest.raises(NotFound, match="no example 'e9'"):
        file.delete(["e0", "e9"])
    assert file.path.read_bytes() == now
    assert [path.name for path in file.path.parent.iterdir()] == ["d.jsonl"]


def test_splits_are_written_down(file: DatasetFile) -> None:
    after = file.assign(lambda data: ["train" if each.group else "held-out" for each in data])
    assert [each.split for each in file.read()] == ["train", "train", "held-out", "held-out"]
    assert after.drawn == frozenset()


@pytest.mark.parametrize(("split", "counts"), [("held-out", True), (None, True), ("dev", False), ("train", False)])
def test_only_what_was_not_tuned_on_counts_for_a_gate(tmp_path: Path, split: str | None, counts: bool) -> None:
    store = Experiments(open_database(f"sqlite:///{tmp_path / 'hone.db'}"))
    store.begin(
        Experiment(
            id="x", project="p", task="t", dataset="d", dataset_sha256="s", split=split, examples=1, key="k",
            variants={"a": "1", "b": "2"}, evaluators=["exact"], state="done", created=0, by="test",
            metrics={"exact": Metric(kind="boolean", direction="up")},
        )
    )  # fmt: skip
    assert (kept_pair(store, "p", "t", "a", "b", not_dev=True) is not None) is counts
    assert kept_pair(store, "p", "t", "a", "b") is not None
