"""The gateway's page: what it says of the last minutes, and where its links lead."""

import time
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest

from hone.testing import Step

ASKED = {"messages": [{"role": "user", "content": "hello"}]}


def chat(http: httpx.Client, model: str = "answer", **more) -> httpx.Response:
    return http.post("/v1/chat/completions", json={"model": model, **ASKED, **more})


@pytest.fixture
def now(http, house):
    """The page as JSON, once it knows of `calls` calls."""

    def look(calls: int = 0):
        for _ in range(200):
            house.telemetry.flush()
            found = http.get("/gateway.json").json()
            if found["calls"] >= calls:
                return found
            time.sleep(0.05)
        raise AssertionError(f"there are no {calls} calls in {found}")

    return look


def row_of(page, model):
    return next(row for row in page["models"] if row["model"] == model)


def test_it_tells_of_each_model_what_its_attempts_came_to(http, upstream, second, now, house):
    upstream.script(Step(text="one"), Step(status=500), Step(text="three", latency=0.2))
    second.script(Step(text="two"))
    chat(http)
    chat(http)
    http.post("/v1/chat/completions", json={"model": "fast", "stream": True, **ASKED})
    page = now(3)
    fast, backup, floor = (row_of(page, name) for name in ("fast", "backup", "floor"))
    assert (fast["calls"], fast["errors"], fast["errors_by_class"]) == (3, 1, {"UpstreamRefused": 1})
    assert fast["error_share"] == pytest.approx(1 / 3)
    assert fast["latency"]["p95"] >= 200_000_000 > fast["latency"]["p50"]
    assert fast["first_token"]["p50"] >= 200_000_000
    assert (backup["calls"], backup["errors"], backup["first_token"]) == (1, 0, None)
    assert (floor["calls"], floor["error_share"], floor["latency"]) == (0, None, None)
    assert (page["calls"], page["errors"], page["in_flight"]) == (3, 0, 0)
    assert 0 < page["overhead"]["p50"] <= page["overhead"]["p99"]
    assert page["version"] == house.version
    assert page["in_force_since"] <= house.clock()


def test_rows_stand_in_the_order_of_hone_toml_whatever_happens(http, upstream, now, house):
    aliases = list(house.project.models)
    before = [row["model"] for row in now()["models"]]
    chat(http, "floor")
    chat(http, "extractive/extractive")
    assert chat(http, "no-such-model").status_code == 404
    after = [row["model"] for row in now(3)["models"]]
    assert before == aliases
    assert after == [*aliases, "extractive/extractive"], "a name that leads nowhere is no model"


def test_an_open_breaker_says_until_when(http, house, upstream, now):
    upstream.script(Step(status=429, retry_after=30))
    chat(http, "fast")
    fast = row_of(now(1), "fast")
    assert 0 < fast["open_until"] - house.clock() <= 30_000_000_000
    assert "✗ open until" in http.get("/gateway").text


def test_the_errors_link_to_the_traces_in_which_they_happened(http, upstream, second, now, house):
    upstream.script(Step(status=500), Step(text="ok"))
    second.script(Step(text="two"))
    failed = chat(http).headers["x-hone-trace-id"]
    chat(http)
    now(2)
    page = http.get("/gateway").text
    (link,) = [part for part in page.split('"') if part.startswith("/traces?") and "UpstreamRefused" in part]
    assert parse_qs(urlsplit(link).query)["q"] == ["model:fast error:UpstreamRefused since:5m"]
    listed = http.get(link.replace("/traces?", "/traces.json?")).json()["items"]
    assert [row["trace_id"] for row in listed] == [failed]
    assert [row["status"] for row in listed] == ["ok"], "the second model answered; the error is inside"
    other = http.get("/traces.json", params={"q": "model:backup error:UpstreamRefused"}).json()["items"]
    assert other == [], "the error was not of that model"


def test_an_edited_project_is_in_force_from_then_on(house, now):
    before = now()
    toml = house.project.root / "hone.toml"
    toml.write_text(toml.read_text() + "\n[tasks.another]\nmodels = ['fast']\n")
    house.reload()
    after = now()
    assert after["version"] != before["version"]
    assert after["in_force_since"] > before["in_force_since"]


def test_the_piece_that_refreshes_is_asked_for_alone(http):
    piece = http.get("/gateway", headers={"hx-request": "true", "hx-target": "div#now", "accept": "text/html"}).text
    assert "In flight" in piece
    assert "<html" not in piece
    assert "every 3s" in http.get("/gateway").text
    assert "every 3s" not in http.get("/gateway?paused=1").text
