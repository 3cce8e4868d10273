"""`/v1/completions` as the official SDK asks for it: a prompt goes in, its completion comes out, whoever makes it."""

import json

import openai
import pytest

from hone.core import from_json
from hone.local import House
from hone.testing import FakeAnthropic, FakeProvider, Step

COMPLETIONS = "/v1/completions"
MODELS = """
[models.claude]
use = "anthropic/claude-haiku-4-5"
base_url = "{url}"
api_key = "${{CLAUDE_KEY}}"
[models.inside]
use = "fake/inside"
[tasks.echo]
input = {{ question = "string" }}
models = ["inside"]
prompt = "answer"
"""


@pytest.fixture
def claude():
    with FakeAnthropic() as server:
        yield server


@pytest.fixture
def inside():
    return FakeProvider()


@pytest.fixture
def house(folder, claude, inside, monkeypatch):
    monkeypatch.setenv("CLAUDE_KEY", "the-upstream-key")
    with (folder / "hone.toml").open("a") as toml:
        toml.write(MODELS.format(url=claude.url))
    opened = House.open(folder, providers={"fake": inside})
    yield opened
    opened.close()


@pytest.fixture(params=["fast", "claude", "inside", "echo"])
def model(request):
    """A model of each dialect, one in this process, and a task."""
    return request.param


@pytest.fixture
def script(model, upstream, claude, inside):
    return {"fast": upstream, "claude": claude, "inside": inside, "echo": inside}[model].script


def test_a_prompt_is_completed(client, script, model, spans):
    script(Step(text="one two three"))
    raw = client.completions.with_raw_response.create(model=model, prompt="Count", max_tokens=5)
    completion = raw.parse()
    (choice,) = completion.choices
    assert (choice.text, choice.finish_reason, choice.logprobs) == ("one two three", "stop", None)
    assert (completion.object, completion.usage.completion_tokens) == ("text_completion", 3)
    span = spans(raw.headers["x-hone-trace-id"])[-1]
    assert from_json(span.output)["content"] == "one two three"
    assert "Count" in from_json(span.input)[-1]["content"]


def test_a_stream_says_the_same(client, script, model):
    script(Step(text="one two three"))
    chunks = list(client.completions.create(model=model, prompt=["Count"], stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == "one two three"
    assert [chunk.choices[0].finish_reason for chunk in chunks][-1] == "stop"
    assert {chunk.object for chunk in chunks} == {"text_completion"}
    assert {bool(chunk.choices[0].text or chunk.choices[0].finish_reason) for chunk in chunks} == {True}


def test_usage_of_a_stream_is_passed_on_when_it_was_asked_for(client, script, model):
    script(Step(text="one two"))
    stream = client.completions.create(model=model, prompt="x", stream=True, stream_options={"include_usage": True})
    last = list(stream)[-1]
    assert (last.choices, last.usage.completion_tokens) == ([], 2)


@pytest.mark.parametrize("streamed", [False, True])
def test_echo_repeats_the_prompt_once_before_each_choice(client, upstream, streamed):
    choices = [(0, "a"), (1, "b"), (0, "c")] if streamed else [(0, "ac"), (1, "b")]
    if streamed:
        chunks = [{"choices": [{"index": at, "delta": {"content": text}}]} for at, text in choices]
        chunks += [{"choices": [{"index": at, "delta": {}, "finish_reason": "stop"}]} for at in (0, 1)]
        raw = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    else:
        whole = [{"index": at, "message": {"content": text}, "finish_reason": "stop"} for at, text in choices]
        raw = json.dumps({"choices": whole})
    upstream.script(Step(raw=raw, content_type="text/event-stream" if streamed else "application/json"))
    made = client.completions.create(model="fast", prompt="P:", echo=True, n=2, best_of=2, stream=streamed)
    texts = {0: "", 1: ""}
    for one in made if streamed else [made]:
        for choice in one.choices:
            texts[choice.index] += choice.text
    assert texts == {0: "P:ac", 1: "P:b"}
    assert upstream.received[0].body["n"] == 2
    assert not upstream.received[0].body.keys() & {"prompt", "echo", "best_of"}


def test_a_task_takes_its_input_by_name(client, upstream):
    client.completions.create(
        model="compare", prompt=None, extra_body={"hone": {"input": {"first": "tea", "second": "milk"}}}
    )
    assert upstream.received[0].body["messages"] == [{"role": "user", "content": "tea or milk?"}]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"prompt": "a", "suffix": "b"}, "fill a gap"),
        ({"prompt": "a", "best_of": 3}, "nothing here ranks"),
        ({"prompt": "a", "logprobs": 0}, "`logprobs` are not given"),
        ({"prompt": [1, 2, 3]}, "send the text"),
        ({"prompt": [[1, 2], [3]]}, "send the text"),
        ({"prompt": ["a", "b"]}, "2 prompts"),
        ({"prompt": []}, "0 prompts"),
        ({"prompt": 7}, "not a completion request"),
        ({}, "`prompt` is missing"),
    ],
)
def test_what_a_chat_model_cannot_do_is_refused(http, upstream, asked, said):
    answer = http.post(COMPLETIONS, json={"model": "fast", **asked})
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]
    assert upstream.received == []


@pytest.mark.parametrize(("status", "kind"), [(400, openai.BadRequestError), (429, openai.RateLimitError)])
@pytest.mark.parametrize("stream", [False, True])
def test_an_error_of_the_upstream_is_the_sdks_own_class(client, script, model, status, kind, stream):
    script(Step(status=status, error="as scripted", retry_after=3))
    with pytest.raises(kind, match="as scripted"):
        client.completions.create(model=model, prompt="x", stream=stream)


def test_a_cut_stream_never_looks_complete(client, script, model):
    script(Step(text="one two three four", cut_after=5 if model == "claude" else 3))
    seen = []
    with pytest.raises(openai.APIError, match=r"lost|cut"):
        seen += [chunk.choices[0] for chunk in client.completions.create(model=model, prompt="x", stream=True)]
    assert {choice.finish_reason for choice in seen} <= {None}


@pytest.mark.parametrize("streamed", [False, True])
def test_an_answer_that_broke_off_says_so(client, upstream, streamed):
    upstream.script(Step(text="one two", finish="length"))
    made = client.completions.create(model="fast", prompt="x", stream=streamed)
    last = list(made)[-1] if streamed else made
    assert last.choices[0].finish_reason == "length"
