"""The pages over real HTTP: what they show, their JSON twins, and what they refuse."""

import hashlib
import re
from pathlib import Path

import httpx2 as httpx
import msgspec
import pytest

from hone.client import Remote
from hone.core import Span, now_ns
from hone.local import Bench, Options
from hone.store import ScoreQuery
from hone.testing import Step

HTML = {"accept": "text/html"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
PAGES = [
    "/", "/traces", "/ask", "/datasets", "/experiments", "/judges", "/judges/fluency", "/releases", "/releases/answer",
    "/prompts", "/prompts/answer", "/gateway", "/keys",
]  # fmt: skip


def asked(http, question="where is my parcel", **headers) -> httpx.Response:
    body = {"model": "answer", "messages": [{"role": "user", "content": question}]}
    answer = http.post("/v1/chat/completions", json=body, headers=headers)
    assert answer.status_code == 200
    return answer


def a_span(number: int, **fields) -> Span:
    return Span(
        **(
            {"project": "parcels", "trace_id": "a" * 32, "span_id": f"{number:016x}", "name": f"step {number}"}
            | {"start": now_ns(), "end": now_ns() + 1000, "parent_id": None if number == 1 else f"{1:016x}"}
            | fields
        )
    )


def stable(text: str) -> str:
    """Without what moves between two questions: how long ago the newest was asked for."""
    return re.sub(r'"newest":\d+', "", text)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_html_for_people_and_the_same_thing_as_json(http, house, path):
    asked(http)
    house.telemetry.flush()
    page = http.get(path, headers=HTML)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    twin = re.search(r'<a href="([^"]+\.json)">JSON</a>', page.text)[1]
    by_name, by_accept = http.get(twin), http.get(path, headers={"accept": "application/json"})
    assert by_name.headers["content-type"] == "application/json"
    assert stable(by_name.text) == stable(by_accept.text)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_how_a_program_gets_the_same(http, path):
    page = http.get(path, headers=HTML).text
    assert "as CLI" in page
    assert re.search(r"<pre tabindex=\"0\">hone [a-z]", page)


@pytest.mark.parametrize("path", [*PAGES, "/nothing", "/traces?q=colour:red", "/api/traces", "/static/x/y"])
def test_a_browser_is_told_to_run_nothing_from_elsewhere(http, path):
    policy = http.get(path, headers=HTML).headers.get("content-security-policy", "")
    if path.startswith("/api/"):
        assert policy == ""  # no page
    else:
        assert "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_inline_script_or_style(http, path):
    asked(http)
    page = http.get(path, headers=HTML).text
    assert re.findall(r"<script(?![^>]* src=)", page) == []
    assert re.findall(r"<[^>]* (?:style|on[a-z]+)=", page) == []
    assert "<style" not in page


def test_what_users_write_is_never_markup(http, house, upstream):
    trace = asked(http, HOSTILE, **{"x-hone-session": "s'<b>", "x-hone-tags": "<i>"}).headers["x-hone-trace-id"]
    score = {"target": {"trace": trace}, "name": "helpful", "value": False, "comment": HOSTILE}
    http.post("/api/scores", json=score)
    house.recorder.record([a_span(1, name=HOSTILE, error=f"Boom: {HOSTILE}", status="error", model=HOSTILE)]).wait(10)
    for path in ["/traces", f"/traces/{trace}", f"/traces/{'a' * 32}", f"/ask?trace={trace}", "/traces?q=%3Cscript%3E"]:
        page = http.get(path, headers=HTML).text
        assert "<script>" not in page
        assert "<img" not in page
        assert '<b>"' not in page
    assert "&lt;script&gt;alert(1)" in http.get(f"/traces/{trace}", headers=HTML).text


def test_the_overview_counts_calls_errors_and_what_was_helpful(http, house):
    for number in range(4):
        span = asked(http).headers["x-hone-span-id"]
        http.post("/api/scores", json={"target": {"span": span}, "name": "helpful", "value": number > 0})
    http.post("/v1/chat/completions", json={"model": "nope", "messages": []})
    house.telemetry.flush()
    seen = http.get("/overview.json").json()
    figures = {figure["name"]: figure for figure in seen["figures"]}
    assert figures["Calls"]["value"] == 5
    assert figures["Errors"]["value"] == pytest.approx(1 / 5)
    assert figures["helpful"]["rate"] == pytest.approx({"n": 4, "mean": 0.75, "low": 0.3006, "high": 0.9544}, abs=1e-4)
    assert sum(point or 0 for point in figures["Calls"]["points"]) == 5
    assert [(task["task"], task["calls"], task["score"]["n"]) for task in seen["tasks"]] == [("answer", 4, 4)]
    counted = http.get("/traces.json", params={"q": figures["helpful"]["where"]}).json()
    assert len(counted["items"]) == 1  # the number leads to the traces that were not helpful


def test_calls_of_evaluators_are_no_traffic(http, house):
    asked(http)
    asked(http, **{"x-hone-tags": "eval"})
    house.telemetry.flush()
    assert http.get("/overview.json").json()["figures"][0]["value"] == 1
    assert [live["calls"] for live in http.get("/releases/answer.json").json()["live"]] == [1]
    assert len(http.get("/traces.json").json()["items"]) == 2


def test_a_trace_shows_the_sources_its_answer_came_from(http):
    body = {"model": "look-up", "messages": [{"role": "user", "content": "When is a refund paid?"}]}
    trace = http.post("/v1/chat/completions", json=body).headers["x-hone-trace-id"]
    rows = http.get(f"/traces/{trace}.json").json()["rows"]
    assert [(row["kind"], row["depth"]) for row in rows] == [("task", 0), ("retrieval", 1), ("llm", 1)]
    search = next(row["span_id"] for row in rows if row["kind"] == "retrieval")
    page = http.get(f"/traces/{trace}?span={search}", headers=HTML).text
    assert "fourteen days after the parcel" in page
    assert "docs/handbook.md" in page


def test_a_span_that_is_asked_for_alone_comes_as_a_piece(http):
    trace = asked(http).headers["x-hone-trace-id"]
    piece = http.get(f"/traces/{trace}", headers={**HTML, "hx-target": "section#span"}).text
    assert piece.lstrip().startswith('<section id="span"')
    assert "<html" not in piece


def test_a_spans_own_time_is_what_its_children_leave(http, house):
    start = now_ns()
    times = [(1, 0, 100), (2, 10, 40), (3, 30, 60), (4, 90, 250), (5, 120, 130)]  # children overlap, outlive, come late
    spans = [a_span(number, start=start + low, end=start + high) for number, low, high in times]
    house.recorder.record(spans).wait(10)
    root = http.get(f"/traces/{'a' * 32}.json").json()["rows"][0]
    assert root["self_time"] == 10 + 30
    assert root["own"] == [[0.0, 10 / 250], [60 / 250, 30 / 250]]


def test_thirty_thousand_spans_come_in_pages(http, house):
    start = now_ns()
    root = a_span(1, start=start, end=start + 60_000_000)
    steps = [a_span(n, start=start + n * 2000, end=start + n * 2000 + 500) for n in range(2, 30_001)]
    house.recorder.record([root, *steps]).wait(60)
    seen = http.get(f"/traces/{'a' * 32}.json").json()
    assert (seen["spans"], len(seen["rows"])) == (30_000, 400)
    last = http.get(f"/traces/{'a' * 32}.json", params={"span": f"{30_000:016x}"}).json()
    assert last["first"] == 29_600
    assert last["span"]["span"]["name"] == "step 30000"
    assert len(http.get(f"/traces/{'a' * 32}", headers=HTML).content) < 1_000_000


def test_a_trace_deeper_than_pythons_stack_opens(http, house):
    spans = [a_span(number, parent_id=f"{number - 1:016x}" if number > 1 else None) for number in range(1, 3001)]
    house.recorder.record(spans).wait(60)
    assert http.get(f"/traces/{'a' * 32}.json", params={"from": 2800}).json()["rows"][0]["depth"] == 2800


def test_ask_works_without_a_script(http, house):
    answer = http.post("/ask", data={"task": "look-up", "question": "When is a refund paid?"})
    assert answer.status_code == 303
    page = http.get(answer.headers["location"], headers=HTML).text
    assert "within fourteen days" in page
    assert "docs/handbook.md" in page
    seen = http.get(answer.headers["location"].replace("/ask", "/ask.json")).json()
    thumb = {"kind": "span", "id": seen["span_id"], "name": "helpful", "value": "false", "by": "user"}
    assert http.post("/scores", data=thumb | {"back": answer.headers["location"]}).status_code == 303
    (score,) = house.telemetry.scores(ScoreQuery(project="parcels"))
    assert (score.name, score.value, score.by) == ("helpful", False, "user")


def test_a_failed_answer_is_shown_as_one(http, upstream, second):
    upstream.script(Step(status=500, error="out of memory"))
    second.script(Step(status=500, error="out of memory"))
    answer = http.post("/ask", data={"task": "answer", "question": "hello"})
    page = http.get(answer.headers["location"], headers=HTML)
    assert "✗" in page.text
    assert "UpstreamRefused" in page.text


def test_traces_become_examples_of_a_dataset(http, house, folder):
    traces = [asked(http, question).headers["x-hone-trace-id"] for question in ("one", "two", "one")]
    added = http.post("/datasets", data={"name": "refunds", "trace": traces}, headers={"accept": "application/json"})
    assert added.json() == {"name": "refunds", "added": 2, "repeated": 1, "examples": 2, "clashes": []}
    again = http.post("/datasets", data={"name": "refunds", "trace": traces}, headers=HTML)
    assert "0 added, 3 there already" in again.text
    assert len((folder / "datasets" / "refunds.jsonl").read_text().splitlines()) == 2
    assert [version.version for version in house.experiments.dataset_versions("parcels", "refunds")] == [1]


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "x" * 200])
def test_a_dataset_stays_in_its_folder(http, folder, name):
    trace = asked(http).headers["x-hone-trace-id"]
    assert http.post("/datasets", data={"name": name, "trace": trace}).status_code == 400
    assert list(folder.rglob("*.jsonl")) == []


