"""Our own API: scores and spans in, traces out, each acknowledged when it is durable."""

import httpx2 as httpx
import msgspec
import pytest

from hone.client import Remote
from hone.core import Span, now_ns
from hone.errors import CallError, NotAllowed, ProjectError
from hone.server import Server
from hone.store import ScoreQuery

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CHAT = {"model": "answer", "messages": [{"role": "user", "content": "where is my parcel"}]}


def a_span(**fields) -> Span:
    start = now_ns()
    return Span(
        **(
            {"project": "", "trace_id": TRACE, "span_id": SPAN, "name": "step", "start": start, "end": start + 5}
            | fields
        )
    )


def test_a_score_is_durable_when_it_is_answered(http, house):
    answer = http.post(
        "/api/scores", json={"target": {"span": SPAN}, "name": "helpful", "value": True, "comment": "yes"}
    )
    assert answer.status_code == 201
    (score,) = house.telemetry.scores(ScoreQuery(project="parcels"))
    assert (score.id, score.name, score.value, score.kind, score.by) == (
        answer.json()["id"], "helpful", True, "boolean", "user",
    )  # fmt: skip


def test_a_score_sent_twice_is_kept_once(http, house):
    body = {"id": "mine", "target": {"trace": TRACE}, "name": "stars", "value": 4}
    assert [http.post("/api/scores", json=body).status_code for _ in range(2)] == [201, 200]
    assert http.post("/api/scores", json={**body, "value": 1}).status_code == 200
    (score,) = house.telemetry.scores(ScoreQuery(project="parcels"))
    assert score.value == 4  # the first write wins


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"name": "helpful", "value": True}, "missing required field `target`"),
        ({"target": {"span": SPAN, "trace": TRACE}, "name": "x", "value": 1}, "exactly one of"),
        ({"target": {"call": SPAN}, "name": "x", "value": 1}, "exactly one of"),
        ({"target": {"span": ""}, "name": "x", "value": 1}, "1 to 500 characters"),
        ({"target": {"span": SPAN}, "name": "", "value": 1}, "cannot be the name"),
        ({"target": {"span": SPAN}, "name": "x", "value": [1]}, "Expected"),
        ({"target": {"span": SPAN}, "name": "x", "value": 1, "by": "cat"}, "`by` is one of"),
        ({"target": {"span": SPAN}, "name": "helpful", "value": 0.5}, "declared as boolean"),
        ({"target": {"span": SPAN}, "name": "x", "value": 1, "colour": "red"}, "unknown field `colour`"),
    ],
)
def test_a_score_that_is_none_says_why(http, house, body, said):
    answer = http.post("/api/scores", json=body)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]
    assert house.telemetry.scores(ScoreQuery(project="parcels")) == []


def test_spans_sent_in_are_shown_as_a_tree(http, house):
    remote = Remote(str(http.base_url))
    remote.record([a_span(), a_span(span_id="1" * 16, parent_id=SPAN, name="inner")])
    assert remote.flush(10)
    remote.close()
    detail = http.get(f"/api/traces/{TRACE}").json()
    (root,) = detail["roots"]
    assert (root["span"]["name"], root["children"][0]["span"]["name"]) == ("step", "inner")
    assert root["span"]["project"] == "parcels"


def test_spans_with_wrong_ids_are_refused(http):
    answer = http.post("/api/spans", content=msgspec.json.encode([a_span(trace_id="nope")]))
    assert answer.status_code == 400
    assert "span 0 has no valid trace" in answer.json()["detail"]


@pytest.mark.parametrize(("field", "value"), [("input_tokens", 2**63), ("start", 2**70), ("first_token", -(2**63) - 1)])
def test_a_number_that_cannot_be_stored_is_refused_by_name(http, field, value):
    answer = http.post(
        "/api/spans", json=[msgspec.to_builtins(a_span()), msgspec.to_builtins(a_span()) | {field: value}]
    )
    assert answer.status_code == 400
    assert f"span 1 ({SPAN}): `{field}`" in answer.json()["detail"]


def test_a_span_that_cannot_be_stored_does_not_take_its_neighbours_along(http, house):
    remote = Remote(str(http.base_url))
    odd = a_span(span_id="2" * 16, input_tokens=2**63)
    remote.record([a_span(), odd, a_span(span_id="3" * 16)])
    assert not remote.flush(10)
    remote.close()
    assert {span.span_id for span in house.telemetry.trace("parcels", TRACE)} == {SPAN, "3" * 16}


