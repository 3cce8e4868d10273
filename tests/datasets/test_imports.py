"""Datasets of others become examples, and what their columns are taken for can be seen before."""

import gzip
import json
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from hone.datasets import Imported, open_source, read_source
from hone.errors import CallError, HoneError, ProjectError
from hone.evals import Answer, make
from hone.evals.interop import promptfoo_tests


def imported(path: Path, *said: str, **more: Any) -> Imported:
    return read_source(open_source(path), said, promptfoo=partial(promptfoo_tests, code=True), **more)


def taken(found: Imported) -> dict[str, str]:
    assert found.mapped is not None
    return {each.target: each.column for each in found.mapped.columns}


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def lines(path: Path, *rows: Any) -> Path:
    return written(path, "".join(json.dumps(row) + "\n" for row in rows))


# -- tables


def test_columns_are_taken_as_they_are_said(tmp_path: Path) -> None:
    path = written(tmp_path / "fragen.csv", "Frage;Antwort;Quelle\nWo?;Hier;Buch\n")
    found = imported(path, "input.question=Frage", "expected=Antwort")
    (example,) = found.examples
    assert (example.input, example.expected, example.metadata) == ({"question": "Wo?"}, "Hier", {"Quelle": "Buch"})


@pytest.mark.parametrize(
    ("header", "parts"),
    [
        ("question,answer,lang", {"input.question": "question", "expected": "answer", "metadata.lang": "lang"}),
        ("prompt,completion,id", {"input.prompt": "prompt", "expected": "completion", "id": "id"}),
        ("text,label,split", {"input.text": "text", "expected": "label", "split": "split"}),
        ("text,category", {"input.text": "text", "expected": "category"}),
        ("question,answer,category", {"input.question": "question", "expected": "answer", "tags": "category"}),
        ("id,ID,question", {"id": "id", "metadata.ID": "ID", "input.question": "question"}),
        ("Frage,Antwort", {"input.Frage": "Frage", "expected": "Antwort"}),
        ("instruction,input,output", {
            "input.instruction": "instruction", "input.input": "input", "expected": "output",
        }),
        ("Input,Expected,Tags", {"input": "Input", "expected": "Expected", "tags": "Tags"}),
        ("question,context,answers,conversation_id", {
            "input.question": "question", "context": "context", "expected": "answers", "group": "conversation_id",
        }),
    ],
)  # fmt: skip
def test_usual_names_are_guessed(tmp_path: Path, header: str, parts: dict[str, str]) -> None:
    row = ",".join("dev" if name == "split" else f"some {name}" for name in header.split(","))
    found = imported(written(tmp_path / "t.csv", f"{header}\n{row}\n"))
    assert taken(found) == parts
    assert len(found.examples) == 1


def test_a_column_that_is_named_as_a_part_is_no_guess(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "id,input.question,expected\n1,Who?,Ann\n")
    found = imported(path)
    assert found.mapped is not None
    assert not found.mapped.guessed


def test_quotes_hold_delimiters_and_line_ends(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", '\ufeffquestion,answer\r\n"a, ""b""\nc",d\r\n\r\n')
    (example,) = imported(path).examples
    assert (example.input, example.expected) == ({"question": 'a, "b"\nc'}, "d")


def test_a_split_is_read_by_its_usual_names_and_tags_are_parted(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", 'question,split,tags\na,train,"x, y"\nb,validation,\nc,test,z\n')
    found = imported(path, tags=["new"], origin="generated").examples
    assert [each.split for each in found] == ["train", "dev", "held-out"]
    assert [each.tags for each in found] == [("x", "y", "new"), ("new",), ("z", "new")]
    assert {each.origin for each in found} == {"generated"}


def test_a_path_leads_into_nested_values(tmp_path: Path) -> None:
    path = lines(tmp_path / "squad.jsonl", {"question": "Who?", "answers": {"text": ["Ann", "A."], "start": [1]}})
    (example,) = imported(path, "expected=answers.text").examples
    assert example.expected == ["Ann", "A."]
    assert example.metadata == {}


def test_a_column_may_be_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "question,note\nWho?,secret\n")
    assert imported(path, dropped=["note"]).examples[0].metadata == {}


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("expcted=answer", "did you mean `expected`"),
        ("expected=anser", "did you mean `answer`"),
        ("expected", "is not PART=COLUMN"),
        ("tags.x=answer", "is no part of an example"),
    ],
)
def test_a_mapping_that_fits_nothing_says_what_would(tmp_path: Path, said: str, problem: str) -> None:
    with pytest.raises(CallError, match=problem):
        imported(written(tmp_path / "t.csv", "question,answer\na,b\n"), said)


