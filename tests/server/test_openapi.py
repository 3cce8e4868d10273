"""The OpenAPI document against the server it describes: schemathesis makes requests of all kinds from it."""

import json
from collections.abc import Iterator

import httpx2 as httpx
import pytest
import schemathesis
from hypothesis import settings
from schemathesis import checks
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from hone.local import House
from hone.server import Server
from hone.server._doors import Doors
from hone.server.api import api
from hone.server.api._openapi import OPERATIONS, document
from hone.server.openai import MODELS_UNDER
from hone.server.openai._routes import files_and_batches
from hone.testing import FakeUpstream

PROJECT = """\
project = "parcels"

[models.fast]
use = "openai-compatible/small"
base_url = "{url}"
price = {{ input = 1.0, output = 2.0 }}

[models.floor]
use = "extractive/extractive"

[tasks.answer]
input = {{ question = "string" }}
models = ["fast"]
prompt = "answer"
"""

schema = schemathesis.openapi.from_dict(document(keyed=False), config=SchemathesisConfig.from_dict({}))
CHECKS = [
    checks.not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    unsupported_method, allow_header_conformance,
]  # fmt: skip
# What hone does not read of a call goes on to the model, whose server is to judge it.
ANSWERED_BY_MODELS = {operation.path for operation in OPERATIONS if "4XX" in operation.errors}


class Model(FakeUpstream):
    """Answers chats and embeddings."""

    def _whole(self, step, body):
        if "input" not in body:
            return super()._whole(step, body)
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        data = [{"object": "embedding", "index": at, "embedding": [0.25, -0.5]} for at in range(len(texts))]
        return json.dumps({"object": "list", "data": data, "model": "small", "usage": None}).encode()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("described")
    with Model() as upstream, pytest.MonkeyPatch.context() as patch:
        for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_API_KEY", "HONE_ENV"):
            patch.delenv(name, raising=False)
        (folder / "hone.toml").write_text(PROJECT.format(url=upstream.url))
        (folder / "prompts").mkdir()
        (folder / "prompts" / "answer.prompt.md").write_text("# user\n\nQuestion: {{ question }}\n")
        opened = House.open(folder)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def server(house: House) -> Iterator[Server]:
    with Server(house, "127.0.0.1", 0) as running:
        yield running


@schema.parametrize()
@settings(max_examples=10, deadline=None, derandomize=True, database=None)
def test_every_answer_is_as_it_is_described(case, server):
    if isinstance(case.body, dict) and isinstance(case.body.get("model"), str):
        case.body["model"] = ("fast", "answer", "floor", "fast")[len(str(case.body)) % 4]
    ours = [] if case.operation.path in ANSWERED_BY_MODELS else [negative_data_rejection]
    case.call_and_validate(base_url=server.url, checks=[*CHECKS, *ours])


def test_every_route_is_described(house):
    described = {(operation.method.upper(), operation.path) for operation in OPERATIONS}
    starlette = [*api(house).routes, *files_and_batches(house, [], lambda: None).routes]
    served = {(method, route.path.replace(":path}", "}")) for route in starlette for method in route.methods - {"HEAD"}}
    doors = Doors(house)
    served |= {key for key in described - served if doors.find(*key) and key[0] in doors.methods(key[1])}
    assert described == served


def test_every_endpoint_that_models_answer_is_described(house):
    described = {operation.path for operation in OPERATIONS}
    assert {path.replace(MODELS_UNDER, "/v1/models/{id}") for path in Doors(house).paths} <= described


def test_with_a_key_set_nobody_is_answered_without_one_but_the_probes(house):
    with Server(house, "127.0.0.1", 0, api_key="sesame") as keyed:
        told = httpx.get(f"{keyed.url}/api/openapi.json", headers={"x-api-key": "sesame"}).json()
        assert told["security"] == [{"bearer": []}, {"x-api-key": []}]
        for operation in OPERATIONS:
            answer = httpx.request(operation.method, keyed.url + operation.path)
            if operation.open:
                assert answer.status_code == 200
                assert told["paths"][operation.path][operation.method]["security"] == []
                continue
            assert answer.status_code == 401, operation.path
            content = told["paths"][operation.path][operation.method]["responses"]["401"]["content"]
            assert list(content) == [answer.headers["content-type"]]


def test_a_method_that_a_path_does_not_know_is_told_which_it_does(server):
    for path, methods in {"/api/scores": "POST", "/v1/files": "GET, HEAD, POST", "/v1/messages": "POST"}.items():
        answer = httpx.patch(server.url + path)
        assert (answer.status_code, answer.headers["allow"]) == (405, methods)