def test_many_large_spans_all_arrive(http, house):
    remote = Remote(str(http.base_url))
    remote.record([a_span(span_id=f"{number + 1:016x}", input="x" * 20_000) for number in range(500)])
    assert remote.flush(30)
    remote.close()
    assert len(house.telemetry.trace("parcels", TRACE)) == 500


def test_a_clock_that_stepped_back_costs_no_span(http, house):
    answer = http.post("/api/spans", content=msgspec.json.encode([a_span(start=5_000, end=4_000)]))
    assert answer.status_code == 200
    (span,) = house.telemetry.trace("parcels", TRACE)
    assert span.end == span.start


def test_traces_are_listed_newest_first_page_by_page(http, house):
    for number in range(5):
        http.post("/v1/chat/completions", json=CHAT, headers={"x-hone-session": f"s{number}"})
    house.telemetry.flush()
    first = http.get("/api/traces", params={"limit": 3}).json()
    second = http.get("/api/traces", params={"limit": 3, "cursor": first["next"]}).json()
    assert [row["session"] for row in first["items"] + second["items"]] == ["s4", "s3", "s2", "s1", "s0"]
    assert second["next"] is None
    assert http.get("/api/traces", params={"session": "s2"}).json()["items"][0]["session"] == "s2"
    assert http.get("/api/traces", params={"session": "other"}).json() == {"items": [], "next": None}


def test_a_trace_shows_its_scores_tokens_and_cost(http):
    trace_id = http.post("/v1/chat/completions", json=CHAT).headers["x-hone-trace-id"]
    http.post("/api/scores", json={"target": {"trace": trace_id}, "name": "helpful", "value": False})
    (row,) = http.get("/api/traces").json()["items"]
    assert row["scores"][0]["value"] is False
    assert row["tokens"] > 0
    assert row["cost"] > 0
    assert row["spans"] == 2
    assert http.get(f"/api/traces/{trace_id[:8]}").json()["trace_id"] == trace_id


def test_words_find_the_trace_that_holds_them(http, house):
    for text in ("a lost umbrella", "a blue bicycle"):
        http.post("/v1/chat/completions", json={**CHAT, "messages": [{"role": "user", "content": text}]})
    house.telemetry.flush()
    (row,) = http.get("/api/traces", params={"words": "bicycle"}).json()["items"]
    detail = http.get(f"/api/traces/{row['trace_id']}").json()
    assert "a blue bicycle" in detail["roots"][0]["span"]["input"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=many", "colour=red", "cursor=yesterday", "status=maybe", "since=null"]
)
def test_a_filter_that_is_wrong_is_a_400(http, query):
    assert http.get(f"/api/traces?{query}").status_code == 400


def test_a_trace_is_there_as_soon_as_its_reply_is(http):
    for _ in range(10):
        trace_id = http.post("/v1/chat/completions", json=CHAT).headers["x-hone-trace-id"]
        assert http.get(f"/api/traces/{trace_id}").status_code == 200


def test_a_trace_that_is_not_there_is_a_404(http):
    assert http.get(f"/api/traces/{'a' * 32}").status_code == 404


def test_the_openapi_document_names_every_route(http):
    document = http.get("/api/openapi.json").json()
    assert {"/api/scores", "/api/spans", "/api/traces", "/api/traces/{trace_id}"} <= set(document["paths"])
    references = httpx.Response(200, json=document).text.count("#/components/schemas/")
    assert references > 5
    for name in ("ScoreBody", "Span", "Score", "TracePage", "TraceDetail", "Problem"):
        assert name in document["components"]["schemas"]


def test_it_is_alive_and_ready(http):
    assert http.get("/healthz").json() == {"status": "ok"}
    assert http.get("/readyz").json() == {"status": "ready"}


def test_listening_beyond_loopback_needs_a_key(house):
    with pytest.raises(NotAllowed, match="other machines"):
        Server(house, "0.0.0.0", 0)
    Server(house, "0.0.0.0", 0, api_key="sesame")


def test_a_port_that_is_taken_is_said_plainly(house, server):
    with pytest.raises(ProjectError, match="cannot listen"):
        Server(house, "127.0.0.1", int(server.url.rpartition(":")[2])).bind()


def test_the_remote_client_raises_what_the_server_said(server):
    remote = Remote(server.url)
    with pytest.raises(CallError, match="declared as boolean"):
        remote.score({"target": {"span": SPAN}, "name": "helpful", "value": 3})