@pytest.mark.parametrize(
    "name", ["t.jsonl", "t.ndjson", "t.jsonl.gz", "t.json", "list.json", "list.jsonl", "data.json"]
)
def test_json_comes_in_lines_or_as_a_list_compressed_or_not(tmp_path: Path, name: str) -> None:
    rows = [{"question": f"{n}?", "answer": n} for n in range(3)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    if name.startswith("list"):
        text = json.dumps(rows, indent=1)
    elif name == "data.json":
        text = json.dumps({"version": 1, "data": rows})
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    assert [each.expected for each in imported(path).examples] == [0, 1, 2]


def test_lines_that_are_examples_already_are_taken_as_they_stand(tmp_path: Path) -> None:
    path = lines(tmp_path / "t.jsonl", {"id": "a", "input": "x", "expected": [1]}, {"input": {"q": 1}, "group": "g"})
    found = imported(path)
    assert (found.kind, found.mapped) == ("examples", None)
    assert [each.id for each in found.examples] == ["a", ""]


def test_parquet_has_types_and_classes_have_names(tmp_path: Path) -> None:
    features = {"label": {"names": ["no", "yes"], "_type": "ClassLabel"}}
    schema = pa.schema({"text": pa.string(), "label": pa.int64(), "score": pa.float64()})
    schema = schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    table = pa.table({"text": ["a", "b"], "label": [1, 0], "score": [0.5, float("nan")]}, schema=schema)
    pq.write_table(table, tmp_path / "t.parquet")
    found = imported(tmp_path / "t.parquet").examples
    assert [(each.expected, each.metadata) for each in found] == [("yes", {"score": 0.5}), ("no", {})]


def test_a_folder_as_on_the_hub_says_its_splits_in_the_names(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for split in ("train", "validation", "test"):
        pq.write_table(pa.table({"question": [split]}), tmp_path / "data" / f"{split}-00000-of-00001.parquet")
    written(tmp_path / "README.md", "# a dataset")
    found = {each.input["question"]: each.split for each in imported(tmp_path).examples}  # type: ignore[index]
    assert found == {"train": "train", "validation": "dev", "test": "held-out"}


def saved(folder: Path, **columns: list[Any]) -> Path:
    """As `Dataset.save_to_disk` writes it: an Arrow stream, and what describes it."""
    folder.mkdir(parents=True)
    table = pa.table(columns)
    with (
        pa.OSFile(str(folder / "data-00000-of-00001.arrow"), "wb") as file,
        pa.ipc.new_stream(file, table.schema) as out,
    ):
        out.write_table(table)
    state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_split": None}
    (folder / "state.json").write_text(json.dumps(state))
    features = {"label": {"names": ["no", "yes"], "_type": "ClassLabel"}}
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}))
    return folder


