"""promptfoo's configs, read and run."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from hone.datasets import Example
from hone.errors import HoneError
from hone.evals import Answer, Given, Question, Told, make
from hone.evals._registry import evaluators
from hone.evals.interop import Imported, read, unfold
from hone.local import Bench, Hone, House, Options
from hone.project import load

SUPPORT = """
description: Support questions
prompts:
  - file://prompts/plain.txt
  - id: file://prompts/chat.json
    label: chat
providers:
  - openai:gpt-5-mini
  - id: anthropic:messages:claude-sonnet-4-6
    label: sonnet
    config: { temperature: 0, max_tokens: 300, apiKey: "{{ env.CLAUDE_KEY }}", showThinking: false }
    prompts: [chat]
defaultTest:
  vars: { company: Acme }
  assert:
    - { type: latency, threshold: 3000 }
tests:
  - description: where
    vars: { question: "Where is my parcel?", answer: Monday }
    threshold: 0.6
    assert:
      - { type: contains, value: "{{ answer }}", weight: 2, metric: facts }
      - { type: not-contains, value: sorry }
  - vars: { question: ["Why?", "How?"], tone: [kind, brief] }
  - file://more.csv
"""
CSV = """question,__expected1,__expected2,__metadata:area,__threshold
"What is 2+2?",4,"contains: 4",maths,0.5
Say no,"not-contains: yes",,,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "plain.txt").write_text(
        "Answer for {{company}}: {{question}}{% if tone %} ({{ tone }}){% endif %}\n"
    )
    chat = [{"role": "system", "content": "You work for {{company}}."}, {"role": "user", "content": "{{question}}"}]
    (tmp_path / "prompts" / "chat.json").write_text(json.dumps(chat))
    (tmp_path / "more.csv").write_text(CSV)
    return tmp_path


