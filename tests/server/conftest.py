"""A project served over real HTTP, in front of a model server that follows a script."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from openai import OpenAI

from hone.core import Span
from hone.local import House
from hone.server import Server
from hone.store import SpanQuery
from hone.testing import FakeUpstream

PROJECT = """\
project = "parcels"

[models.fast]
use = "openai-compatible/small"
base_url = "{url}"
api_key = "${{FAST_KEY}}"
price = {{ input = 1.0, output = 2.0 }}

[models.backup]
use = "openai-compatible/large"
base_url = "{second}"

[models.floor]
use = "extractive/extractive"

[models.dead]
use = "openai-compatible/none"
base_url = "http://127.0.0.1:9/v1"

[tasks.answer]
input = {{ question = "string" }}
models = ["fast", "backup"]
prompt = "answer"
parameters = {{ temperature = 0.5 }}
[tasks.answer.variants.concise]
prompt = "concise"

[tasks.look-up]
input = {{ question = "string" }}
models = ["floor"]
prompt = "look-up"
knowledge = "handbook"
threshold = 0.4

[tasks.compare]
input = {{ first = "string", second = "string" }}
models = ["fast"]
prompt = "compare"

[tasks.plain]
models = ["dead", "fast"]

[models.keyless]
use = "openai-compatible/locked"
base_url = "{second}"
api_key = "${{NOBODY_SET_THIS}}"

[tasks.forgiving]
models = ["keyless", "fast"]

[tasks.hasty]
models = ["fast"]
timeout = "500ms"

[tasks.split]
models = ["fast"]
input = {{ question = "string" }}
prompt = "answer"
[tasks.split.variants.other]
prompt = "concise"

[releases.split]
production = {{ baseline = 0.5, other = 0.5 }}

[knowledge.handbook]
sources = ["docs/*.md"]

[metrics.helpful]
kind = "boolean"
"""

PROMPTS = {
    "answer": "# system\n\nBe kind.\n\n# user\n\nQuestion: {{ question }}\n",
    "concise": "# user\n\nIn one word: {{ question }}\n",
    "compare": "# user\n\n{{ first }} or {{ second }}?\n",
    "look-up": (
        '# user\n\n{% for passage in context %}<context source="{{ passage.source }}">{{ passage.text }}</context>\n'
        "{% endfor %}\nQuestion: {{ question }}\n"
    ),
}

HANDBOOK = """\
# Refunds

A refund is paid within fourteen days after the parcel was reported as lost.

# Opening hours

The counter in Bern is open from eight in the morning until six in the evening.
"""


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as server:
        yield server


@pytest.fixture
def second() -> Iterator[FakeUpstream]:
    with FakeUpstream() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path, upstream: FakeUpstream, second: FakeUpstream, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAST_KEY", "the-upstream-key")
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_API_KEY", "HONE_ENV"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "hone.toml").write_text(PROJECT.format(url=upstream.url, second=second.url))
    (tmp_path / "prompts").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "handbook.md").write_text(HANDBOOK)
    for name, text in PROMPTS.items():
        (tmp_path / "prompts" / f"{name}.prompt.md").write_text(text)
    return tmp_path


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    opened = House.open(folder)
    yield opened
    opened.close()


@pytest.fixture
def server(house: House) -> Iterator[Server]:
    with Server(house, "127.0.0.1", 0) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as made:
        yield made


@pytest.fixture
def http(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=20) as made:
        yield made


@pytest.fixture
def spans(house: House) -> Callable[..., list[Span]]:
    """Spans of a trace, once there are `at_least` so many: a call that was cut off is recorded a moment later."""

    def find(trace_id: str | None = None, at_least: int = 1) -> list[Span]:
        found: list[Span] = []
        for _ in range(200):
            house.telemetry.flush()
            found = house.telemetry.spans(SpanQuery(project="parcels", trace_id=trace_id, limit=1000))
            if len(found) >= at_least:
                return sorted(found, key=lambda span: span.start)
            time.sleep(0.05)
        raise AssertionError(f"only {len(found)} spans of trace {trace_id}")

    return find
