"""What is kept of a private task: that there was a call, and nothing that was said in it."""

from pathlib import Path

import openai
import pytest

from hone.testing import FakeUpstream, Step

SECRET = "the-patient-has-a-rare-illness"
TASKS = """
[models.cleared]
use = "openai-compatible/inside"
base_url = "{url}"
privacy = "confidential"
price = {{ input = 1.0, output = 2.0 }}

[tasks.diagnosis]
input = {{ question = "string" }}
prompt = "answer"
models = ["cleared"]
knowledge = "handbook"
privacy = "confidential"
{more}
[tasks.plainly]
models = ["fast"]
keep_bodies = false
"""


@pytest.fixture(params=["", "keep_bodies = true"])
def allowed(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(folder: Path, upstream: FakeUpstream, allowed: str) -> Path:
    with (folder / "hone.toml").open("a") as file:
        file.write(TASKS.format(url=upstream.url, more=allowed))
    return folder


def ask(client, model: str = "diagnosis", **more):
    messages = [{"role": "user", "content": SECRET}]
    return client.chat.completions.with_raw_response.create(model=model, messages=messages, **more)


def kept(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (folder / ".hone").rglob("*") if path.is_file())


@pytest.mark.parametrize("stream", [False, True])
def test_bodies_of_a_private_task_are_kept_only_where_it_is_allowed(client, upstream, spans, house, allowed, stream):
    upstream.script(Step(text=f"so {SECRET} it is"))
    raw = ask(client, stream=stream, temperature=0)
    raw.text if not stream else list(raw.parse())
    found = spans(raw.headers["x-hone-trace-id"], 3)
    assert {span.kind for span in found} == {"task", "retrieval", "llm"}
    assert all((SECRET in (span.input or "")) == bool(allowed) for span in found)
    (llm,) = [span for span in found if span.kind == "llm"]
    assert ("parameters" in llm.attributes) == bool(allowed)
    assert (llm.status, llm.finish) == ("ok", "stop")
    assert llm.output_tokens and llm.cost and llm.attributes["config"] == house.version


def test_nothing_that_was_said_is_in_any_file(client, upstream, spans, folder, allowed):
    upstream.script(
        Step(text=f"so {SECRET} it is"), Step(status=500, error=f"cannot read {SECRET}"), Step(text="not in time")
    )
    trace = ask(client).headers["x-hone-trace-id"]
    with pytest.raises(openai.InternalServerError) as refused:
        ask(client)
    spans(trace, 3)
    failed = spans(refused.value.response.headers["x-hone-trace-id"], 3)
    assert next(span.error for span in failed if span.kind == "llm").startswith("UpstreamRefused")
    assert (SECRET.encode() in kept(folder)) == bool(allowed)


def test_a_task_that_is_not_private_may_do_without_bodies_too(client, spans):
    raw = ask(client, "plainly")
    assert all((span.input, span.output) == (None, None) for span in spans(raw.headers["x-hone-trace-id"], 2))
