"""Files that are wrong: each is refused with the place and a way out, and nothing is written."""

import gzip
import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hone.datasets import DatasetFile, open_source, read_source
from hone.errors import DatasetError, ProjectError
from hone.evals.interop import promptfoo_tests

Make = Callable[[Path], Path]


def text(name: str, content: str | bytes) -> Make:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


def folder_with(**files: str) -> Make:
    def make(folder: Path) -> Path:
        (folder / "saved").mkdir()
        for name, content in files.items():
            (folder / "saved" / name.replace("_json", ".json")).write_text(content)
        return folder / "saved"

    return make


def truncated_parquet(folder: Path) -> Path:
    path = folder / "t.parquet"
    pq.write_table(pa.table({"question": ["a"] * 1000}), path)
    path.write_bytes(path.read_bytes()[:-20])
    return path


def broken_arrow(folder: Path) -> Path:
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data.arrow"}]}))
    (folder / "data.arrow").write_bytes(struct.pack("<ii", -1, 10_000) + b"nonsense" * 9)
    return folder


LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
MANY = "".join(f'{{"input": "question number {n}, {n * n}"}}\n' for n in range(3000))
CUT = gzip.compress(MANY.encode())[:-2000]

BROKEN = [
    (
        "JSON that ends early",
        text("t.jsonl", '{"input": "a"}\n{"input": "b"'),
        "not JSON.*t.jsonl:2",
        "one example a line",
    ),
    ("a number in a line", text("t.jsonl", '{"input": "a"}\n7\n'), "a number, not an object.*t.jsonl:2", '"input"'),
    (
        "latin-1",
        text("t.jsonl", '{"input": "a"}\n{"input": "gr\u00fc\u00df"}'.encode("latin-1")),
        "UTF-8.*t.jsonl:2",
        "save",
    ),
    ("UTF-16", text("t.csv", "question,answer\na,b\n".encode("utf-16")), "UTF-16.*t.csv:1", "as UTF-8"),
    (
        "NUL bytes",
        text("t.jsonl", b'{"input": "a"}\n\0\0\0\0{"input": "b"}\n'),
        "NUL bytes.*t.jsonl:2",
        "fetch it again",
    ),
    ("an empty file", text("t.jsonl", ""), "t.jsonl is empty", "at least one"),
    ("only white space", text("t.csv", "\n \n"), "t.csv is empty", "at least one"),
    ("a header alone", text("t.csv", "question,answer\n"), "t.csv has no rows", "at least one"),
    ("an empty list", text("t.json", "[]"), "empty list", "at least one"),
    (
        "a row with a value too many",
        text("t.csv", "question,answer\na,b\nc,d,e\n"),
        "3 values.*2 columns.*t.csv:3",
        "quotes",
    ),
    ("a row with a value too few", text("t.csv", "question,answer\na\n"), "1 values.*2 columns.*t.csv:2", "quotes"),
    ("a quote that never closes", text("t.csv", 'question,answer\na,b\n"c,d\ne,f\n'), "never closed.*t.csv:3", '""'),
    (
        "two columns of one name",
        text("t.csv", "question,question\na,b\n"),
        "two columns.*question.*t.csv:1",
        "of its own",
    ),
    (
        "a column without a name",
        text("t.csv", "question,\na,b\n"),
        "column 2 has no name.*t.csv:1",
        "names the columns",
    ),
    (
        "no column to ask",
        text("t.csv", "alpha,beta\na,b\n"),
        "looks like an input: alpha, beta",
        "--map input.question=alpha",
    ),
    (
        "an empty input",
        text("t.csv", "question,answer\na,b\n,c\n"),
        "the input is empty: question.*t.csv:3",
        "leave the row out",
    ),
    (
        "no input",
        text("t.jsonl", '{"input": "a"}\n{"expected": "b"}\n'),
        "missing required field `input`.*t.jsonl:2",
        "an example has",
    ),
    (
        "a misspelt field",
        text("t.jsonl", '{"input": "a", "expcted": 1}\n'),
        "unknown field `expcted`.*t.jsonl:1",
        "`expected`",
    ),
    (
        "an id twice",
        text("t.csv", "id,question\n1,a\n2,b\n1,c\n"),
        "the id '1' stands in line 2.*t.csv:4",
        "ids are unique",
    ),
    (
        "a group on both sides",
        text("t.csv", "question,group,split\na,g,dev\nb,g,test\n"),
        "'g' is held-out here and dev in line 2.*t.csv:3",
        "one split",
    ),
    (
        "a split that is none",
        text("t.csv", "question,split\na,later\n"),
        '"later" cannot be the split.*t.csv:2',
        "--drop split",
    ),
    (
        "a probability that is none",
        text("t.csv", "question,probability\na,often\n"),
        "cannot be the probability.*t.csv:2",
        "at most 1",
    ),
    (
        "a table that calls itself Parquet",
        text("t.parquet", "question,answer\na,b\n"),
        "t.parquet is no Parquet",
        "again",
    ),
    ("Parquet that was cut off", truncated_parquet, "t.parquet is no Parquet", "again"),
    (
        "a compressed file that was cut off",
        text("t.jsonl.gz", CUT),
        r"ends or breaks here.*t.jsonl.gz:\d+",
        "fetch the file again",
    ),
    ("an Excel file", text("t.xlsx", b"PK\x03\x04 and so on"), "an Excel file", "save the sheet as CSV"),
    ("a picture", text("t.png", b"\x89PNG\r\n"), "no kind of dataset", "jsonl"),
    ("a folder without data", folder_with(README_md="# nothing"), "folder without data", "save_to_disk"),
    (
        "a saved folder without its Arrow file",
        folder_with(state_json='{"_data_files": [{"filename": "d.arrow"}]}'),
        "d.arrow is not there",
        "whole folder",
    ),
    (
        "a saved folder with broken state",
        folder_with(state_json="{"),
        "state.json cannot be read",
        "save the dataset again",
    ),
    (
        "splits that are not there",
        folder_with(dataset_dict_json='{"splits": ["train"]}'),
        "state.json is not there",
        "save_to_disk",
    ),
    (
        "a split in another folder",
        folder_with(dataset_dict_json='{"splits": ["../elsewhere"]}'),
        "names the split '../elsewhere'",
        "save_to_disk",
    ),
    ("an Arrow file that is none", broken_arrow, "data.arrow is no Arrow file", "again"),
    (
        "JSON nested too deep",
        text("t.jsonl", '{"input": ' + "[" * 100_000 + "\n"),
        "nested too deep.*t.jsonl:1",
        "flatten",
    ),
    (
        "a line of 3 MB",
        text("t.jsonl", '{"input": "a"}\n{"input": "' + "x" * 3_000_000 + '"}\n'),
        "longer than 2 MB.*t.jsonl:2",
        "cut them",
    ),
    ("an object without a list", text("t.json", '{"name": "x"}'), "no list of examples: name", "input"),
    ("YAML that is none", text("t.yaml", "tests:\n  - vars: {a: 1\n"), "not YAML.*t.yaml:", "promptfoo"),
    (
        "YAML of references to references",
        text("t.yaml", LAUGHS),
        "too large once its references",
        "write the tests out",
    ),
    ("YAML of nothing", text("t.yaml", "# later"), "no list of examples: null", "input"),
    ("a test without variables", text("t.yaml", "tests:\n  - assert: []\n"), "no vars.*t.yaml:2", "vars:"),
    (
        "a special column that is none",
        text("t.csv", "q,__expected,__expcted\na,b,c\n"),
        "`__expcted`.*t.csv:2",
        "__expected",
    ),
    ("tests on the web", text("t.yaml", "tests: https://example.org/t.csv\n"), "no file.*t.yaml:1", "relative to"),
    (
        "a message without a role",
        text("t.jsonl", '{"messages": [{"content": "a"}]}\n'),
        "message 1.*no role.*t.jsonl:1",
        "system",
    ),
    (
        "a conversation without an answer",
        text("t.jsonl", '{"messages": [{"role": "user", "content": "a"}]}\n'),
        "not the assistant's.*t.jsonl:1",
        "add it",
    ),
    (
        "an evals sample by nobody",
        text("t.jsonl", '{"input": [{"role": "boss", "content": "a"}], "ideal": "b"}\n'),
        "'boss'.*t.jsonl:1",
        "user",
    ),
]