def test_a_release_is_rolled_back_with_one_press(http, house):
    house.releases.canary("answer", "concise", 0.25, by="ana", reason="shorter")
    page = http.get("/releases/answer", headers=HTML).text
    assert re.search(r"concise 25", page)
    assert '<button class="danger">Roll back' in page
    pressed = http.post("/releases/answer/rollback", data={"environment": "production", "reason": "too short"})
    assert pressed.status_code == 303
    seen = http.get("/releases/answer.json").json()
    assert seen["shares"] == [{"name": "baseline", "share": 1.0}]
    last = seen["history"][0]
    assert (last["action"], last["by"], last["reason"]) == ("rollback", "web", "too short")
    assert seen["before"] == []


def test_two_variants_of_an_experiment_are_compared(http, house, folder):
    (folder / "datasets").mkdir()
    examples = [{"input": {"question": f"{number}?"}, "expected": "Question"} for number in range(12)]
    (folder / "datasets" / "words.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, examples)))
    assert "Nothing yet" in http.get("/experiments", headers=HTML).text
    remote = Remote(str(http.base_url))
    options = Options(evaluators=["contains", "latency"])
    # The upstream repeats the prompt: that of the baseline says "Question", that of the other variant does not.
    run = Bench(house, remote).evaluate(["answer", "answer@concise"], "words", options).experiment
    remote.close()
    assert [item["id"] for item in http.get("/experiments.json").json()["items"]] == [run.id]
    seen = http.get(f"/experiments/{run.id}/compare.json").json()
    assert (seen["a"], seen["b"], seen["metric"]) == ("concise", "baseline", "contains")
    assert seen["sentence"].startswith("concise is worse than baseline on contains: -1, 95 % interval -1 to -0.")
    assert [(one["metric"], one["n"]) for one in seen["comparisons"]] == [("contains", 12), ("latency", 12)]
    assert [(case["a"], case["b"]) for case in seen["cases"]] == [(0.0, 1.0)] * 12
    page = http.get(f"/experiments/{run.id}/compare?a=baseline&b=concise", headers=HTML).text
    assert "✓ baseline beats concise on contains" in page
    assert http.get(f"/experiments/{run.id}/compare?a=nobody", headers=HTML).status_code == 400


def test_prompts_show_every_text_they_have_had(http, house):
    house.catalog.record_prompt("parcels", "answer", "f" * 64, "# user\n\nAnother text\n", by="ana")
    assert "Another text" in http.get("/prompts/answer", headers=HTML).text
    assert "Be kind." in http.get("/prompts/answer?version=1", headers=HTML).text
    assert http.get("/prompts/answer?version=7").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/traces/" + "b" * 32,
        "/releases/nope",
        "/prompts/nope",
        "/experiments/nope",
        "/experiments/nope/compare",
        "/datasets/nope",
        "/judges/nope",
    ],
)
def test_what_is_not_there_is_said_in_the_callers_way(http, path):
    page = http.get(path, headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    answer = http.get(path, headers={"accept": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    "path", ["/traces?cursor=x", "/?window=1y", "/traces/new?after=-1", "/prompts/answer?version=x"]
)
def test_a_wrong_question_is_the_callers_mistake(http, path):
    assert http.get(path, headers=HTML).status_code == 400


def test_static_files_are_kept_by_the_browser_until_they_change(http):
    page = http.get("/", headers=HTML).text
    links = set(re.findall(r"/static/[^\"]+", page))
    assert any(link.endswith("hone.css") for link in links)
    for link in links:
        answer = http.get(link)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    old = http.get("/static/0123/hone.css")
    assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")
    assert http.get("/static/0123/../../../hone.toml").status_code == 404
    assert http.get("/static/0123/%2e%2e/_app.py").status_code == 404


@pytest.mark.parametrize("folder", ["src/hone/server/ui/static/vendor", "tests/browser/vendor"])
def test_vendored_files_are_what_their_list_says(folder):
    at = Path(__file__).parents[2] / folder
    listed = dict(re.findall(r"^\| (\S+) \|.* ([0-9a-f]{64}) \|$", (at / "VENDOR.md").read_text(), re.MULTILINE))
    there = {path.name for path in at.iterdir()} - {"VENDOR.md"}
    assert set(listed) == {name for name in there if not name.endswith("LICENSE.txt")}
    for name, sha256 in listed.items():
        assert hashlib.sha256((at / name).read_bytes()).hexdigest() == sha256