def test_a_folder_that_hugging_face_saved_is_read_without_its_library(tmp_path: Path) -> None:
    alone = saved(tmp_path / "alone", question=["a", "b"], label=[0, 1])
    assert [each.expected for each in imported(alone).examples] == ["no", "yes"]
    both = tmp_path / "both"
    saved(both / "train", question=["a"])
    saved(both / "test", question=["b"])
    (both / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    assert [each.split for each in imported(both).examples] == ["train", "held-out"]


# -- shapes of others


def test_samples_of_openais_evals(tmp_path: Path) -> None:
    system, user = {"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2?"}
    path = lines(
        tmp_path / "samples.jsonl",
        {"input": [system, user], "ideal": ["4", "four"], "level": 1},
        {"input": "3+3?", "ideal": "6"},
        {"input": [user, {"role": "assistant", "content": "4"}, user], "ideal": "4"},
    )
    found = imported(path)
    first, second, third = found.examples
    assert found.kind == "openai-evals"
    assert (first.input, first.expected) == ("2+2?", ["4", "four"])
    assert first.metadata == {"messages": [system], "level": 1}
    assert (second.input, second.expected) == ("3+3?", "6")
    assert isinstance(third.input, dict)
    assert len(third.input["messages"]) == 3


def test_a_fine_tuning_file_of_openai(tmp_path: Path) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    user, assistant = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}
    path = lines(
        tmp_path / "tune.jsonl",
        {"messages": [user, assistant]},
        {"messages": [user, assistant, user, {"role": "assistant", "tool_calls": [call]}], "tools": []},
    )
    first, second = imported(path).examples
    assert (first.input, first.expected) == ("Hi", "Hello!")
    assert second.expected == {"tool_calls": [call]}
    assert second.input == {"messages": [user, assistant, user]}


def test_a_preference_keeps_the_answer_that_was_not_preferred(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "dpo.jsonl",
        {
            "input": {"messages": [{"role": "user", "content": "Hi"}]},
            "preferred_output": [{"role": "assistant", "content": "Hello!"}],
            "non_preferred_output": [{"role": "assistant", "content": "What?"}],
        },
    )
    (example,) = imported(path).examples
    assert (example.input, example.expected, example.previous) == ("Hi", "Hello!", "What?")


CONFIG = """\
prompts: ["Say it in {{language}}: {{text}}"]
defaultTest:
  vars: {language: German}
  assert: [{type: latency, threshold: 500}]
tests:
  - description: greeting
    vars: {text: Hello}
    assert:
      - {type: equals, value: Hallo}
      - {type: llm-rubric, value: is polite, metric: polite}
    metadata: {kind: easy}
    threshold: 0.5
  - vars: {text: [one, two], language: [French, Italian]}
  - file://more.csv
"""
MORE = """\
text,__expected,__expected2,__metric,__config:__expected2:threshold,__metadata:kind
Bye,contains: Tschüs,similar: Auf Wiedersehen,close,0.7,hard
"""


def test_the_tests_of_a_promptfoo_config(tmp_path: Path) -> None:
    written(tmp_path / "more.csv", MORE)
    found = imported(written(tmp_path / "promptfooconfig.yaml", CONFIG))
    assert found.kind == "promptfoo"
    first, *four, last = found.examples
    latency = {"type": "latency", "unit": "ms", "threshold": 500.0}
    assert first.input == {"language": "German", "text": "Hello"}
    assert first.expected == "Hallo"
    (whole,) = first.evaluators
    assert (whole["type"], whole["threshold"], whole["assert"][0]) == ("promptfoo-test", 0.5, latency)  # type: ignore[index]
    assert whole["assert"][2] == {"type": "llm-rubric", "value": "is polite", "metric": "polite"}  # type: ignore[index]
    assert first.metadata == {"kind": "easy", "description": "greeting"}
    assert [each.input for each in four] == [
        {"language": language, "text": text} for language in ("French", "Italian") for text in ("one", "two")
    ]
    assert last.evaluators[0]["assert"] == [  # type: ignore[index]
        latency,
        {"type": "contains", "case": True, "value": "Tschüs", "metric": "close"},
        {"type": "similar", "value": "Auf Wiedersehen", "threshold": 0.7, "metric": "close"},
    ]
    assert last.metadata == {"kind": "hard"}


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Paris", {"type": "equals", "value": "Paris"}),
        ("note: not an assertion", {"type": "equals", "value": "note: not an assertion"}),
        ("contains: a: b", {"type": "contains", "case": True, "value": "a: b"}),
        ("not-icontains-any: x, y", {"type": "not-icontains-any", "value": ["x", "y"]}),
        ("is-json", {"type": "is-json"}),
        ("similar(0.9): hi", {"type": "similar", "value": "hi", "threshold": 0.9}),
        ("similar: hi", {"type": "similar", "value": "hi", "threshold": 0.8}),
        ("levenshtein(5): hi", {"type": "levenshtein", "value": "hi", "threshold": 5.0}),
        ("grade: polite", {"type": "llm-rubric", "value": "polite"}),
        ("trajectory:tool-used: search", {"type": "trajectory:tool-used", "value": "search"}),
    ],
)
def test_assertions_that_are_written_as_text(tmp_path: Path, text: str, asked: dict[str, Any]) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f'q,__expected\nx,"{text}"\n')
    assert imported(path).examples[0].evaluators[0]["assert"] == [asked]  # type: ignore[index]


