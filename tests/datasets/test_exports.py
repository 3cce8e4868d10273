"""Datasets go out as files of other kinds, and tables come back as what they were."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hone.datasets import Example, Format, dataset_of, export, open_source, read_source
from hone.errors import CallError, DatasetError, NotFound
from hone.evals.interop import promptfoo_tests

EXAMPLES = (
    Example(
        id="a", input={"question": "Wo ist\nes?", "n": 1}, expected="hier, dort", tags=("kurz", "neu"), split="dev"
    ),
    Example(
        id="b", input={"question": 'a "quoted" one'}, expected=["x", "y"], group="g", origin="traffic", split="dev"
    ),
    Example(id="c", input={"question": "?"}, metadata={"k": [1, None]}, probability=0.25, split="held-out"),
    Example(id="d", input={"question": "!"}, evaluators=("exact", {"type": "regex", "value": "^!"}), split="train"),
)

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | words, lambda inner: st.lists(inner, max_size=2))
inputs = words.filter(bool) | st.dictionaries(words, values | words, min_size=1, max_size=3).filter(
    lambda given: any(value not in (None, "") for value in given.values())
)
examples = st.builds(
    Example,
    input=inputs,
    expected=values,
    reference=st.none() | words,
    metadata=st.dictionaries(words, values, max_size=2),
    tags=st.lists(words.filter(lambda tag: tag.strip()), max_size=2).map(tuple),
    origin=st.sampled_from(["human", "traffic", "generated"]),
    group=st.none() | st.sampled_from(["g", "h"]),
    probability=st.none() | st.floats(0.01, 1),
)


def back(path: Path) -> list[Example]:
    return list(read_source(open_source(path), promptfoo=promptfoo_tests).examples)


@pytest.mark.parametrize("as_", ["jsonl", "csv", "parquet", "hf"])
def test_a_table_comes_back_as_the_same_examples(tmp_path: Path, as_: Format) -> None:
    done = export(dataset_of("d", EXAMPLES), as_, tmp_path / f"out.{as_}")
    assert (done.examples, done.split) == (4, None)
    assert sorted(back(tmp_path / f"out.{as_}"), key=lambda each: each.id) == list(EXAMPLES)
    assert len(list(tmp_path.iterdir())) == 1, "no temporary file is left"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(examples, min_size=1, max_size=4, unique_by=lambda each: each.key), st.sampled_from(["csv", "parquet"]))
def test_any_example_comes_back_from_a_table(tmp_path: Path, given: list[Example], as_: Format) -> None:
    data = dataset_of("d", given)
    export(data, as_, tmp_path / f"t.{as_}")
    assert dataset_of("d", back(tmp_path / f"t.{as_}")).examples == data.examples


def test_a_folder_for_hugging_face_has_its_files(tmp_path: Path) -> None:
    export(dataset_of("d", EXAMPLES), "hf", tmp_path / "hf")
    assert json.loads((tmp_path / "hf" / "dataset_dict.json").read_text())["splits"] == ["dev", "held_out", "train"]
    state = json.loads((tmp_path / "hf" / "dev" / "state.json").read_text())
    (file,) = state["_data_files"]
    with pa.memory_map(str(tmp_path / "hf" / "dev" / file["filename"])) as mapped:
        table = pa.ipc.open_stream(mapped).read_all()
    assert table.column("id").to_pylist() == ["a", "b"]
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features["probability"] == {"dtype": "float64", "_type": "Value"}
    assert list(features) == table.column_names


@pytest.mark.skipif(find_spec("datasets") is None, reason="the library `datasets` is not installed")
def test_hugging_faces_own_library_opens_the_folder(tmp_path: Path) -> None:
    export(dataset_of("d", EXAMPLES), "hf", tmp_path / "hf")
    code = (
        "import datasets, json, sys; d = datasets.load_from_disk(sys.argv[1]);"
        "d['train'].save_to_disk(sys.argv[2]);"
        "print(json.dumps({split: d[split].to_list() for split in d}))"
    )
    quiet = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home"), "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "hf"), str(tmp_path / "again")],
        env=os.environ | quiet, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    assert {split: [row["id"] for row in rows] for split, rows in found.items()} == {
        "dev": ["a", "b"], "held_out": ["c"], "train": ["d"],
    }  # fmt: skip
    assert back(tmp_path / "again") == [EXAMPLES[3]], "what the library saves is read here"


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("x")
    with pytest.raises(CallError, match="no dataset that was saved so"):
        export(dataset_of("d", EXAMPLES), "hf", tmp_path / "mine")
    assert (tmp_path / "mine" / "file").read_text() == "x"


# -- fine-tuning and promptfoo


def test_what_is_judged_on_is_not_learned_from(tmp_path: Path) -> None:
    data = dataset_of("d", [
        Example(id="a", input="Hi", expected=["Hello!", "Hey!"], split="dev"),
        Example(id="b", input={"text": "Hi", "to": "German"}, expected={"word": "Hallo"}, split="dev"),
        Example(id="c", input="secret", expected="secret", split="held-out"),
    ])  # fmt: skip
    path = tmp_path / "tune.jsonl"
    assert export(data, "openai-finetune", path, system="Be kind.").split == "dev"
    first, second = [json.loads(line)["messages"] for line in path.read_text().splitlines()]
    assert first == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello!"},
    ]
    assert [message["content"] for message in second[1:]] == ["text: Hi\nto: German", '{"word":"Hallo"}']
    assert "secret" not in path.read_text()
    assert export(data, "openai-finetune", path, split="all").examples == 3


def test_nothing_can_be_learned_without_an_answer(tmp_path: Path) -> None:
    data = dataset_of("d", [Example(id="a", input="x", split="dev"), Example(input="y", expected="z", split="dev")])
    with pytest.raises(DatasetError, match=r"(?s)'a' has no expected answer.*--only-expected"):
        export(data, "openai-finetune", tmp_path / "t.jsonl")
    assert list(tmp_path.iterdir()) == []
    done = export(data, "openai-finetune", tmp_path / "t.jsonl", only_expected=True)
    assert (done.examples, done.skipped) == (1, 1)


def test_a_fine_tuning_file_comes_back(tmp_path: Path) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    talk = [{"role": role, "content": "x"} for role in ("user", "assistant", "user")]
    data = dataset_of("d", [
        Example(input={"messages": talk}, expected={"tool_calls": [call]}, split="train"),
        Example(input="Hi", expected="Ho", metadata={"messages": [{"role": "system", "content": "s"}]}, split="train"),
    ])  # fmt: skip
    export(data, "openai-finetune", tmp_path / "t.jsonl")
    again = back(tmp_path / "t.jsonl")
    assert [(each.input, each.expected, each.metadata) for each in again] == [
        (each.input, each.expected, each.metadata) for each in data
    ]


def test_promptfoo_gets_variables_and_assertions(tmp_path: Path) -> None:
    export(dataset_of("d", EXAMPLES), "promptfoo", tmp_path / "t.yaml")
    first, second, _, last = yaml.safe_load((tmp_path / "t.yaml").read_text("utf-8"))["tests"]
    assert first["vars"] == {"question": "Wo ist\nes?", "n": 1}
    assert first["assert"] == [{"type": "equals", "value": "hier, dort"}]
    assert second["assert"] == [{"type": "contains-any", "value": ["x", "y"]}]
    assert last["assert"] == [{"type": "exact"}, {"type": "regex", "value": "^!"}]
    once = back(tmp_path / "t.yaml")
    assert [each.input for each in once] == [each.input for each in EXAMPLES]
    export(dataset_of("d", once), "promptfoo", tmp_path / "again.yaml")
    assert [each.evaluators for each in back(tmp_path / "again.yaml")] == [each.evaluators for each in once]


def test_nothing_to_export_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nothing to export"):
        export(dataset_of("d", EXAMPLES[:2]), "csv", tmp_path / "t.csv", split="held-out")
    with pytest.raises(CallError, match="no format 'xml'"):
        export(dataset_of("d", EXAMPLES), "xml", tmp_path / "t.xml")  # type: ignore[arg-type]
