"""The filter of traces as text, and the count of what came since."""

import httpx2 as httpx
import pytest

HTML = {"accept": "text/html"}


def asked(http, question="where is my parcel", **headers) -> httpx.Response:
    body = {"model": "answer", "messages": [{"role": "user", "content": question}]}
    answer = http.post("/v1/chat/completions", json=body, headers=headers)
    assert answer.status_code == 200
    return answer


def test_the_last_word_on_an_answer_counts(http, house):
    span = asked(http).headers["x-hone-span-id"]
    for value in (True, False):
        http.post("/api/scores", json={"target": {"span": span}, "name": "helpful", "value": value})
    figure = http.get("/overview.json").json()["figures"][-1]
    assert (figure["rate"]["n"], figure["value"]) == (1, 0.0)
    assert http.get("/traces.json", params={"q": "helpful:true"}).json()["items"] == []
    assert len(http.get("/traces.json", params={"q": "helpful:false"}).json()["items"]) == 1


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("", 3),
        ("task:answer", 2),
        ("task:answer parcel", 1),
        ("status:error", 1),
        ("model:fast", 2),
        ("model:backup", 0),
        ("session:s1", 1),
        ("user:ana", 1),
        ("tag:vip", 1),
        ("-tag:vip", 2),
        ("helpful:false", 1),
        ("helpful:false model:fast", 1),
        ("helpful:true", 0),
        ("since:1h", 3),
        ('"fourteen days"', 0),
        ("variant:concise", 0),
    ],
)
def test_the_filter_is_text(http, house, q, found):
    who = {"x-hone-session": "s1", "x-hone-user": "ana", "x-hone-tags": "vip"}
    trace = asked(http, **who).headers["x-hone-trace-id"]
    asked(http, "and my refund")
    http.post("/v1/chat/completions", json={"model": "nope", "messages": []})
    http.post("/api/scores", json={"target": {"trace": trace}, "name": "helpful", "value": False})
    house.telemetry.flush()
    assert len(http.get("/traces.json", params={"q": q}).json()["items"]) == found


def test_the_list_says_the_command_that_lists_the_same(http):
    page = http.get("/traces", params={"q": "task:answer -tag:eval helpful:false late parcel"}).text
    assert "--task answer --without-tag eval --score helpful:false --words &#39;late parcel&#39; --json" in page


@pytest.mark.parametrize(
    ("q", "said", "hint"),
    [
        ("task:a colour:red", "    task:a colour:red\n           ^^^^^^^^^^", "it knows task"),
        ("stat:error", "does not know stat:", "did you mean status:?"),
        ("status:bad", "no status 'bad'", "ok, error, cancelled"),
        ("since:ever", "'ever' is no duration", "since:24h"),
        ("task:a task:b", "task: twice", "one of each"),
        ("unhelpful:false", "does not know unhelpful:", "did you mean helpful:?"),
    ],
)
def test_a_filter_that_means_nothing_is_pointed_at(http, q, said, hint):
    answer = http.get("/traces.json", params={"q": q})
    assert answer.status_code == 400
    assert said in answer.json()["detail"]
    assert hint in answer.json()["hint"]
    assert http.get("/traces", params={"q": q}, headers=HTML).status_code == 400


def test_newer_traces_are_counted_and_not_shown(http, house):
    asked(http)
    house.telemetry.flush()
    newest = http.get("/traces.json").json()["newest"]
    assert http.get("/traces/new.json", params={"after": newest}).json()["count"] == 0
    asked(http)
    house.telemetry.flush()
    assert http.get("/traces/new.json", params={"after": newest}).json()["count"] == 1
    assert "1 new" in http.get("/traces/new", params={"after": newest}, headers=HTML).text