@pytest.mark.parametrize(("make", "said", "hint"), [each[1:] for each in BROKEN], ids=[each[0] for each in BROKEN])
def test_what_is_wrong_is_said_with_its_place_and_a_way_out(tmp_path: Path, make: Make, said: str, hint: str) -> None:
    (tmp_path / "given").mkdir()
    path = make(tmp_path / "given")
    data = DatasetFile(tmp_path / "datasets", "d")
    with pytest.raises((DatasetError, ProjectError), match=f"(?s){said}") as refused:
        data.add(read_source(open_source(path), promptfoo=promptfoo_tests).examples)
    assert hint in (refused.value.hint or "")
    assert not (tmp_path / "datasets").exists(), "nothing is written"


SEVERAL = """
import json, sys
from pathlib import Path
from hone.datasets import open_source, read_source
found = read_source(open_source(Path(sys.argv[1])))
# What getrusage says begins with the size of the process that started this one.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([len(found.examples), int(peak.split()[1]) * 1024]))
"""


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_large_file_is_read_row_by_row(tmp_path: Path, ending: str) -> None:
    questions = [
        f"How long does parcel number {n} take to a place that is {n * 7} kilometres away?" for n in range(50_000)
    ]
    path = tmp_path / f"t.{ending}"
    if ending == "parquet":
        pq.write_table(pa.table({"question": questions, "answer": ["some days"] * len(questions)}), path)
    elif ending == "csv":
        path.write_text("question,answer\n" + "".join(f"{each},some days\n" for each in questions))
    else:
        path.write_text("".join(json.dumps({"question": each, "answer": "some days"}) + "\n" for each in questions))
    done = subprocess.run([sys.executable, "-c", SEVERAL, str(path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    examples, memory = json.loads(done.stdout)
    assert examples == 50_000
    assert memory < 500e6, "the examples take 100 MB, and pyarrow as much"
