"""`/v1/models` as the official SDK lists it, with what is known of each: who answers, and at what price."""

import subprocess
import sys
from pathlib import Path

import openai
import pytest

MORE = """
[models.haiku]
use = "anthropic/claude-haiku-4-5"
privacy = "confidential"

[tasks.secret]
privacy = "confidential"
models = ["haiku"]
[tasks.secret.variants.other]
parameters = { temperature = 0.1 }

[tasks.torn]
models = ["fast"]
[tasks.torn.variants.dear]
models = ["haiku", "fast"]
"""

HAIKU = {"input": 1.0, "output": 5.0, "cache_read": 0.1, "cache_write": 1.25, "cache_write_1h": 2.0}


@pytest.fixture
def folder(folder: Path) -> Path:
    with (folder / "hone.toml").open("a") as toml:
        toml.write(MORE)
    return folder


def test_every_name_of_the_project_is_listed_with_what_it_is(client, house):
    found = {model.id: model for model in client.models.list()}
    assert list(found) == house.gateway.models()
    assert {(model.object, model.owned_by) for model in found.values()} == {("model", "hone")}
    kinds = {name: model.hone["kind"] for name, model in found.items()}
    assert (kinds["answer"], kinds["answer@concise"], kinds["fast"]) == ("task", "variant", "model")


def test_a_model_has_its_provider_its_price_and_its_context_window(client):
    assert client.models.retrieve("fast").hone == {
        "kind": "model", "provider": "openai-compatible", "model": "small", "price": {"input": 1.0, "output": 2.0},
        "context_window": None, "privacy": None,
    }  # fmt: skip
    assert client.models.retrieve("haiku").hone == {
        "kind": "model", "provider": "anthropic", "model": "claude-haiku-4-5", "price": HAIKU,
        "context_window": 200_000, "privacy": "confidential",
    }  # fmt: skip


def test_a_price_that_nobody_knows_is_null_and_one_of_this_process_is_nothing(client):
    assert client.models.retrieve("backup").hone["price"] is None
    assert client.models.retrieve("floor").hone["price"] == {"input": 0.0, "output": 0.0}


def test_a_task_is_described_by_the_model_it_asks_first(client):
    assert client.models.retrieve("answer").hone == {
        "kind": "task", "models": ["fast", "backup"], "input": {"question": "string"}, "provider": "openai-compatible",
        "model": "small", "price": {"input": 1.0, "output": 2.0}, "context_window": None, "privacy": None,
    }  # fmt: skip
    secret = client.models.retrieve("secret@other").hone
    assert (secret["kind"], secret["price"], secret["privacy"]) == ("variant", HAIKU, "confidential")


def test_a_task_whose_variants_ask_different_models_claims_none(client):
    torn = client.models.retrieve("torn").hone
    assert (torn["kind"], torn["models"], torn["model"], torn["price"]) == ("task", None, None, None)
    assert client.models.retrieve("torn@dear").hone["model"] == "claude-haiku-4-5"


def test_a_model_that_needs_no_alias_is_found_by_its_path(client):
    found = client.models.retrieve("openai/gpt-5-mini")
    assert (found.id, found.hone["provider"], found.hone["model"]) == ("openai/gpt-5-mini", "openai", "gpt-5-mini")
    assert found.hone["price"] == {"input": 0.25, "output": 2.0, "cache_read": 0.025}
    assert found.hone["context_window"] == 400_000


def test_a_path_may_be_sent_as_it_is(http):
    assert http.get("/v1/models/openai/gpt-5-mini").json()["id"] == "openai/gpt-5-mini"


def test_a_price_by_length_of_the_prompt_is_that_of_a_short_one(client):
    assert client.models.retrieve("anthropic/claude-sonnet-4-5").hone["price"]["input"] == 3.0


def test_a_price_of_input_alone_says_nothing_of_output(client):
    assert client.models.retrieve("openai/text-embedding-3-small").hone["price"] == {"input": 0.02}


def test_a_release_in_another_environment_can_be_asked_for_by_name(client):
    assert client.models.retrieve("split@production").hone["kind"] == "task"


@pytest.mark.parametrize("name", ["fasst", "answer@nowhere", "nobody/knows", "m" * 1000])
def test_what_is_not_there_is_the_sdks_not_found(client, name):
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve(name)
    assert caught.value.code == "model_not_found"


def test_the_nearest_name_is_said(client):
    with pytest.raises(openai.NotFoundError, match="did you mean `fast`"):
        client.models.retrieve("fasst")


def test_the_wrong_method_is_said(http):
    answer = http.post("/v1/models/fast", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_the_price_list_is_not_read_before_somebody_asks():
    code = "import sys, hone.server; sys.exit('genai_prices' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
