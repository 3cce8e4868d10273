"""The official OpenAI SDK keeps files with hone."""

import threading
import time

import httpx2 as httpx
import openai
import pytest
from openai import OpenAI

from hone.gateway import Key
from hone.server import Server

BODY = b'{"a": 1}\r\n--not-the-boundary\r\n\x00\xff' * 100


def test_a_file_comes_back_as_it_was_sent(client):
    made = client.files.create(file=("über mich.bin", BODY), purpose="user_data")
    assert (made.object, made.bytes, made.purpose, made.status) == ("file", len(BODY), "user_data", "processed")
    assert made.filename == "über mich.bin" and abs(made.created_at - time.time()) < 60 and made.expires_at is None
    assert client.files.retrieve(made.id) == made
    answer = client.files.content(made.id)
    assert answer.read() == BODY
    assert answer.response.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("size", [0, 1, 65_536, 3_000_001])
def test_files_of_every_size_come_back(client, size):
    body = bytes(number % 251 for number in range(1000)) * (size // 1000 + 1)
    made = client.files.create(file=("data", body[:size]), purpose="fine-tune")
    assert made.bytes == size
    assert client.files.content(made.id).read() == body[:size]


def test_a_deleted_file_is_gone(client, folder):
    made = client.files.create(file=("a.txt", b"x"), purpose="user_data")
    assert client.files.delete(made.id).deleted
    for ask in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError, match="there is no file"):
            ask(made.id)
    assert list((folder / ".hone" / "blobs" / "files").iterdir()) == []


def test_files_are_listed_page_by_page_and_by_purpose(client):
    made = [client.files.create(file=(f"{n}", b"x"), purpose="batch" if n % 2 else "evals").id for n in range(7)]
    newest_first = made[::-1]
    assert [file.id for file in client.files.list()] == newest_first
    page = client.files.list(limit=3)
    assert [file.id for file in page.data] == newest_first[:3] and page.has_more
    assert [file.id for file in client.files.list(limit=3)] == newest_first, "the SDK turns the pages"
    assert [file.id for file in client.files.list(limit=2, order="asc")] == made
    assert [file.id for file in client.files.list(purpose="batch")] == newest_first[1::2]
    assert [file.id for file in client.files.list(after=made[2], limit=1).data] == [made[1]]


def test_a_file_may_be_kept_for_a_while_only(client):
    made = client.files.create(
        file=("a", b"x"), purpose="user_data", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert made.expires_at == made.created_at + 3600
    with pytest.raises(openai.BadRequestError, match="from 3,600 to 2,592,000"):
        client.files.create(file=("a", b"x"), purpose="batch", expires_after={"anchor": "created_at", "seconds": 9})


def test_what_cannot_be_a_file_is_said_plainly(client, http):
    with pytest.raises(openai.BadRequestError, match=r"`purpose` is 'fun'.*assistants, batch"):
        client.files.create(file=("a", b"x"), purpose="fun")
    for options, message in (
        ({"json": {"purpose": "batch"}}, "multipart/form-data, not as 'application/json'"),
        ({"files": {"file": ("a", b"x")}}, "`purpose` is missing"),
        ({"files": {"other": ("a", b"x")}, "data": {"purpose": "batch"}}, "`file` is missing"),
        ({"files": [("file", ("a", b"x")), ("file", ("b", b"x"))], "data": {"purpose": "batch"}}, "two files"),
    ):
        answer = http.post("/v1/files", **options)
        assert answer.status_code == 400 and message in answer.json()["error"]["message"]
    half = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nhalf'
    answer = http.post("/v1/files", content=half, headers={"content-type": "multipart/form-data; boundary=x"})
    assert "ended before it was complete" in answer.json()["error"]["message"]
    for query, message in (("limit=0", "from 1 to 10,000"), ("order=up", "asc, desc"), ("after=nobody", "nobody")):
        assert message in http.get(f"/v1/files?{query}").json()["error"]["message"]
    assert http.get("/v1/files/a/b/c").json()["error"]["code"] == "not_found"
    assert http.put("/v1/files").status_code == 405
    assert http.get("/v1/files").json() == {
        "object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False
    }  # fmt: skip


def test_a_purpose_may_come_after_the_file(http):
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="C:\\dir\\a.txt"\r\n\r\nhello\r\n',
        b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n--x--\r\n',
    ]
    head = {"content-type": 'multipart/form-data; boundary="x"'}
    made = http.post("/v1/files", content=b"".join(parts), headers=head).json()
    assert (made["filename"], made["bytes"], made["purpose"]) == ("a.txt", 5, "user_data")


class TestLimits:
    @pytest.fixture
    def folder(self, folder):
        with (folder / "hone.toml").open("a") as file:
            file.write('[server]\nmax_file = "100 kB"\n')
        return folder

    def test_a_file_over_the_limit_is_refused_and_leaves_nothing(self, client, folder):
        assert client.files.create(file=("a", b"x" * 100_000), purpose="user_data").bytes == 100_000
        with pytest.raises(openai.APIStatusError, match=r"100,000 bytes.*max_file") as refused:
            client.files.create(file=("a", b"x" * 150_000), purpose="user_data")
        assert refused.value.status_code == 413
        assert len(client.files.list().data) == len(list((folder / ".hone" / "blobs" / "files").iterdir())) == 1


def eventually_some(path) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if path.is_dir() and list(path.iterdir()):
            return True
        time.sleep(0.02)
    return False


def test_a_caller_who_leaves_leaves_nothing(server, folder):
    def half():
        yield b'--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n' + b"y" * 2_000_000
        assert eventually_some(folder / ".hone" / "blobs" / "files"), "it is written as it comes"
        raise KeyError("left")

    head = {"content-type": "multipart/form-data; boundary=x"}
    with pytest.raises(KeyError), httpx.Client(base_url=server.url) as http:
        http.post("/v1/files", content=half(), headers=head)
    end = time.monotonic() + 10
    while list((folder / ".hone" / "blobs" / "files").iterdir()):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_key_sees_its_own_files_and_the_master_key_all(house):
    with Server(house, "127.0.0.1", 0, api_key="master") as locked:
        clients = {}
        for name in ("ann", "bob"):
            _, secret = house.keys.create(Key(name=name), by="test")
            clients[name] = OpenAI(base_url=f"{locked.url}/v1", api_key=secret, max_retries=0)
        clients["all"] = OpenAI(base_url=f"{locked.url}/v1", api_key="master", max_retries=0)
        made = {name: each.files.create(file=(name, b"x"), purpose="batch").id for name, each in clients.items()}
        seen = {name: {file.id for file in each.files.list()} for name, each in clients.items()}
        assert seen == {"ann": {made["ann"]}, "bob": {made["bob"]}, "all": set(made.values())}
        for ask in (clients["ann"].files.retrieve, clients["ann"].files.content, clients["ann"].files.delete):
            for other in ("bob", "all"):
                with pytest.raises(openai.NotFoundError):
                    ask(made[other])
        with pytest.raises(openai.NotFoundError):
            clients["ann"].files.list(after=made["bob"])
        assert clients["all"].files.content(made["bob"]).read() == b"x"
        for each in clients.values():
            each.close()


def test_many_files_at_once(client):
    made: list[str] = []

    def create(n: int) -> None:
        made.append(client.files.create(file=(str(n), b"%d" % n * 1000), purpose="user_data").id)

    threads = [threading.Thread(target=create, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(file.id for file in client.files.list()) == sorted(made)
    assert sorted(client.files.content(each).read() for each in made) == sorted(b"%d" % n * 1000 for n in range(10))
