"""Registry files of OpenAI's evals."""

# ruff: noqa: E501 - a sample a line

from pathlib import Path

import pytest

from hone.errors import HoneError
from hone.evals import Answer, make
from hone.evals.interop import read

REGISTRY = """
capitals:
  id: capitals.dev.v0
  metrics: [accuracy]
capitals.dev.v0:
  class: evals.elsuite.basic.match:Match
  args: { samples_jsonl: capitals/samples.jsonl }
"""
SAMPLES = """
{"input": [{"role": "system", "content": "Answer with one word."}, {"role": "system", "name": "example_user", "content": "Spain?"}, {"role": "system", "name": "example_assistant", "content": "Madrid"}, {"role": "user", "content": "France?"}], "ideal": "Paris"}
{"input": "Norway?", "ideal": ["Oslo", "Christiania"]}
"""


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    (tmp_path / "evals").mkdir()
    (tmp_path / "data" / "capitals").mkdir(parents=True)
    (tmp_path / "data" / "capitals" / "samples.jsonl").write_text(SAMPLES)
    path = tmp_path / "evals" / "capitals.yaml"
    path.write_text(REGISTRY)
    return path


def test_an_eval_of_the_registry_becomes_a_task_with_its_samples(registry: Path) -> None:
    found = read(registry, model="openai/gpt-5-mini")
    assert (found.task, found.targets, found.notes) == ("capitals", ("capitals@baseline",), ())
    france, norway = found.examples
    assert france.input == {
        "system": "Answer with one word.", "question": "user: Spain?\n\nassistant: Madrid\n\nFrance?"
    }  # fmt: skip
    assert norway.input == {"system": "", "question": "Norway?"}
    assert "# system" in found.prompts[0].source


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("match:Match", "Oslo it is", "It is Oslo"),
        ("includes:Includes", "It is Oslo", "oslo"),
        ("fuzzy_match:FuzzyMatch", "The oslo!", "Bergen"),
        ("json_match:JsonMatch", '{"a": 1.0, "b": [2]}', '{"a": 2, "b": [2]}'),
    ],
)
def test_each_class_grades_as_it_does_there(registry: Path, kind: str, right: str, wrong: str) -> None:
    registry.write_text(REGISTRY.replace("match:Match", kind))
    if "json" in kind:
        samples = registry.parent.parent / "data" / "capitals" / "samples.jsonl"
        samples.write_text('{"input": "Norway?", "ideal": "{\\"b\\": [2], \\"a\\": 1}"}')
    example = read(registry).examples[-1]
    (made,) = make(example.evaluators)
    values = [made.judgements(example, Answer(text=text))[0].value for text in (right, wrong)]
    assert values == [True, False]


def test_includes_may_ignore_the_case(registry: Path) -> None:
    registry.write_text(
        REGISTRY.replace("match:Match", "includes:Includes").replace(
            "samples.jsonl }", "samples.jsonl, ignore_case: true }"
        )
    )
    example = read(registry).examples[-1]
    (made,) = make(example.evaluators)
    assert made.judgements(example, Answer(text="in oslo"))[0].value is True


@pytest.mark.parametrize("name", ["../../secret.jsonl", "/etc/hostname"])
def test_samples_lie_in_the_registry(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.jsonl").write_text('{"input": "a", "ideal": "b"}\n')
    folder = tmp_path / "registry" / "evals"
    folder.mkdir(parents=True)
    (folder / "e.yaml").write_text(f"e:\n  class: evals:Match\n  args: {{ samples_jsonl: {name} }}\n")
    with pytest.raises(HoneError, match="lies outside of the registry"):
        read(folder / "e.yaml")
