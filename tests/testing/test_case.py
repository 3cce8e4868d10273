"""`@hone.case`: datasets as tests, judged together or one by one."""

import json
import subprocess
import sys

import duckdb  # noqa: F401 - see below
import numpy as np  # noqa: F401
import pyarrow as pa  # noqa: F401
import pytest

import hone.evals
import hone.local

# pytester forgets afterwards what was imported while it ran, and compiled modules cannot be loaded twice: so these are
# here before it begins.
hone.evals.make(["exact", "f1", "contains", "cost"])

pytest_plugins = ("pytester",)

PLAIN = ["-p", "hone.testing._plugin", "-p", "no:cacheprovider"]


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the tests around are slow to start, and an installed hone brings its own."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


HEAD = """
import hone
EXAMPLES = [{"id": f"case-{n}", "input": f"{n}", "expected": f"{n}!"} for n in range(20)]
"""


def run(pytester: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(HEAD + source)
    if "-n" in arguments:
        return pytester.runpytest_subprocess(*PLAIN, "-p", "xdist.plugin", *arguments)
    return pytester.runpytest_inprocess(*PLAIN, *arguments)


def test_each_example_is_a_test_and_a_wrong_one_fails_with_its_reason(pytester: pytest.Pytester) -> None:
    found = run(pytester, """
@hone.case(EXAMPLES, evaluators=["exact"])
def test_answers(example):
    return f"{example.input}!" if int(example.input) > 1 else "no idea"
""")  # fmt: skip
    found.assert_outcomes(passed=18, failed=2)
    found.stdout.fnmatch_lines(["*exact: expected 0!*", "*the answer: no idea*", "*exact 0.9 [[]0.*, 0.9*], n = 20*"])


def test_cases_count_together_where_a_criterion_is_set(pytester: pytest.Pytester) -> None:
    source = """
@hone.case(EXAMPLES, evaluators=["exact"], at_least={}, strict={})
def test_answers(example):
    return f"{{example.input}}!" if int(example.input) else "no"
"""
    passed = run(pytester, source.format(0.7, False))
    assert passed.ret == 0
    passed.stdout.fnmatch_lines(["*exact 0.95 *at least 0.7: PASS*"])
    failed = run(pytester, source.format(0.999, False))
    assert failed.ret == 1, "no test failed by itself, and the run does"
    failed.stdout.fnmatch_lines(["*at least 0.999: FAIL*"])
    failed.stdout.fnmatch_lines(["*1 wrong*"])
    unknown = run(pytester, source.format(0.9, False))
    assert unknown.ret == 0
    unknown.stdout.fnmatch_lines(["*at least 0.9: CANNOT TELL, about * more cases would*"])
    assert run(pytester, source.format(0.9, True)).ret == 1, "strict: not knowing is not enough"


def test_workers_find_together_what_one_finds_alone(pytester: pytest.Pytester) -> None:
    source = """
@hone.case(EXAMPLES, evaluators=["exact", "f1"], at_least={"exact": 0.999})
def test_answers(example):
    return f"{example.input}!" if int(example.input) else "no"
"""
    alone = run(pytester, source, "--hone-json", "alone.json")
    together = run(pytester, source, "-n", "2", "--hone-json", "deep/together.json")
    assert (alone.ret, together.ret) == (1, 1)
    one, other = (json.loads((pytester.path / name).read_text()) for name in ("alone.json", "deep/together.json"))
    assert one["findings"] == other["findings"]
    assert [each["metric"] for each in one["findings"]] == ["exact", "f1"]
    assert (one["findings"][0]["verdict"], one["findings"][0]["fails"], one["findings"][0]["n"]) == ("fail", True, 20)
    assert len(one["cases"]) == len(other["cases"]) == 20


def test_an_error_is_a_failed_test_or_a_wrong_case(pytester: pytest.Pytester) -> None:
    found = run(pytester, """
@hone.case(EXAMPLES, evaluators=["exact"])
def test_alone(example):
    if example.input == "3":
        raise ConnectionError("gone")

@hone.case(EXAMPLES, at_least=0.5)
def test_together(example):
    assert example.input != "3", "not three"
""", "-k", "case-3 or case-4")  # fmt: skip
    found.assert_outcomes(failed=2, passed=1)
    found.stdout.fnmatch_lines(["*ConnectionError: gone*"])
    found.stdout.fnmatch_lines(["*returns no answer to judge*"])
    found.stdout.fnmatch_lines(["*passes 0.5 *n = 2; at least 0.5: CANNOT TELL*"])


def test_coroutines_fixtures_replies_and_classes_work(pytester: pytest.Pytester) -> None:
    found = run(pytester, """
import asyncio, pytest
from hone.evals import Answer

@pytest.fixture
def mark():
    return "!"

@hone.case(EXAMPLES[:2], evaluators=["exact"])
async def test_waited(example, mark):
    await asyncio.sleep(0)
    return example.input + mark

class TestGroup:
    @hone.case(EXAMPLES[:2], evaluators=["exact", "cost"], at_most={"cost": 0.5})
    def test_method(self, example, mark):
        return Answer(text=example.input + mark, cost=0.01)

@hone.case([{"input": "q", "evaluators": [{"type": "contains", "value": "yes"}]}])
def test_own(example):
    return "oh yes"

def test_plain(mark):
    assert mark == "!"
""")  # fmt: skip
    found.assert_outcomes(passed=6)
    found.stdout.fnmatch_lines(["*cost 0.01*"])


def test_datasets_of_the_project_and_files_beside_the_test(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("hone.toml").write_text('project = "p"\n')
    for folder in ("datasets", "here"):
        (pytester.path / folder).mkdir()
        lines = "".join(json.dumps({"id": f"{folder}-{n}", "input": str(n), "expected": "1"}) + "\n" for n in range(3))
        (pytester.path / folder / "sums.jsonl").write_text(lines)
    found = run(pytester, """
@hone.case("sums", evaluators=["exact"], limit=2)
def test_project(example):
    return "1"

@hone.case("here/sums.jsonl", evaluators=["exact"])
def test_file(example):
    return "1"
""", "-v")  # fmt: skip
    found.assert_outcomes(passed=5)
    found.stdout.fnmatch_lines(["*test_project[[]datasets-0]*", "*test_file[[]here-2]*"])


PROJECT = """
project = "p"
[models.judge]
use = "fake/judge"
parameters = { fake = { text = '{"reason": "it is rude", "verdict": false}' } }
[judges.polite]
prompt = "polite"
model = "judge"
kind = "boolean"
[metrics.harmful]
kind = "boolean"
direction = "down"
"""


def test_a_case_knows_the_judges_metrics_and_files_of_its_project(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_API_KEY", "HONE_ENV"):
        monkeypatch.delenv(name, raising=False)
    pytester.path.joinpath("hone.toml").write_text(PROJECT)
    (pytester.path / "prompts").mkdir()
    (pytester.path / "prompts" / "polite.prompt.md").write_text("# user\n\nPolite?\n\n{{ answer }}\n")
    (pytester.path / "grade.py").write_text("print('loaded')\ndef long(output):\n    return len(output) > 1\n")
    pytester.makepyfile(HEAD + """
def harmful(example, output):
    return "bad" in output

@hone.case(EXAMPLES[:3], evaluators=[harmful, {"type": "python", "value": "grade.py:long"}], at_most={"harmful": 0.9})
def test_code(example):
    return "a bad one" if example.input == "1" else "good"

@hone.case(EXAMPLES[:1], evaluators=["polite"])
def test_judge(example):
    return "Go away."
""")  # fmt: skip
    found = pytester.runpytest_subprocess(*PLAIN, "-s", "-k", "code")
    assert str(found.stdout).count("loaded") == 1, "evaluators are made once"
    found.stdout.fnmatch_lines(["*harmful 0.33*", "*long 1*"])
    assert not (pytester.path / ".hone").exists(), "code judges without a project that is opened"
    judged = pytester.runpytest_subprocess(*PLAIN, "-k", "test_judge")
    judged.assert_outcomes(failed=1)
    judged.stdout.fnmatch_lines(["*polite: it is rude*"])


def test_an_example_has_its_own_evaluator_in_the_place_of_one_of_all(pytester: pytest.Pytester) -> None:
    found = run(pytester, """
OWN = [{"input": "q", "expected": "no", "evaluators": [{"type": "contains", "value": "yes"}]}]

@hone.case(OWN, evaluators=["contains"])
def test_own(example):
    return "oh yes"
""")  # fmt: skip
    found.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("@hone.case('none')\ndef test_it(example): ...", "*no hone.toml*"),
        ("@hone.case('none.jsonl')\ndef test_it(example): ...", "*no dataset 'none'*"),
        ("@hone.case([{'question': 'q'}])\ndef test_it(example): ...", "*this is no example*"),
        ("@hone.case([])\ndef test_it(example): ...", "*there are no examples*"),
        ("@hone.case(EXAMPLES)\ndef test_it(): ...", "*test_it takes no `example`*"),
        ("@hone.case(EXAMPLES, at_least='high')\ndef test_it(example): ...", "*is no number: 'high'*"),
    ],
)
def test_a_mistake_stops_the_collection_with_a_reason(pytester: pytest.Pytester, source: str, said: str) -> None:
    found = run(pytester, source)
    assert found.ret == 2
    found.stdout.fnmatch_lines([said])


def test_an_evaluator_that_is_not_there_is_told(pytester: pytest.Pytester) -> None:
    found = run(pytester, "@hone.case(EXAMPLES[:1], evaluators=['exct'])\ndef test_it(example):\n    return 'x'\n")
    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines(["*did you mean `exact`*"])


def test_an_example_asks_no_address_that_the_project_does_not_name(pytester: pytest.Pytester) -> None:
    asked = {"type": "webhook", "value": "http://127.0.0.1:9/judge"}
    example = json.dumps({"input": "q", "evaluators": [asked]})
    source = f"@hone.case([{example}])\ndef test_it(example):\n    return 'x'\n"
    found = run(pytester, source)
    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines(["*which hone.toml does not name*"])
    pytester.path.joinpath("hone.toml").write_text('project = "p"\nwebhooks = ["http://127.0.0.1:9/judge"]\n')
    run(pytester, source).stdout.fnmatch_lines(["*http://127.0.0.1:9/judge cannot be reached*"])


def test_a_criterion_that_nothing_speaks_to_is_not_fulfilled(pytester: pytest.Pytester) -> None:
    source = "@hone.case(EXAMPLES, evaluators=['exact'], at_least={'polite': 0.5}, strict=True)\n"
    found = run(pytester, f"{source}def test_it(example):\n    return 'x'\n")
    assert found.ret == 1
    found.stdout.fnmatch_lines(["*polite nan, n = 0; at least 0.5: CANNOT TELL*"])


def test_the_plugin_loads_nothing_heavy() -> None:
    heavy = "{'numpy', 'duckdb', 'pyarrow', 'sqlalchemy', 'jinja2', 'hone.evals', 'hone.local'}"
    code = f"import sys, hone.testing._plugin; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