def test_python_of_a_test_file_comes_along_and_javascript_is_left_out_and_told(tmp_path: Path) -> None:
    (tmp_path / "check.py").write_text("def ok(output, context):\n    return True\n")
    path = written(tmp_path / "t.csv", "q,__expected,__expected2\nx,file://check.py:ok,fn: output.length < 9\n")
    found = imported(path)
    ((name, text),) = found.code.items()
    assert found.examples[0].evaluators[0]["assert"] == [{"type": "python", "value": f"{name}:ok"}]  # type: ignore[index]
    assert text == (tmp_path / "check.py").read_text()
    assert "left out: assertions of type `javascript`" in found.notes[0]


def test_a_dataset_of_promptfoo_tests_is_judged_by_their_weights(tmp_path: Path) -> None:
    text = """
tests:
  - vars: {q: hi}
    threshold: 0.6
    assert: [{type: contains, value: "{{q}}", weight: 3}, {type: starts-with, value: no}]
"""
    (example,) = imported(written(tmp_path / "t.yaml", text)).examples
    said = [each.judgements(example, Answer(text="oh hi")) for each in make(example.evaluators)]
    values = {each.name: each.value for found in said for each in found}
    assert (values["pass"], values["score"]) == (True, 0.75)


@pytest.mark.parametrize(
    ("tests", "why"),
    [
        ("[{vars: {q: '{{ env.A_SECRET }}'}}]", "reads the environment"),
        ("[{vars: {q: file:///etc/hostname}}]", "outside of the config's folder"),
        ("file://../above.csv", "outside of the config's folder"),
        ("[{vars: {q: file://.env}}]", "hidden file"),
    ],
)
def test_a_config_of_others_brings_no_secret_and_no_file_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tests: str, why: str
) -> None:
    monkeypatch.setenv("A_SECRET", "geheim")
    (tmp_path / "above.csv").write_text("q\ngeheim\n")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / ".env").write_text("A_SECRET=geheim")
    with pytest.raises(HoneError, match=why) as refused:
        imported(written(tmp_path / "config" / "c.yaml", f"tests: {tests}"))
    assert "geheim" not in str(refused.value)


def test_promptfoo_tests_as_dictionaries_become_examples() -> None:
    tests = [
        {"vars": {"q": ["a", "b"]}, "options": {"disableVarExpansion": True}},
        {"vars": {"q": 1}},
        {"vars": {"q": 1}},
    ]
    found = promptfoo_tests(tests, {"assert": [{"type": "is-json"}]}).examples
    assert [each.input for each in found] == [{"q": ["a", "b"]}, {"q": 1}, {"q": 1}]
    assert len({each.id or each.key for each in found}) == 3, "tests with the same variables are told apart"
    with pytest.raises(ProjectError, match=r"no vars.*tests.0"):
        promptfoo_tests([{"assert": []}])


def test_a_config_without_any_list_variables_and_as_json(tmp_path: Path) -> None:
    path = tmp_path / "promptfooconfig.json"
    path.write_text(json.dumps(yaml.safe_load(CONFIG.replace("  - file://more.csv\n", ""))))
    assert len(imported(path).examples) == 5
