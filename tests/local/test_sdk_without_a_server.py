"""The SDK with no server at all: the project of the working directory, opened in this process."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

import hone
from hone import client
from hone.core import from_json
from hone.errors import CallError, ProjectError, UnknownModel
from hone.local import House
from hone.project import scaffold
from hone.store import ScoreQuery, SpanQuery

QUESTION = "When does a parcel count as lost?"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_ENV"):
        monkeypatch.delenv(name, raising=False)
    scaffold(tmp_path, "parcels")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    client.disconnect()


@pytest.fixture
def stored(folder: Path) -> Iterator[House]:
    """The same project opened a second time, as another process would."""
    house = House.open(folder)
    yield house
    house.close()


def test_a_task_is_run_traced_and_scored(folder, stored):
    reply = hone.run("answer", question=QUESTION, session="s1", user="u1", tags=["night"])
    assert "seven working days" in reply.text
    assert (reply.variant, reply.model, reply.cost) == ("answer@baseline", "extractive", 0.0)
    score_id = hone.score(reply, "helpful", True, comment="yes")
    assert hone.flush()
    spans = stored.telemetry.trace("parcels", reply.trace_id)
    assert {span.kind for span in spans} == {"task", "retrieval", "llm"}
    assert {(span.session, span.user, span.tags) for span in spans} == {("s1", "u1", ("night",))}
    (score,) = stored.telemetry.scores(ScoreQuery())
    assert (score.id, score.target.id, score.value) == (score_id, reply.span_id, True)


def test_one_text_will_do_for_a_task_with_one_input(folder):
    assert hone.run("answer", QUESTION).text == hone.run("answer", {"question": QUESTION}).text
    with pytest.raises(CallError, match="not both"):
        hone.run("answer", QUESTION, question=QUESTION)


async def test_the_async_forms_do_the_same(folder, stored):
    replies = await asyncio.gather(*(hone.arun("answer", question=QUESTION) for _ in range(5)))
    assert len({reply.trace_id for reply in replies}) == 5
    assert len({reply.text for reply in replies}) == 1
    await hone.ascore(replies[0], "stars", 4)
    assert stored.telemetry.scores(ScoreQuery())[0].value == 4


def test_a_run_inside_a_span_joins_its_trace(folder, stored):
    @hone.trace
    def handle(ticket: str) -> str:
        with hone.span("ask", kind="tool"):
            return hone.run("answer", ticket).text

    handle(QUESTION)
    hone.flush()
    (root,) = stored.telemetry.spans(SpanQuery(roots_only=True))
    spans = {span.name: span for span in stored.telemetry.trace("parcels", root.trace_id)}
    assert root.name.endswith("handle")
    assert spans["ask"].parent_id == root.span_id
    assert spans["answer"].parent_id == spans["ask"].span_id
    assert from_json(root.output) == from_json(spans["answer"].output)["content"]


def test_a_failed_run_raises_and_leaves_a_span(folder, stored):
    with pytest.raises(UnknownModel, match="no task or model named 'anwser'"):
        hone.run("anwser", QUESTION)
    hone.flush()
    (span,) = stored.telemetry.spans(SpanQuery())
    assert span.status == "error"


def test_spans_of_the_users_own_model_calls_are_priced(folder, stored):
    with hone.span("priced", kind="llm") as step:
        step.provider, step.model = "openai", "gpt-4o"
        step.input_tokens, step.output_tokens = 1_000, 100
    with hone.span("billed", kind="llm") as step:
        step.provider, step.model, step.cost = "openai", "gpt-4o", 0.25
    with hone.span("unknown", kind="llm") as step:
        step.attributes["note"] = "no provider said, so no price"
    hone.flush()
    spans = {span.name: span for span in stored.telemetry.spans(SpanQuery())}
    assert 0 < spans["priced"].cost < 0.1
    assert (spans["priced"].model, spans["priced"].input_tokens) == ("gpt-4o", 1_000)
    assert spans["billed"].cost == 0.25
    assert spans["unknown"].cost is None
    assert spans["unknown"].attributes == {"note": "no provider said, so no price"}


def test_where_there_is_no_project_the_error_says_how_to_make_one(tmp_path, monkeypatch):
    monkeypatch.delenv("HONE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProjectError, match=r"hone\.toml") as caught:
        hone.run("answer", QUESTION)
    assert "hone init" in caught.value.hint
