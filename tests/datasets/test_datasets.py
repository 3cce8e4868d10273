"""Datasets: one example a line, versions by content, and a split that leaks nothing."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hone.datasets import Dataset, DatasetFile, Example, dataset_of, names
from hone.errors import CallError, DatasetError

GOOD = """\
{"id": "a", "input": {"question": "Where is it?"}, "expected": "There.", "tags": ["short"]}

{"input": "When?", "expected": ["now", "at once"], "split": "held-out"}
{"input": {"question": "Who?"}, "expected": {"name": "Ann"}, "reference": "Ann did.", "group": "people"}
"""


def file(folder: Path, text: str = GOOD, name: str = "refunds") -> DatasetFile:
    (folder / "datasets").mkdir(exist_ok=True)
    (folder / "datasets" / f"{name}.jsonl").write_text(text, "utf-8")
    return DatasetFile(folder / "datasets", name)


def test_a_file_is_read_line_by_line(tmp_path: Path) -> None:
    data = file(tmp_path).read()
    assert [each.input for each in data] == [{"question": "Where is it?"}, "When?", {"question": "Who?"}]
    assert data.examples[0].id == "a"
    assert len(data.examples[1].id) == 16, "an id is made from the input"
    assert data.examples[1].split == "held-out"
    assert names(tmp_path / "datasets") == ["refunds"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"input": "x", "expcted": 1}', "(?s)unknown field `expcted`.*refunds.jsonl:2.*did you mean `expected`"),
        ('{"expected": "x"}', "missing required field `input`.*refunds.jsonl:2"),
        ('{"input": ""}', "(?s)the input is empty.*refunds.jsonl:2.*question"),
        ('{"input": "x", "split": "test"}', "(?s)split.*refunds.jsonl:2"),
        ('{"input": "x", "probability": 0}', "probability.*refunds.jsonl:2"),
        ("{not json", "(?s)not JSON.*refunds.jsonl:2.*one example a line"),
        ("[" * 100_000, "not JSON|expected `object`"),
        ('{"id": "a", "input": "x"}', "the id 'a' stands in line 1 already.*refunds.jsonl:2"),
        ('{"input": {"q": 1}}\n{"input": {"q": 1}}', "the input stands in line 2 already.*refunds.jsonl:3"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_a_way_out(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        file(tmp_path, f'{{"id": "a", "input": "y"}}\n{line}\n').read()


def test_a_file_that_is_not_utf_8_says_where(tmp_path: Path) -> None:
    found = file(tmp_path)
    found.path.write_bytes(b'{"input": "x"}\n{"input": "\xff"}\n')
    with pytest.raises(DatasetError, match=r"not UTF-8 text \(datasets/refunds.jsonl:2\)"):
        found.read()


def test_a_dataset_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    file(tmp_path)
    with pytest.raises(DatasetError, match=r"(?s)no dataset 'refnds'.*did you mean `refunds`"):
        DatasetFile(tmp_path / "datasets", "refnds").read()


@pytest.mark.parametrize("name", ["../secrets", "a/b", "", ".hidden", "x" * 200])
def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(CallError, match="cannot be the name"):
        DatasetFile(tmp_path, name)


# -- identity


def example(number: int, **more: object) -> Example:
    return Example(id=f"e{number}", input={"q": f"{number}", "n": number}, **more)  # type: ignore[arg-type]


@given(st.permutations(range(8)))
def test_the_order_of_examples_and_keys_is_no_part_of_the_version(order: list[int]) -> None:
    straight = dataset_of("d", [example(n) for n in range(8)])
    turned = [Example(id=f"e{n}", input={"n": n, "q": f"{n}"}) for n in order]
    assert dataset_of("d", turned).sha256 == straight.sha256


def test_another_word_is_another_version() -> None:
    def sha(*examples: Example) -> str:
        return dataset_of("d", examples).sha256

    known = {sha(example(1)), sha(example(1, expected="x")), sha(example(1, expected="y")), sha(example(1), example(2))}
    assert len(known) == 4
    assert sha(example(1)) == sha(example(1, origin="human")), "spelling a default out changes nothing"


# -- splits


def test_the_split_is_drawn_by_hash_and_stays_when_examples_are_added() -> None:
    few = dataset_of("d", [example(n) for n in range(200)])
    many = dataset_of("d", [example(n) for n in range(400)])
    assert [each.split for each in few] == [each.split for each in many][:200]
    held = len(many.split("held-out"))
    assert 160 < held < 240, "about half: five standard deviations of a fair coin are 50"
    assert held + len(many.split("dev")) == len(many)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([None, None, None, "dev"])), max_size=40))
def test_a_group_is_never_in_both_splits(parts: list[tuple[int, str | None]]) -> None:
    data = dataset_of("d", [example(n, group=f"g{g}", split=s) for n, (g, s) in enumerate(parts)])
    assert all(count == 1 for count in Counter(g for g, _ in {(e.group, e.split) for e in data}).values())
    assert all(each.split == "dev" for each, (_, given) in zip(data, parts, strict=True) if given == "dev")


def test_a_group_that_is_given_both_splits_is_refused(tmp_path: Path) -> None:
    text = '{"input": "a", "group": "g", "split": "dev"}\n{"input": "b", "group": "g", "split": "held-out"}\n'
    with pytest.raises(DatasetError, match=r"(?s)'g' is held out and dev at once.*refunds.jsonl:2.*whole group"):
        file(tmp_path, text).read()


# -- growing


def test_growing_leaves_out_what_is_there_and_counts_it(tmp_path: Path) -> None:
    data = file(tmp_path)
    grown = data.add([Example(input="When?"), Example(input="How?", tags=("new",)), Example(input="How?")])
    assert (grown.added, grown.repeated, grown.examples) == (1, 2, 4)
    assert data.path.read_text("utf-8").startswith(GOOD.rstrip("\n")), "what stood there stands there"
    assert json.loads(data.path.read_text("utf-8").splitlines()[-1]) == {"input": "How?", "tags": ["new"]}


def test_a_dataset_begins_with_its_first_example(tmp_path: Path) -> None:
    data = DatasetFile(tmp_path / "datasets", "new")
    odd = 'ü, 😀, "quoted"\n and \ud800'
    assert data.add([Example(input=odd, expected=odd)]).examples == 1
    assert [(each.input, each.expected) for each in data.read()] == [(odd, odd)]
    assert [path.name for path in data.path.parent.iterdir()] == ["new.jsonl"], "no temporary file is left"


def test_what_could_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    data = file(tmp_path)
    with pytest.raises(DatasetError, match="the id 'a' stands in line 1"):
        data.add([Example(input="fine"), Example(id="a", input="other")])
    assert data.path.read_text("utf-8") == GOOD
    assert [path.name for path in data.path.parent.iterdir()] == ["refunds.jsonl"]


def test_many_that_grow_one_dataset_at_once_lose_nothing(tmp_path: Path) -> None:
    def grow(n: int) -> None:
        DatasetFile(tmp_path, "d").add([Example(input=f"{n}-{k}") for k in range(5)] + [Example(input="same")])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(grow, range(8)))
    data: Dataset = DatasetFile(tmp_path, "d").read()
    assert len(data) == 41