def config(folder: Path, text: str, name: str = "promptfooconfig.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def small(folder: Path, asserts: str, more: str = "") -> Imported:
    text = f"prompts: ['{{{{q}}}}']\nproviders: [echo]\ntests:\n  - vars: {{ q: hi }}\n{more}    assert:\n{asserts}\n"
    return read(config(folder, text))


def said(example: Example, text: str, root: Path | None = None, **answer: Any) -> dict[str, Any]:
    evaluators = make(example.evaluators, given=Given(root=root))
    found = [each for made in evaluators for each in made.judgements(example, Answer(text=text, **answer))]
    return {each.name: each.value for each in found}


def test_a_config_becomes_a_task_with_a_variant_for_each_prompt_and_model(folder: Path) -> None:
    found = read(config(folder, SUPPORT), name="support")
    assert [(each.variant, each.prompt, each.model) for each in found.pairings] == [
        ("baseline", "plain", "gpt-5-mini"),
        ("chat-gpt-5-mini", "chat", "gpt-5-mini"),
        ("chat-sonnet", "chat", "sonnet"),
    ]  # fmt: skip
    assert found.targets == ("support@baseline", "support@chat-gpt-5-mini", "support@chat-sonnet")
    assert found.inputs == {"company": "string", "question": "string", "tone": "string", "answer": "string"}
    assert "showThinking" in found.notes[0]
    assert "promptfooconfig.yaml:11" in found.notes[0], "what is left out is told with its line"
    assert "# system\n\nYou work for {{company}}.\n\n# user\n\n{{question}}" in found.prompts[1].source


def test_what_goes_to_hone_toml_is_a_project_that_loads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDE_KEY", "k")
    found = unfold(config(folder, SUPPORT))
    project = load(found.folder)
    task = project.tasks[found.dataset]
    assert task.variant_names == ["baseline", "chat-gpt-5-mini", "chat-sonnet"]
    sonnet = project.models["sonnet"]
    assert (sonnet.use, sonnet.api_key, sonnet.parameters) == (
        "anthropic/claude-sonnet-4-6", "k", {"temperature": 0, "max_tokens": 300}
    )  # fmt: skip
    assert "CLAUDE_KEY" in (found.folder / "hone.toml").read_text(), "the secret itself is written nowhere"


def test_tests_unfold_and_inherit(folder: Path) -> None:
    examples = read(config(folder, SUPPORT)).examples
    assert [each.id for each in examples] == [
        "test-1",
        "test-2-1",
        "test-2-2",
        "test-2-3",
        "test-2-4",
        "test-3",
        "test-4",
    ]
    assert {each.input["company"] for each in examples if isinstance(each.input, dict)} == {"Acme"}
    assert [(each.input["question"], each.input["tone"]) for each in examples[1:5]] == [
        ("Why?", "kind"), ("Why?", "brief"), ("How?", "kind"), ("How?", "brief")
    ]  # fmt: skip
    assert examples[0].evaluators == (
        {
            "type": "promptfoo-test", "threshold": 0.6,
            "assert": [
                {"type": "latency", "unit": "ms", "threshold": 3000.0},
                {"type": "contains", "case": True, "value": "Monday", "weight": 2.0, "metric": "facts"},
                {"type": "not-contains", "case": True, "value": "sorry"},
            ],
        },
    )  # fmt: skip
    assert examples[0].metadata == {"description": "where"}
    (three,) = examples[5].evaluators
    assert [each["type"] for each in three["assert"]] == [
        "latency",
        "equals",
        "contains",
    ]
    assert (three["threshold"], examples[5].metadata) == (0.5, {"area": "maths"})


# -- how a test passes


def judged(spec: dict[str, Any], text: str, **answer: Any) -> dict[str, Any]:
    return said(Example(input="q", evaluators=({"type": "promptfoo-test", **spec},)), text, **answer)


def parts(*found: bool, weights: tuple[float, ...] = ()) -> list[dict[str, Any]]:
    """Assertions that are fulfilled or not by a fast answer of one second."""
    weights = weights or (1.0,) * len(found)
    return [
        {"type": "latency", "threshold": 2.0 if each else 0.5, "weight": w}
        for each, w in zip(found, weights, strict=True)
    ]


def test_without_a_threshold_every_assertion_must_pass() -> None:
    whole = judged({"assert": parts(True, True)}, "", seconds=1.0)
    assert (whole["pass"], whole["score"]) == (True, 1.0)
    half = judged({"assert": parts(True, False)}, "", seconds=1.0)
    assert (half["pass"], half["score"]) == (False, 0.5)
    assert (half["latency"], half["latency 2"]) == (1.0, 1.0), "two of one type are told apart"


def test_with_a_threshold_the_weighted_mean_decides() -> None:
    spec = {"assert": parts(True, False, weights=(3, 1))}
    assert judged(spec | {"threshold": 0.75}, "", seconds=1.0)["pass"] is True
    assert judged(spec | {"threshold": 0.76}, "", seconds=1.0)["pass"] is False
    assert judged(spec | {"threshold": 0}, "", seconds=1.0)["pass"] is True, "0 collects scores and never fails"
    nothing = judged({"assert": parts(False, weights=(0,))}, "", seconds=1.0)
    assert (nothing["pass"], nothing["score"]) == (False, 0.0)


def test_assertions_of_one_metric_are_one_score() -> None:
    named = [each | {"metric": "speed"} for each in parts(True, False, weights=(3, 1))]
    found = judged({"assert": named}, "", seconds=1.0)
    assert found == {"pass": False, "score": 0.75, "speed": 0.75}


def test_a_set_within_a_set_counts_as_one() -> None:
    inner = {"type": "assert-set", "threshold": 0.5, "assert": parts(True, False)}
    found = judged({"assert": [inner, *parts(True)]}, "", seconds=1.0)
    assert found["pass"] is True
    assert (found["assert-set"], found["assert-set:score"]) == (True, 0.5)
    assert found["score"] == 0.75, "the set's own score goes into the one around it"


def test_a_judge_that_scores_goes_in_with_its_score() -> None:
    async def ask(question: Question) -> Told:
        return Told(text="", value={"reason": "rather polite", "passed": True, "score": 0.6})

    spec = {"type": "promptfoo-test", "assert": [{"type": "llm-rubric", "value": "polite"}, *parts(True)]}
    (made,) = make([spec], given=Given(ask=ask, models=str))
    found = {each.name: each.value for each in made.judgements(Example(input="q"), Answer(text="hm", seconds=1.0))}
    assert (found["pass"], found["llm-rubric"]) == (True, True)
    assert found["score"] == pytest.approx(0.8)
    assert made.by == "judge"


def test_not_turns_an_evaluator_round() -> None:
    (made,) = make([{"type": "promptfoo-test", "assert": [{"type": "not-exact"}]}])
    example = Example(input="q", expected="Paris")
    values = {each.name: each.value for each in made.judgements(example, Answer(text="Rome"))}
    assert values == {"pass": True, "score": 1.0, "not-exact": True}
    assert {each.name: each.value for each in made.judgements(example, Answer(text="Paris"))}["pass"] is False


def test_a_number_keeps_its_shades_under_a_threshold() -> None:
    example = Example(input="q", expected="a quick brown fox")
    spec = {"type": "promptfoo-test", "assert": [{"type": "f1", "threshold": 0.9}]}
    (made,) = make([spec])
    values = {each.name: each.value for each in made.judgements(example, Answer(text="quick brown bear"))}
    assert values["pass"] is False
    assert values["score"] == values["f1"] == pytest.approx(2 / 3)


def test_what_cannot_be_judged_does_not_pass() -> None:
    found = judged({"assert": [{"type": "cost", "threshold": 0.01}]}, "fine")
    assert found == {"pass": False, "score": 0.0}, "no cost is known, so nothing was shown"
    assert judged({"assert": [{"type": "cost", "threshold": 0.01}]}, "fine", cost=0.001)["pass"] is True


def test_a_call_that_failed_fails_everything_that_has_a_worst() -> None:
    example = Example(input="q", evaluators=({"type": "promptfoo-test", "assert": parts(True)},))
    (made,) = make(example.evaluators)
    found = {each.name: each.value for each in asyncio.run(made.said(example, Answer(error="gone")))}
    assert found == {"pass": False, "score": 0.0, "latency-passes": False}


TIDY = "def get_transform(output, context):\n    return output.strip() + context['vars']['q']\n"
GRADE = (
    "def polite(output, context):\n    return {'pass': context['vars']['q'] in output, 'score': 1, 'reason': 'so'}\n"
)


def test_a_transform_in_python_changes_the_answer_before_it_is_judged(folder: Path) -> None:
    (folder / "tidy.py").write_text(TIDY)
    found = small(folder, "      - { type: equals, value: yeshi }\n", "    options: { transform: 'file://tidy.py' }\n")
    project = unfold(folder / "promptfooconfig.yaml").folder
    assert said(found.examples[0], "   yes ", project)["pass"] is True
    assert said(found.examples[0], "no", project)["pass"] is False


@pytest.mark.parametrize(
    "value",
    ["'len(output) > 3'", '"return len(output) > 3"', "\"n = len(output)\\nreturn {'pass': n > 3, 'score': 1}\""],
)
def test_python_in_a_config_becomes_a_file_of_the_project(folder: Path, value: str) -> None:
    found = small(folder, f"      - type: python\n        value: {value}")
    project = unfold(folder / "promptfooconfig.yaml").folder
    assert [path.name for path in (project / "evaluators").iterdir()] == [
        Path(found.examples[0].evaluators[0]["assert"][0]["value"].partition(":")[0]).name
    ]
    assert [said(found.examples[0], text, project)["pass"] for text in ("long", "no")] == [True, False]


def test_a_python_file_comes_along_and_keeps_its_function(folder: Path) -> None:
    (folder / "grade.py").write_text(GRADE)
    found = small(
        folder,
        "      - { type: python, value: 'file://grade.py:polite' }\n      - { type: not-python, value: '1 > 2' }",
    )
    project = unfold(folder / "promptfooconfig.yaml").folder
    assert [said(found.examples[0], text, project)["pass"] for text in ("oh hi", "no")] == [True, False]
    assert len(found.code) == 2


# -- what else a config may hold


def test_scenarios_are_every_case_with_every_test(folder: Path) -> None:
    text = """
prompts: ["Translate to {{language}}: {{input}}"]
providers: echo
scenarios:
  - config:
      - vars: { language: Spanish, hello: Hola }
      - vars: { language: French, hello: Bonjour }
    tests:
      - vars: { input: Hello }
        assert: [{ type: contains, value: "{{hello}}" }]
      - vars: { input: Bye }
"""
    found = read(config(folder, text)).examples
    assert [(each.input["language"], each.input["input"]) for each in found] == [
        ("Spanish", "Hello"), ("Spanish", "Bye"), ("French", "Hello"), ("French", "Bye")
    ]  # fmt: skip
    assert [each.evaluators[0]["assert"][0]["value"] for each in found if each.evaluators] == ["Hola", "Bonjour"]


def test_words_of_yaml_1_1_stay_texts_and_numbers_stay_numbers(folder: Path) -> None:
    text = "prompts: ['{{a}}{{b}}{{c}}{{d}}']\nproviders: echo\n"
    text += "tests: [{ vars: { a: yes, b: 12:30, c: 2024-01-01, d: 1.5 } }]"
    (example,) = read(config(folder, text)).examples
    assert example.input == {"a": "yes", "b": "12:30", "c": "2024-01-01", "d": 1.5}


def test_nunjucks_is_read_as_jinja(folder: Path) -> None:
    text = """
prompts: ["{% if n === 1 && q !== '' %}one {{ q | dump }}{% elseif items.length > 1 %}many{% endif %}"]
providers: echo
tests: [{ vars: { n: 1, q: hi } }, { vars: { n: 2, q: "a && b" }, options: { disableVarExpansion: true } }]
"""
    found = read(config(folder, text))
    assert (
        "{% if n == 1  and  q != '' %}one {{ q | tojson }}{% elif items | length > 1 %}many" in found.prompts[0].source
    )


def test_what_has_no_counterpart_is_left_out_only_when_that_is_said(folder: Path) -> None:
    asserts = "      - { type: javascript, value: 'output.length < 9' }\n      - { type: contains, value: hi }\n"
    asserts += "      - { type: equals, value: x, transform: output.trim() }"
    with pytest.raises(HoneError, match="`javascript` are not run here"):
        small(folder, asserts)
    found = read(folder / "promptfooconfig.yaml", leave_out=True)
    assert [each["type"] for each in found.examples[0].evaluators[0]["assert"]] == ["contains"]
    assert [note.partition(" (")[2] for note in found.notes] == [
        "promptfooconfig.yaml:6, tests.0.assert.0.type)", "promptfooconfig.yaml:8, tests.0.assert.2.transform)"
    ]  # fmt: skip
    config(folder, "prompts: ['{{q}}']\nproviders: echo\ntests: [{ assert: [{ type: contians, value: x }] }]")
    with pytest.raises(HoneError, match="contians"):
        read(folder / "promptfooconfig.yaml", leave_out=True)


def test_references_to_templates_of_assertions_are_followed(folder: Path) -> None:
    text = """
assertionTemplates:
  quick: { type: latency, threshold: 500 }
prompts: ["{{q}}"]
providers: echo
tests: [{ vars: { q: hi }, assert: [{ $ref: "#/assertionTemplates/quick" }] }]
"""
    (example,) = read(config(folder, text)).examples
    assert example.evaluators[0]["assert"] == [{"type": "latency", "unit": "ms", "threshold": 500.0}]


def test_the_answer_of_each_variant_is_judged_by_the_examples_own_evaluators(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    text = """
prompts: ["Say {{word}}", "Sing {{word}}"]
providers: echo
tests:
  - vars: { word: la }
    assert: [{ type: latency, threshold: 60000 }]
"""
    made = unfold(config(folder, text))
    house = House.open(made.folder)
    connection = Hone(house)
    try:
        run = Bench(house, connection).evaluate(made.targets, made.dataset, Options(evaluators=["latency"]))
        assert sorted(each.output for each in run.results) == ["Say la", "Sing la"]
        (example,) = run_dataset(house, made.dataset)
        assert said(example, "Say la", seconds=0.1)["pass"] is True
    finally:
        connection.close()


def run_dataset(house: House, name: str) -> tuple[Example, ...]:
    from hone.datasets import DatasetFile

    return DatasetFile(house.project.root / "datasets", name).read().examples


# -- every type of assertion that promptfoo has


EVERY = [
    "agent-rubric", "answer-relevance", "bleu", "classifier", "contains", "contains-all", "contains-any",
    "contains-html", "contains-json", "contains-sql", "contains-xml", "context-faithfulness", "context-recall",
    "context-relevance", "conversation-relevance", "cost", "equals", "f-score", "factuality", "finish-reason",
    "g-eval", "gleu", "guardrails", "human", "icontains", "icontains-all", "icontains-any", "is-html", "is-json",
    "is-refusal", "is-sql", "is-valid-function-call", "is-valid-openai-function-call", "is-valid-openai-tools-call",
    "is-xml", "javascript", "latency", "levenshtein", "llm-rubric", "max-score", "meteor", "model-graded-closedqa",
    "model-graded-factuality", "moderation", "perplexity", "perplexity-score", "pi", "python", "regex", "rouge-n",
    "ruby", "search-rubric", "select-best", "similar", "similar:cosine", "similar:dot", "similar:euclidean",
    "skill-used", "starts-with", "tool-call-f1", "trace-error-spans", "trace-span-count", "trace-span-duration",
    "trajectory:goal-success", "trajectory:step-count", "trajectory:tool-args-match", "trajectory:tool-sequence",
    "trajectory:tool-used", "webhook", "word-count",
]  # fmt: skip


@pytest.mark.parametrize("kind", [*EVERY, *(f"not-{each}" for each in EVERY)])
def test_every_assertion_has_an_evaluator_or_an_error_that_names_it_and_its_line(folder: Path, kind: str) -> None:
    asserts = f"      - type: {kind}\n        value: file://value.txt"
    (folder / "value.txt").write_text("what {{ q }} means\n")
    if kind.removeprefix("not-") == "python":
        asserts = f"      - type: {kind}\n        value: len(output) > 3"
    try:
        (example,) = small(folder, asserts).examples
    except HoneError as problem:
        assert f"`{kind}`" in problem.message
        assert "promptfooconfig.yaml:6, tests.0.assert.0.type" in problem.message
        return
    asked = example.evaluators[0]
    inner = asked["assert"][0] if asked["type"] == "promptfoo-test" else asked
    assert inner["type"].removeprefix("not-").partition(":")[0] in evaluators.names()
    assert inner["value"] == "what hi means" or inner["value"].startswith("evaluators/inline-")


def test_only_what_needs_another_language_a_person_or_a_service_has_no_evaluator(folder: Path) -> None:
    missing = set()
    for kind in EVERY:
        try:
            small(folder, f"      - {{ type: '{kind}', value: '1' }}")
        except HoneError as problem:
            missing.add(kind)
            assert problem.hint is not None
            assert "did you mean" not in problem.hint, "a way out, not a guess"
    assert missing == {"classifier", "guardrails", "human", "javascript", "pi", "ruby", "search-rubric"}


# What promptfoo's documentation shows, with an answer that passes and one that does not.
SHOWN = {
    "{ type: equals, value: 'The expected output' }": ("The expected output", "another"),
    "{ type: equals, value: { key: value } }": ('{"key":   "value"}', '{"key": 1}'),
    "{ type: contains, value: substring }": ("a substring here", "a SUBSTRING here"),
    "{ type: icontains, value: substring }": ("a SUBSTRING here", "nothing"),
    "{ type: contains-any, value: [one, two] }": ("it is two", "three"),
    "{ type: contains-all, value: [one, two] }": ("two and one", "two"),
    "{ type: not-contains, value: sorry }": ("gladly", "sorry, no"),
    "{ type: starts-with, value: 'Yes' }": ("Yes, sir", "Oh yes"),
    "{ type: regex, value: '\\d{4}' }": ("in 1984", "then"),
    "{ type: is-json }": ('{"a": 1}', "a: 1"),
    "{ type: is-json, value: { required: [color], type: object } }": ('{"color": "red"}', '{"size": 1}'),
    "{ type: contains-json }": ('here: {"a": 1} done', "no {"),
    "{ type: is-xml }": ("<a><b/></a>", "<a>"),
    "{ type: is-sql }": ("SELECT id FROM users", "hello there"),
    "{ type: levenshtein, threshold: 2, value: kitten }": ("sitten", "something else"),
    "{ type: rouge-n, threshold: 0.6, value: 'the cat sat on the mat' }": ("the cat sat on a mat", "dogs"),
    "{ type: bleu, value: 'the cat sat on the mat' }": ("the cat sat on the mat", "a dog"),
    "{ type: gleu, value: 'the cat sat on the mat' }": ("the cat sat on the mat", "a dog"),
    "{ type: word-count, value: 2 }": ("two words", "one"),
    "{ type: f-score, threshold: 0.9, value: 'blue sky' }": ("the blue sky", "grass"),
    "{ type: assert-set, threshold: 0.5, assert: [{ type: contains, value: a }, { type: is-json }] }": ("a", ""),
}  # fmt: skip


@pytest.mark.parametrize("written", SHOWN)
def test_an_assertion_passes_and_fails_as_the_documentation_shows(folder: Path, written: str) -> None:
    right, wrong = SHOWN[written]
    (example,) = small(folder, f"      - {written}").examples
    assert [said(example, text)["pass"] for text in (right, wrong)] == [True, False]


@pytest.mark.parametrize("written", [each for each in SHOWN if "not-" not in each and "assert-set" not in each])
def test_not_turns_each_of_them_round(folder: Path, written: str) -> None:
    right, wrong = SHOWN[written]
    (example,) = small(folder, f"      - {written.replace('type: ', 'type: not-', 1)}").examples
    assert [said(example, text)["pass"] for text in (right, wrong)] == [False, True]


def test_latency_is_in_milliseconds_as_there(folder: Path) -> None:
    (example,) = small(folder, "      - { type: latency, threshold: 500 }").examples
    assert [said(example, "", seconds=each)["pass"] for each in (0.4, 0.6)] == [True, False]


def test_the_model_of_a_test_judges_what_is_judged_by_models_alone(folder: Path) -> None:
    asserts = "      - { type: llm-rubric, value: polite }\n      - { type: contains, value: hi }\n"
    asserts += "      - { type: factuality, value: x, provider: 'anthropic:messages:claude' }\n"
    found = small(folder, asserts, "    options: { provider: 'openai:chat:gpt-5' }\n").examples[0]
    inner = found.evaluators[0]["assert"]
    assert [each.get("model") for each in inner] == ["openai/gpt-5", None, "anthropic/claude"]


def test_what_compares_variants_stands_beside_the_test(folder: Path) -> None:
    (example,) = small(
        folder, "      - { type: select-best, value: friendly }\n      - { type: contains, value: hi }"
    ).examples
    assert [each["type"] for each in example.evaluators] == ["promptfoo-test", "select-best"]


def test_a_transform_that_is_edited_is_another_evaluator_and_changes_answers_otherwise(folder: Path) -> None:
    (folder / "tidy.py").write_text("def get_transform(output, context):\n    return 'hi'\n")
    asked = {"type": "promptfoo-test", "transform": "tidy.py", "assert": [{"type": "equals", "value": "hi"}]}
    example = Example(input="x", evaluators=(asked,))
    assert said(example, "anything", folder)["pass"] is True
    (before,) = make([asked], given=Given(root=folder))
    (folder / "tidy.py").write_text("def get_transform(output, context):\n    return 'no'\n")
    assert said(example, "anything", folder)["pass"] is False
    (after,) = make([asked], given=Given(root=folder))
    assert before.key != after.key


def test_a_service_that_a_config_asks_is_named_in_hone_toml(folder: Path) -> None:
    url = "http://127.0.0.1:9/judge"
    found = small(folder, f"      - {{ type: assert-set, assert: [{{ type: not-webhook, value: '{url}' }}] }}")
    assert found.webhooks == (url,)
    assert any(url in note for note in found.notes)
    assert load(unfold(folder / "promptfooconfig.yaml").folder).webhooks == (url,)
