"""Configs that are wrong: each says where, and what to do."""

# ruff: noqa: E501 - a case a line

import re
from pathlib import Path

import pytest

from hone.errors import HoneError
from hone.evals.interop import read, taken_over

TESTS = "tests: [{ vars: { q: hi } }]"
HEAD = "prompts: ['{{q}}']\nproviders: [echo]\n"

BROKEN = {
    "no yaml": ("prompts: [a\nproviders: b", r"this is no YAML: .* \(c.yaml:2\)", "indentation"),
    "a key twice": (HEAD + "tests:\n  - vars: { q: a }\n    vars: { q: b }", r"the key `vars` stands twice \(c.yaml:5\)", "only one"),
    "no mapping": ("- a", "the config is a list", None),
    "another file": ("name: x", r"unknown key `name` \(c.yaml:1, name\)", None),
    "a typo": (HEAD + "test: []", r"unknown key `test` \(c.yaml:3, test\)", "did you mean `tests`"),
    "no provider": ("prompts: [a]", "the config has no `providers`", "openai:gpt-5-mini"),
    "unknown provider": (f"prompts: [a]\nproviders:\n  - opnai:gpt\n{TESTS}", r"no provider 'opnai:gpt' \(c.yaml:3", "did you mean `openai`"),
    "a program": (f"prompts: [a]\nproviders: [file://p.py]\n{TESTS}", "is a program", "flow"),
    "an endpoint of its own": (f"prompts: [a]\nproviders: ['https://x.test/ask']\n{TESTS}", "a shape of its own", "/chat/completions"),
    "an embedding model": (f"prompts: [a]\nproviders: ['openai:embedding:e']\n{TESTS}", "does not chat", "openai:MODEL"),
    "a key in the file": (
        "prompts: [a]\nproviders:\n  - id: openai:gpt-5\n    config:\n      apiKey: sk-123", r"an API key is written in the file \(c.yaml:5", "env.NAME"
    ),
    "a prompt that is not there": ("prompts: [file://gone.txt]\nproviders: [echo]", r"no file 'gone.txt' \(c.yaml:1", "relative to"),
    "a prompt in JavaScript": ("prompts: [file://p.js]\nproviders: [echo]", "is JavaScript", "p.py"),
    "a broken template": ("prompts:\n  - fine\n  - 'x {{ q'\nproviders: [echo]", r"the prompt is no template.*\(c.yaml:3, prompts.1\)", None),
    "no type": (HEAD + "tests:\n  - assert:\n      - value: x", r"an assertion has a `type` \(c.yaml:5", "type: contains"),
    "an unknown type": (
        HEAD + "tests:\n  - assert:\n      - type: contians\n        value: x", r"type `contians` \(c.yaml:5, tests.0.assert.0.type\)", "did you mean `contains`"
    ),
    "javascript": (HEAD + "tests:\n  - assert:\n      - type: javascript\n        value: x", r"type `javascript` are not run here \(c.yaml:5", "Python"),
    "JavaScript in Python": (HEAD + "tests:\n  - assert:\n      - type: python\n        value: output => true", r"this is no Python: .*\(c.yaml:6", "over `output`"),
    "a transform in JavaScript": (
        HEAD + "tests:\n  - options:\n      transform: output.trim()\n    assert: [{ type: contains, value: x }]", r"is JavaScript.*\(c.yaml:5, tests.0.options.transform\)", "get_transform"
    ),
    "a threshold in words": (HEAD + "tests:\n  - threshold: high", "the test's threshold is no number", None),
    "an assertion's threshold": (HEAD + "tests:\n  - assert:\n      - type: cost\n        threshold: low", r"should be a number \(c.yaml:6", None),
    "a weight below nothing": (HEAD + "tests:\n  - assert:\n      - type: cost\n        weight: -1", "the weight -1 is below 0", None),
    "vars as a list": (HEAD + "tests:\n  - vars: [a]", "`vars` is a list", None),
    "a variable from the environment": (HEAD + "tests:\n  - vars: { q: '{{ env.A_SECRET }}' }", r"reads the environment \(c.yaml:4", "no secret"),
    "a value from the environment": (
        HEAD + "tests:\n  - assert: [{ type: contains-any, value: ['{{ env[\"A_SECRET\"] | upper }}'] }]", r"reads the environment \(c.yaml:4", "no secret"
    ),
    "a file of the machine": (HEAD + "tests:\n  - vars: { q: file:///etc/hostname }", r"'/etc/hostname' lies outside of the config's folder \(c.yaml:4", "copy it"),
    "a file above": (HEAD + "tests:\n  - assert: [{ type: equals, value: file://../above.txt }]", r"'../above.txt' lies outside", "copy it"),
    "files above": (HEAD + "tests:\n  - vars: { q: file://../*.txt }", r"lies outside", "copy it"),
    "a prompt above": ("prompts: [file://../above.txt]\nproviders: [echo]", "lies outside", "copy it"),
    "a link that leads above": (HEAD + "tests:\n  - vars: { q: file://link.txt }", r"'link.txt' lies outside", "copy it"),
    "a link in a file of a folder below": (HEAD + "tests: file://below/t.yaml", r"'../../above.txt' lies outside", "copy it"),
    "secrets beside the config": (HEAD + "tests:\n  - vars: { q: file://.env }", "'.env' is a hidden file", "hold secrets"),
    "Python above": (HEAD + "tests:\n  - assert: [{ type: python, value: file://../above.py }]", "lies outside", "copy it"),
    "a reference that leads nowhere": (HEAD + "tests:\n  - assert: [{ $ref: '#/a/b' }]", "leads nowhere", None),
    "a reference into itself": ("a: { $ref: '#/a' }\n" + HEAD, "into itself", None),
    "a prefix": (HEAD + "tests:\n  - options: { prefix: x }", r"`prefix` of a test is not carried over \(c.yaml:4", "into the prompt"),
    "tests of a program": (HEAD + "tests: [file://t.js]", "is JavaScript", None),
    "a picture": (HEAD + "tests:\n  - vars: { q: file://p.png }", "p.png is no text", "leave images"),
    "no such label": ("prompts: ['{{q}}']\nproviders: [{ id: echo, prompts: [other] }]", "no provider takes any of the prompts", "labels"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_config_says_where_and_what_to_do(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "geheim")
    text, message, hint = BROKEN[name]
    folder = tmp_path / "config"
    (folder / "below").mkdir(parents=True)
    (folder / "p.png").write_bytes(b"\x89PNG")
    (folder / ".env").write_text("A_SECRET=geheim")
    for name_ in ("above.txt", "above.py"):
        (tmp_path / name_).write_text("'above'")
    (folder / "link.txt").symlink_to(tmp_path / "above.txt")
    (folder / "below" / "t.yaml").write_text("- vars: { q: file://../../above.txt }")
    path = folder / "c.yaml"
    path.write_text(text)
    with pytest.raises(HoneError) as caught:
        read(path)
    assert re.search(message, caught.value.message, re.DOTALL), caught.value.message
    assert ".yaml" in caught.value.message
    assert "geheim" not in str(caught.value)
    if hint is not None:
        assert hint in (caught.value.hint or "")


CSVS = {
    "no header": ("", r"no header \(t.csv:1\)"),
    "too many fields": ("q,__expected\na,b,c\n", r"more fields than the header \(t.csv:2\)"),
    "an unknown column": ("q,__expectd\na,b\n", r"unknown column `__expectd` \(t.csv:2\)"),
    "a threshold in words": ("q,__threshold\na,high\n", r"`__threshold` is 'high'.*\(t.csv:2\)"),
    "an open quote": ('q\nok\n"open\n', r"this is no CSV: .*\(t.csv:3\)"),
    "an unknown type": ('q,__expected\n"two\nlines",a\nb,contians: x\n', r"type `contians` \(t.csv:4"),
}


@pytest.mark.parametrize("name", CSVS)
def test_a_broken_csv_says_in_which_row(tmp_path: Path, name: str) -> None:
    text, message = CSVS[name]
    (tmp_path / "t.csv").write_text(text)
    (tmp_path / "c.yaml").write_text(HEAD + "tests: file://t.csv")
    with pytest.raises(HoneError) as caught:
        read(tmp_path / "c.yaml")
    assert re.search(message, caught.value.message), caught.value.message


EVALS = {
    "no samples named": ("x:\n  class: a:Match", r"names no samples \(e.yaml:1, x.args\)"),
    "samples that are not there": ("x:\n  class: a:Match\n  args: { samples_jsonl: s.jsonl }", r"no samples 's.jsonl' \(e.yaml:3"),
    "a program": ("x:\n  class: a:Solver\n  args: { samples_jsonl: ok.jsonl }", r"`a:Solver` are programs.*\(e.yaml:2"),
    "several evals": ("x: { class: a:Match }\ny: { class: a:Match }", "holds 2 evals"),
    "a sample without input": ("x:\n  class: a:Match\n  args: { samples_jsonl: no.jsonl }", r"no `input` \(no.jsonl:2\)"),
    "an unknown grading": (
        "x:\n  class: a:ModelBasedClassify\n  args: { samples_jsonl: ok.jsonl, modelgraded_spec: battle }", "grading `battle` has no counterpart"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EVALS)
def test_a_broken_registry_says_where(tmp_path: Path, name: str) -> None:
    text, message = EVALS[name]
    (tmp_path / "ok.jsonl").write_text('{"input": "a", "ideal": "b"}\n')
    (tmp_path / "no.jsonl").write_text('{"input": "a", "ideal": "b"}\n{"ideal": "b"}\n')
    (tmp_path / "e.yaml").write_text(text)
    with pytest.raises(HoneError) as caught:
        read(tmp_path / "e.yaml")
    assert re.search(message, caught.value.message), caught.value.message


def test_aliases_of_aliases_do_not_fill_the_memory(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (tmp_path / "c.yaml").write_text("\n".join(lines))
    with pytest.raises(HoneError, match="more than 300,000 values"):
        read(tmp_path / "c.yaml")


def test_nothing_is_overwritten_and_nothing_is_left_half_done(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(HEAD + TESTS)
    root = tmp_path / "project"
    (root / "datasets").mkdir(parents=True)
    (root / "datasets" / "mine.jsonl").write_text("kept")
    with pytest.raises(HoneError, match=r"mine.jsonl is there already"):
        taken_over(read(tmp_path / "c.yaml", name="mine"), root)
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["mine.jsonl"]
    assert (root / "datasets" / "mine.jsonl").read_text() == "kept"


def test_a_name_leads_no_file_out_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(HEAD + TESTS)
    with pytest.raises(HoneError, match="cannot be the name of a task"):
        read(tmp_path / "c.yaml", name="../../elsewhere")


def test_a_file_below_may_name_one_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "word.txt").write_text("hi")
    (tmp_path / "below" / "t.yaml").write_text("- vars: { q: file://../word.txt, env: { A: b }, r: '{{ env.A }}' }")
    (tmp_path / "c.yaml").write_text(HEAD + "tests: file://below/t.yaml")
    assert read(tmp_path / "c.yaml").examples[0].input == {"q": "hi", "env": {"A": "b"}, "r": "b"}
