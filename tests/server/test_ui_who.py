"""Who may use the pages: a session instead of the key, and no page of elsewhere."""

import pytest

from hone.server import Server
from hone.server._session import SECONDS, session_for, session_holds
from hone.store import ScoreQuery

HTML = {"accept": "text/html"}


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://localhost:3000"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_page_of_elsewhere_changes_nothing(http, house, headers):
    thumb = {"kind": "trace", "id": "a" * 32, "name": "helpful", "value": "true"}
    assert http.post("/scores", data=thumb, headers=headers).status_code == 403
    assert house.telemetry.scores(ScoreQuery(project="parcels")) == []


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", "/\n/evil.example"])
def test_a_form_leads_back_to_this_server_alone(http, back):
    thumb = {"kind": "trace", "id": "a" * 32, "name": "helpful", "value": "true", "back": back}
    assert http.post("/scores", data=thumb).headers["location"] == "/"


class TestWithAKey:
    @pytest.fixture
    def server(self, house):
        with Server(house, "127.0.0.1", 0, api_key="s3cret") as running:
            yield running

    def test_a_browser_is_shown_the_way_in(self, http):
        answer = http.get("/traces?q=task:answer", headers=HTML)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/login?next=%2Ftraces%3Fq%3Dtask%3Aanswer"
        assert http.get("/traces", headers={"accept": "application/json"}).status_code == 401
        assert http.get(answer.headers["location"], headers=HTML).status_code == 200

    def test_the_key_is_exchanged_for_a_cookie_that_does_not_hold_it(self, http):
        assert http.post("/login", data={"key": "wrong"}).status_code == 401
        answer = http.post("/login", data={"key": "s3cret", "next": "/traces"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/traces")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "s3cret" not in cookie
        assert http.get("/traces", headers=HTML).status_code == 200
        http.post("/logout")
        assert http.get("/traces", headers=HTML).status_code == 303

    def test_the_cookie_opens_pages_and_not_the_model_api(self, http):
        http.post("/login", data={"key": "s3cret"})
        body = {"model": "answer", "messages": [{"role": "user", "content": "x"}]}
        assert http.post("/v1/chat/completions", json=body).status_code == 401
        assert http.post("/ask/completions", json=body).status_code == 200
        assert http.post("/ask/completions", json=body, headers={"sec-fetch-site": "same-site"}).status_code == 401
        assert http.get("/api/traces").status_code == 200

    @pytest.mark.parametrize("forged", ["9999999999.", "9999999999." + "0" * 64, "x.y", "0.0", "9999999999"])
    def test_a_forged_cookie_opens_nothing(self, http, forged):
        assert http.get("/traces.json", headers={"cookie": f"hone_session={forged}"}).status_code == 401

    def test_a_session_ends(self, http):
        cookie = f"hone_session={session_for('s3cret', now=1000)}"
        assert session_holds("s3cret", cookie, now=1000 + SECONDS - 1)
        assert not session_holds("s3cret", cookie, now=1000 + SECONDS)
        assert not session_holds("another key", cookie, now=1000)
