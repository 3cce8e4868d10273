"""`/metrics` as Prometheus reads it, against the spans that tell of the same calls."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as text_format
from sqlalchemy import text

from hone.core import Span, now_ns
from hone.gateway import Key
from hone.local import House
from hone.server import Server
from hone.testing import Step

ASKED = {"messages": [{"role": "user", "content": "hello"}]}
MANY = 10_000
BUDGETS = """
[budgets.visitors]
match = { task = "answer" }
per = "user"
rate = "10 / day"
"""
Read = Callable[..., dict[tuple[str, tuple[tuple[str, str], ...]], float]]


@pytest.fixture
def folder(folder: Path) -> Path:
    with (folder / "hone.toml").open("a") as file:
        file.write(BUDGETS)
    return folder


@pytest.fixture
def read(http: httpx.Client, house: House) -> Read:
    """Every sample by its name and labels, once `calls` calls have been counted."""

    def scrape(calls: int = 0) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        for _ in range(200):
            house.telemetry.flush()
            found = samples(http.get("/metrics").text)
            if sum(value for (name, _), value in found.items() if name == "hone_calls_total") >= calls:
                return found
            time.sleep(0.05)
        raise AssertionError(f"there are no {calls} calls in {found}")

    return scrape


def samples(page: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value for each in text_format(page) for one in each.samples
    }


def of(found, name: str, **labels: str) -> float:
    """The sum over the series of a metric that bear these labels."""
    return sum(value for (known, has), value in found.items() if known == name and labels.items() <= dict(has).items())


def chat(http: httpx.Client, model: str = "answer", **more) -> httpx.Response:
    return http.post("/v1/chat/completions", json={"model": model, **ASKED, **more.pop("body", {})}, **more)


def test_the_counters_are_what_the_spans_tell(http, upstream, second, read, spans):
    upstream.script(Step(text="one"), Step(status=500), Step(text="three"), Step(status=400, error="bad"))
    second.script(Step(text="two"))
    chat(http)
    chat(http)  # the first model fails, the second answers
    chat(http, "fast", body={"stream": True})
    assert chat(http, "fast").status_code == 400
    found, told = read(4), spans(None, 7)
    asked = [span for span in told if span.kind == "llm"]
    assert (len(told), len(asked)) == (7, 5)

    assert of(found, "hone_calls_total") == 4
    assert of(found, "hone_calls_total", task="answer", variant="baseline", status="ok") == 2
    assert of(found, "hone_calls_total", task="", status="ok") == of(found, "hone_calls_total", status="error") == 1
    assert of(found, "hone_model_calls_total") == len(asked)
    for span in asked:
        same = [one for one in asked if (one.model, one.status) == (span.model, span.status)]
        labels = {"model": span.model, "provider": "openai-compatible", "status": span.status}
        assert of(found, "hone_model_calls_total", **labels) == len(same)
    assert of(found, "hone_model_calls_total", model="fast", error="UpstreamRefused") == 2
    for kind, field in (("input", "input_tokens"), ("output", "output_tokens")):
        for model in ("fast", "backup"):
            counted = sum(getattr(span, field) or 0 for span in asked if span.model == model)
            assert of(found, "hone_tokens_total", model=model, kind=kind) == counted
    dollars = sum(span.cost or 0 for span in asked)
    assert of(found, "hone_cost_dollars_total", model="fast") == pytest.approx(dollars)
    assert dollars > 0


def test_the_histograms_hold_every_call_and_its_time(http, upstream, read, spans):
    upstream.script(Step(text="one"), Step(text="two"))
    chat(http)
    chat(http, "fast", body={"stream": True})
    found, told = read(2), spans(None, 3)
    calls = [span.attributes["call"] for span in told if "call" in span.attributes]
    assert of(found, "hone_call_seconds_count") == len(calls) == 2
    assert of(found, "hone_call_seconds_sum") == pytest.approx(sum(call["duration"] for call in calls) / 1e9)
    assert of(found, "hone_gateway_overhead_seconds_sum") == pytest.approx(sum(c["overhead"] for c in calls) / 1e9)
    firsts = [span.first_token for span in told if span.first_token is not None]
    assert of(found, "hone_time_to_first_token_seconds_count", model="fast") == len(firsts) == 1
    assert of(found, "hone_time_to_first_token_seconds_sum", model="fast") == pytest.approx(firsts[0] / 1e9)
    assert of(found, "hone_call_seconds_bucket", le="+Inf") == 2


def test_the_overhead_is_what_the_upstream_did_not_take(http, upstream, second, spans):
    upstream.script(Step(status=500, latency=0.3))
    second.script(Step(text="late", latency=0.4))
    begun = time.monotonic()
    answer = chat(http)
    took = time.monotonic() - begun
    (root, *attempts) = spans(answer.headers["x-hone-trace-id"], 3)
    call = root.attributes["call"]
    assert call["status"] == "ok"
    assert call["attempts"] == 2
    waited = sum(span.duration for span in attempts)
    assert 700_000_000 <= waited <= call["duration"] <= took * 1e9
    assert call["duration"] - waited <= call["overhead"] < 200_000_000


def test_a_pause_before_a_retry_is_the_gateways_own_time_and_the_call_ends_as_its_last_attempt(http, upstream, spans,
                                                                                               house):  # fmt: skip
    toml = house.project.root / "hone.toml"
    toml.write_text(toml.read_text().replace("[models.fast]\n", "[models.fast]\nretries = 1\n"))
    house.reload()
    upstream.script(Step(status=429, retry_after=1), Step(text="now"))
    answer = chat(http, "fast")
    found = spans(answer.headers["x-hone-trace-id"], 3)
    (root,) = [span for span in found if "call" in span.attributes]
    assert (root.parent_id, root.status) == (None, "ok")
    call = root.attributes["call"]
    assert (call["status"], call["attempts"]) == ("ok", 2)
    assert 1e9 <= call["overhead"] <= call["duration"]


def test_names_that_callers_make_up_add_no_series(http, house, read):
    chat(http, "no-such-model")
    before = read(1)
    about = {"project": "parcels", "trace_id": "a" * 32, "start": now_ns(), "end": now_ns() + 1000}
    whole = {"status": "ok", "duration": 1000, "overhead": 10, "attempts": 1}
    made_up = [
        Span(**about, span_id=f"{n:016x}", name="x", kind="llm", model=f"model-{n}", provider=f"provider-{n}",
             task=f"task-{n}", variant=f"variant-{n}", user=f"user-{n}", session=f"session-{n}", first_token=5,
             status="error", error=f"Error{n}: no", input_tokens=1, cost=0.1,
             attributes={"config": "c", "call": whole, "cache": f"{n}"})
        for n in range(1, MANY + 1)
    ]  # fmt: skip
    house.recorder.record(made_up).wait(60)
    after = read(1 + MANY)
    assert of(after, "hone_calls_total", task="other", variant="other", status="ok") == MANY
    assert of(after, "hone_model_calls_total", model="other", provider="other", error="other") == MANY
    names = {name for name, _ in after}
    assert len(after) < len(before) + 60
    assert not any("user-" in str(key) or "session-" in str(key) or "model-1" in str(key) for key in after)
    assert "hone_build_info" in names


@pytest.mark.parametrize(
    "attributes",
    [
        {"call": "ok"}, {"call": {"status": "odd", "duration": 1, "overhead": 1, "attempts": 1}},
        {"call": {"status": "ok", "duration": -1, "overhead": 1, "attempts": 1}},
        {"call": {"status": "ok", "duration": 10**400, "overhead": 1, "attempts": 1}}, {"call": []}, {"cache": [[]]},
    ],
)  # fmt: skip
def test_spans_of_elsewhere_that_say_nonsense_stop_nothing(http, house, read, attributes):
    span = Span(
        project="parcels", trace_id="b" * 32, span_id="1" * 16, name="x", kind="llm", model="fast", provider="openai",
        start=5, end=1, input_tokens=-5, cost=-1.0, first_token=-3, attributes={"config": "c"} | attributes,
    )  # fmt: skip
    house.recorder.record([span]).wait(10)
    chat(http)
    found = read(1)
    assert of(found, "hone_calls_total") == 1
    assert of(found, "hone_cost_dollars_total", model="fast") >= 0
    assert of(found, "hone_model_calls_total", model="fast") == 2


def test_the_gauges_are_of_this_moment(http, house, upstream, read):
    calm = read()
    assert of(calm, "hone_in_flight") == of(calm, "hone_breaker_open") == 0
    assert ("hone_breaker_open", (("model", "fast"),)) in calm
    assert of(calm, "hone_build_info", config=house.version, environment="production") == 1
    assert of(calm, "hone_config_last_reload_successful") == 1
    assert ("process_cpu_seconds_total", ()) in calm
    upstream.script(Step(status=429, retry_after=60), Step(text="slow", latency=30))
    chat(http)
    assert of(read(1), "hone_breaker_open", model="fast") == 1
    with pytest.raises(httpx.TimeoutException):
        chat(http, "fast", timeout=0.5)
    for _ in range(100):
        if of(read(2), "hone_in_flight") == 0:
            break
        time.sleep(0.05)
    assert of(read(2), "hone_calls_total", status="cancelled") == 1


def test_a_call_is_in_flight_until_its_stream_ends(http, house, upstream, read):
    upstream.script(Step(text="one two three", between=0.2))
    with http.stream("POST", "/v1/chat/completions", json={"model": "fast", "stream": True, **ASKED}) as answer:
        blocks = answer.iter_raw()
        next(blocks)
        assert house.gateway.in_flight == 1
        assert of(samples(httpx.get(f"{http.base_url}/metrics").text), "hone_in_flight") == 1
        assert b"[DONE]" in b"".join(blocks)
    assert of(read(1), "hone_in_flight") == 0


def test_a_budget_shows_its_fullest_account_and_never_whose_it_is(http, upstream, read):
    upstream.script(*[Step(text="ok")] * 4)
    for user in ("ana", "ana", "ana", "ben"):
        chat(http, headers={"x-hone-user": user})
    for _ in range(100):
        found = read(4)
        if of(found, "hone_budget_used_ratio") > 0.29:
            break
        time.sleep(0.05)
    labels = {has for name, has in found if name == "hone_budget_used_ratio"}
    assert labels == {(("budget", "visitors"), ("measure", "calls"))}
    assert of(found, "hone_budget_used_ratio") == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("accept", ["application/openmetrics-text;version=1.0.0", "text/plain;version=x", "*/*", "é"])
def test_it_comes_in_the_format_that_was_asked_for(http, upstream, read, accept):
    upstream.script(Step(text="one"))
    chat(http)
    read(1)
    answer = http.get("/metrics", headers={"accept": accept.encode("latin-1")})
    assert answer.status_code == 200
    is_open = answer.headers["content-type"].startswith("application/openmetrics-text")
    assert is_open == ("openmetrics" in accept)
    found = list((open_metrics if is_open else text_format)(answer.text))
    assert {"hone_calls", "hone_call_seconds", "hone_in_flight"} <= {each.name for each in found}


@pytest.fixture
def locked(house: House) -> Iterator[httpx.Client]:
    with Server(house, "127.0.0.1", 0, api_key="master") as server, httpx.Client(base_url=server.url) as made:
        yield made


def test_with_a_key_only_the_master_key_reads_them(locked, house):
    _, secret = house.keys.create(Key(name="shop"), by="test")
    for sent, status in ((None, 401), ("wrong", 401), (secret, 403), ("master", 200)):
        headers = {} if sent is None else {"authorization": f"Bearer {sent}"}
        assert locked.get("/metrics", headers=headers).status_code == status


def test_a_store_that_fails_hides_no_other_number(http, house):
    with house._engine.begin() as connection:
        connection.execute(text("DROP TABLE accounts"))
    found = samples(http.get("/metrics").text)
    assert of(found, "hone_build_info") == 1
    assert not any(name == "hone_budget_used_ratio" for name, _ in found)


def test_without_a_server_nothing_is_counted(house):
    assert house.telemetry._writer.listener is None
    house.monitor.start()
    assert house.telemetry._writer.listener is not None
