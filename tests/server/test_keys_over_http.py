"""Keys and budgets over our own API and on their page: what is made, what is told once, who may do it."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from hone.gateway import Key
from hone.local import House
from hone.server import Server
from hone.server._session import COOKIE, session_for
from hone.testing import Step

MASTER = {"authorization": "Bearer master"}
ASKED = {"model": "answer", "messages": [{"role": "user", "content": "hello"}]}
BUDGETS = """
[budgets.visitors]
match = { task = "answer" }
per = "user"
rate = "10 / day"
"""
PATHS = [
    ("GET", "/api/keys"), ("POST", "/api/keys"), ("POST", "/api/keys/shop/rotate"), ("POST", "/api/keys/shop/revoke"),
    ("GET", "/api/budgets"), ("GET", "/keys"), ("GET", "/keys.json"), ("POST", "/keys"), ("POST", "/keys/rotate"),
    ("POST", "/keys/revoke"), ("GET", "/gateway"), ("GET", "/metrics"),
]  # fmt: skip


@pytest.fixture
def folder(folder: Path) -> Path:
    with (folder / "hone.toml").open("a") as file:
        file.write(BUDGETS)
    return folder


@pytest.fixture
def locked(house: House) -> Iterator[httpx.Client]:
    """A server with a master key."""
    with Server(house, "127.0.0.1", 0, api_key="master") as server, httpx.Client(base_url=server.url) as made:
        yield made


def called(locked: httpx.Client, secret: str) -> int:
    return locked.post("/v1/chat/completions", json=ASKED, headers={"authorization": f"Bearer {secret}"}).status_code


def test_a_key_is_made_and_opens_what_it_may(locked, upstream, house):
    upstream.script(*[Step(text="ok")] * 9)
    body = {"name": "shop", "tasks": ["answer"], "tags": ["tier:trial"], "rate": "60 / minute", "expires": "90d"}
    made = locked.post("/api/keys", json=body, headers=MASTER)
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    secret = made.json()["secret"]
    assert called(locked, secret) == 200
    (row,) = locked.get("/api/keys", headers=MASTER).json()["items"]
    assert secret not in str(row)
    assert (row["name"], row["ending"], row["state"], row["by"]) == ("shop", secret[-4:], "valid", "api")
    assert (row["tasks"], row["tags"], row["rate"]) == (["answer"], ["tier:trial"], "60 / minute")
    assert row["created"] <= row["used"] <= house.clock() < row["expires"]


def test_rotating_ends_the_old_secret_when_it_is_told_to(locked, upstream, house):
    upstream.script(*[Step(text="ok")] * 9)
    _, first = house.keys.create(Key(name="a/b shop"), by="test")
    second = locked.post("/api/keys/a%2Fb%20shop/rotate", headers=MASTER).json()["secret"]
    assert (called(locked, first), called(locked, second)) == (200, 200), "a day of overlap, unless one says otherwise"
    third = locked.post("/api/keys/a%2Fb%20shop/rotate", json={"overlap": "0"}, headers=MASTER).json()["secret"]
    time.sleep(1.1)
    called(locked, second)
    time.sleep(0.3)
    assert (called(locked, second), called(locked, third)) == (401, 200)


def test_revoking_ends_it(locked, house):
    _, secret = house.keys.create(Key(name="shop"), by="test")
    assert locked.post("/api/keys/shop/revoke", headers=MASTER).json() == {"name": "shop", "revoked": True}
    assert called(locked, secret) == 401
    assert locked.post("/api/keys/shop/revoke", headers=MASTER).status_code == 400


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "name"), ({"name": " "}, "needs a name"), ({"name": "x" * 101}, "100 characters"),
        ({"name": "a", "spend": "much"}, "much"), ({"name": "a", "expires": "soon"}, "soon"),
        ({"name": "a", "expires": "9999999999d"}, "hundred years"), ({"name": "a", "task": "answer"}, "task"),
        ({"name": "a", "rate": "often"}, "often"), ({"name": "taken"}, "there is a key"),
    ],
)  # fmt: skip
def test_what_makes_no_key_says_why(locked, house, body, said):
    house.keys.create(Key(name="taken"), by="test")
    refused = locked.post("/api/keys", json=body, headers=MASTER)
    assert refused.status_code == 400
    assert said in refused.json()["detail"]
    assert len(house.keys.all()) == 1


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_only_the_master_key_or_a_session_gets_there(locked, house, method, path):
    _, secret = house.keys.create(Key(name="shop"), by="test")
    for sent, status in ((None, 401), ("wrong", 401), (secret, 403)):
        headers = {"accept": "application/json"} | ({} if sent is None else {"authorization": f"Bearer {sent}"})
        assert locked.request(method, path, headers=headers).status_code == status
    session = {"cookie": f"{COOKIE}={session_for('master')}"}
    assert locked.request(method, path, headers=session).status_code not in (401, 403)
    if method == "POST":
        elsewhere = session | {"sec-fetch-site": "same-site"}
        assert locked.request(method, path, headers=elsewhere).status_code in (401, 403)


@pytest.mark.parametrize("path", ["/api/keys", "/keys"])
@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "same-site"}, {"sec-fetch-site": "cross-site"}, {"origin": "http://localhost:3000"}]
)
def test_on_loopback_a_page_of_another_port_makes_no_key(http, house, path, headers):
    refused = http.post(path, content=b'{"name": "evil"}', headers=headers)
    assert refused.status_code == 403
    assert house.keys.all() == []


def test_the_page_shows_a_secret_once_and_keeps_it_nowhere(http, house):
    made = http.post("/keys", data={"name": "<i>shop</i>", "tasks": "answer,, compare ", "spend": "5 USD / day"})
    assert (made.status_code, made.headers["cache-control"], str(made.url.path)) == (200, "no-store", "/keys")
    (secret,) = re.findall(r"hone-[\w-]{20,}", made.text)
    assert "<i>shop" not in made.text
    page = http.get("/keys", headers={"accept": "text/html"}).text
    assert secret not in page
    assert secret[-4:] in page
    assert "only where HONE_API_KEY is set" in page
    (row,) = http.get("/keys.json").json()["keys"]
    assert row["key"]["tasks"] == ["answer", "compare"]
    assert (row["key"]["by"], row["key"]["models"], row["key"]["expires"]) == ("web", [], None)
    house.telemetry.flush()
    kept = b"".join(path.read_bytes() for path in house.project.state.rglob("*") if path.is_file())
    assert secret.encode() not in kept


def test_where_keys_are_enforced_the_page_does_not_say_otherwise(locked):
    assert "only where HONE_API_KEY is set" not in locked.get("/keys", headers=MASTER).text


def test_of_a_rotated_key_the_newest_row_is_the_one_to_change(http, house):
    house.keys.create(Key(name="shop"), by="test")
    http.post("/keys/rotate", data={"name": "shop", "overlap": "1h"})
    house.keys.create(Key(name="gone"), by="test")
    http.post("/keys/revoke", data={"name": "gone"})
    rows = http.get("/keys.json").json()["keys"]
    assert [(row["key"]["name"], row["key"]["state"], row["acts"]) for row in rows] == [
        ("shop", "valid", True), ("shop", "valid", False), ("gone", "revoked", False),
    ]  # fmt: skip


def test_budgets_stand_by_who_has_used_most(http, house, upstream):
    upstream.script(*[Step(text="ok")] * 20)
    for number in range(12):
        for _ in range(1 + (number == 7)):
            http.post("/v1/chat/completions", json=ASKED, headers={"x-hone-user": f"user-{number}"})
    for _ in range(100):
        found = http.get("/api/budgets").json()["items"]
        if sum(each["used"] for each in found) > 12.9:
            break
        time.sleep(0.05)
    assert {each["who"] for each in found} == {f"user-{number}" for number in range(12)}
    assert all(each["left"] == pytest.approx(10 - each["used"] - each["held"], abs=0.01) for each in found)
    (row,) = http.get("/keys.json").json()["budgets"]
    assert (row["budget"], row["measure"], row["each"], row["more"]) == ("visitors", "calls", "user", 2)
    assert row["accounts"][0]["who"] == "user-7"
    assert "and 2 more" in http.get("/keys").text


def test_the_openapi_document_tells_of_keys(http):
    document = http.get("/api/openapi.json").json()
    for method, path in PATHS:
        if path.startswith("/api/"):
            assert method.lower() in document["paths"][path.replace("shop", "{name}")]
    assert {"KeyBody", "NewKey", "Listed", "Standing"} <= set(document["components"]["schemas"])
