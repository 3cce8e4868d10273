"""Several deployments of one model behind one name: each call asks one first, and the others when it fails."""

from collections import Counter
from pathlib import Path

import openai
import pytest

from hone.errors import ProjectError
from hone.local import House
from hone.testing import Step

MESSAGES = [{"role": "user", "content": "hello"}]
MODELS = """
[models.eu]
use = "openai-compatible/small"
base_url = "{url}"

[models.us]
use = "openai-compatible/large"
base_url = "{second}"

[models.both]
any = ["eu", "us"]

[models.quickest]
any = ["eu", "us"]
balance = "latency"

[models.mostly-us]
any = {{ eu = 1, us = 9 }}

[tasks.balanced]
models = ["both", "floor"]

[budgets.both]
match = {{ model = "both" }}
rate = "3 / minute"
"""


@pytest.fixture
def folder(folder: Path, upstream, second) -> Path:
    with (folder / "hone.toml").open("a") as file:
        file.write(MODELS.format(url=upstream.url, second=second.url))
    return folder


def ask(client, model: str, **more):
    return client.chat.completions.create(model=model, messages=MESSAGES, **more)


def test_calls_are_spread_by_weight(client, upstream, second):
    for _ in range(40):
        ask(client, "mostly-us")
    assert len(upstream.received) + len(second.received) == 40
    assert len(second.received) > len(upstream.received)


def test_the_span_names_the_deployment_that_answered(client, spans):
    raw = client.chat.completions.with_raw_response.create(model="mostly-us", messages=MESSAGES)
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert span.model == {"small": "eu", "large": "us"}[raw.parse().model]
    assert span.attributes["balanced"] == "mostly-us"
    assert span.span_id == raw.headers["x-hone-span-id"]


@pytest.mark.parametrize("stream", [False, True])
def test_when_one_deployment_fails_the_other_answers(client, upstream, spans, stream):
    upstream.script(*[Step(status=500)] * 20)
    for _ in range(10):
        answer = ask(client, "mostly-us" if stream else "quickest", stream=stream)
        list(answer)
    seen = Counter((span.model, span.status) for span in spans(at_least=10) if span.kind == "llm")
    assert seen["us", "ok"] == 10
    assert seen["eu", "error"] <= 5, "then its breaker is open, and it is asked last"


def test_a_call_that_took_two_deployments_has_a_root_above_both(client, upstream, second, spans):
    upstream.script(Step(status=500))
    second.script(Step(status=500))
    with pytest.raises(openai.InternalServerError) as caught:
        ask(client, "quickest")
    root, first, other = spans(caught.value.response.headers["x-hone-trace-id"], 3)
    assert (root.kind, root.parent_id) == ("step", None)
    assert {first.model, other.model} == {"eu", "us"}
    assert {first.parent_id, other.parent_id} == {root.span_id}


def test_a_quick_deployment_gets_the_calls(client, upstream, second):
    upstream.script(*[Step(latency=0.1)] * 30)
    for _ in range(20):
        ask(client, "quickest")
    assert len(second.received) > 15


def test_behind_the_deployments_the_chain_goes_on(client, upstream, second):
    upstream.script(Step(status=500))
    second.script(Step(status=500))
    answer = ask(client, "balanced")
    assert answer.model == "extractive"
    assert (len(upstream.received), len(second.received)) == (1, 1)


def test_a_budget_counts_by_the_name_that_was_asked_for(client):
    for _ in range(3):
        ask(client, "both")
    with pytest.raises(openai.RateLimitError):
        ask(client, "both")
    ask(client, "eu")


def test_the_callers_own_mistake_is_not_tried_elsewhere(client, upstream, second):
    upstream.script(Step(status=400))
    second.script(Step(status=400))
    with pytest.raises(openai.BadRequestError):
        ask(client, "quickest")
    assert len(upstream.received) + len(second.received) == 1


def test_vectors_come_from_any_of_them(client, upstream, second):
    # The fake servers answer embeddings like chat, which is no answer, and so both are asked.
    with pytest.raises(openai.InternalServerError, match="no embeddings"):
        client.embeddings.create(model="quickest", input="x")
    assert (len(upstream.received), len(second.received)) == (1, 1)


def test_the_name_may_be_asked_for(client):
    assert {"both", "eu", "us"} <= {model.id for model in client.models.list()}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('any = ["eu", "su"]', "no model named `su` in [models]"),
        ('any = ["eu", "both"]', "'both' stands for several models itself"),
        ("any = []", "length >= 1"),
        ('any = { eu = 1, us = 2 }\nbalance = "latency"', "weights say nothing where latency decides"),
        ('any = ["eu"]\nbase_url = "http://x/v1"', "unknown key `base_url`"),
        ("any = { eu = -1 }", "> 0"),
    ],
)
def test_a_slip_is_said_when_the_project_is_opened(folder: Path, table: str, said: str) -> None:
    with (folder / "hone.toml").open("a") as file:
        file.write(f"\n[models.wrong]\n{table}\n")
    with pytest.raises(ProjectError) as caught:
        House.open(folder)
    assert said in caught.value.message


def test_every_deployment_must_be_cleared_for_a_private_task(folder: Path) -> None:
    with (folder / "hone.toml").open("a") as file:
        file.write('\n[tasks.secret]\nprivacy = "confidential"\nmodels = ["both"]\n')
    with pytest.raises(ProjectError, match="the model 'eu' is not cleared"):
        House.open(folder)


def test_the_list_of_models_has_the_name_of_both(client):
    listed = {model.id: model.hone for model in client.models.list()}
    assert listed["both"]["model"] == listed["eu"]["model"] == "small"
    assert listed["balanced"]["models"] == ["both", "floor"]
