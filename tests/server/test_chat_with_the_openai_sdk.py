"""The official `openai` SDK in front of hone, a scripted model server behind it, real HTTP on both sides."""

from contextlib import closing as house_closed_after

import openai
import pytest

from hone.core import from_json
from hone.errors import StoreError
from hone.local import House
from hone.server import Server
from hone.testing import Step

HELLO = [{"role": "user", "content": "hello there"}]
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Bern"}'}}


def test_a_model_is_called_by_its_alias(client, upstream, spans):
    raw = client.chat.completions.with_raw_response.create(model="fast", messages=HELLO)
    assert raw.parse().choices[0].message.content == "hello there"
    assert upstream.received[0].body["model"] == "small"
    assert upstream.received[0].headers["authorization"] == "Bearer the-upstream-key"
    assert raw.headers["x-hone-cache"] == "off"
    assert float(raw.headers["x-hone-cost"]) == pytest.approx((2 * 1.0 + 2 * 2.0) / 1e6)
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.kind, span.model, span.provider, span.status) == ("llm", "fast", "openai-compatible", "ok")
    assert span.span_id == raw.headers["x-hone-span-id"]
    assert (span.input_tokens, span.output_tokens, span.finish) == (2, 2, "stop")
    assert from_json(span.input) == HELLO
    assert from_json(span.output)["content"] == "hello there"


def test_a_stream_comes_token_by_token_and_its_usage_is_recorded_unasked(client, spans):
    with client.chat.completions.with_streaming_response.create(model="fast", messages=HELLO, stream=True) as raw:
        events = list(raw.parse())
    assert "".join(event.choices[0].delta.content or "" for event in events) == "hello there"
    assert all(event.choices for event in events)  # no usage event that nobody asked for
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert (span.stream, span.input_tokens, span.output_tokens) == (True, 2, 2)
    assert 0 < span.first_token <= span.duration
    assert from_json(span.output)["content"] == "hello there"


def test_usage_of_a_stream_is_passed_on_when_it_was_asked_for(client):
    stream = client.chat.completions.create(
        model="fast", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    assert list(stream)[-1].usage.prompt_tokens == 2


def test_tools_pass_through(client, upstream, spans):
    upstream.script(Step(tool_calls=[CALL]))
    raw = client.chat.completions.with_raw_response.create(
        model="fast", messages=HELLO, tools=[WEATHER], tool_choice="auto", seed=7
    )
    choice = raw.parse().choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls[0].function.arguments == '{"city": "Bern"}'
    sent = upstream.received[0].body
    assert (sent["tools"], sent["tool_choice"], sent["seed"]) == ([WEATHER], "auto", 7)
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert from_json(span.output)["tool_calls"] == [CALL]
    assert span.attributes["parameters"]["seed"] == 7


def test_tool_calls_stream_through(client, upstream):
    upstream.script(Step(tool_calls=[CALL]))
    stream = client.chat.completions.create(model="fast", messages=HELLO, tools=[WEATHER], stream=True)
    pieces = [call for event in stream for choice in event.choices for call in choice.delta.tool_calls or []]
    assert pieces[0].function.name == "weather"
    assert "".join(piece.function.arguments for piece in pieces) == '{"city": "Bern"}'


def test_fields_nobody_knows_pass_through(client, upstream):
    client.chat.completions.create(
        model="fast", messages=HELLO, extra_body={"top_k": 40, "vendor": {"deep": [1, None]}}
    )
    assert upstream.received[0].body["top_k"] == 40
    assert upstream.received[0].body["vendor"] == {"deep": [1, None]}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
    ],
)
def test_an_error_of_the_upstream_is_the_sdks_own_class(client, upstream, spans, status, kind):
    upstream.script(Step(status=status, error="as scripted", retry_after=3))
    with pytest.raises(kind, match="as scripted") as caught:
        client.chat.completions.create(model="fast", messages=HELLO)
    assert caught.value.response.headers["retry-after"] == "3"
    (span,) = spans(caught.value.response.headers["x-hone-trace-id"])
    assert span.status == "error"
    assert span.error.startswith("UpstreamRefused:")


def test_an_unknown_model_is_not_found_and_the_nearest_is_named(client, spans):
    with pytest.raises(openai.NotFoundError, match="did you mean `fast`") as caught:
        client.chat.completions.create(model="fasst", messages=HELLO)
    (span,) = spans(caught.value.response.headers["x-hone-trace-id"])
    assert (span.status, span.model) == ("error", "fasst")


def test_garbage_from_the_upstream_is_a_server_error(client, upstream):
    upstream.script(Step(raw="<html>it works!</html>"))
    with pytest.raises(openai.InternalServerError, match="not a chat completion"):
        client.chat.completions.create(model="fast", messages=HELLO)


def test_a_dead_upstream_is_a_server_error_that_says_so(client):
    with pytest.raises(openai.InternalServerError, match="no connection"):
        client.chat.completions.create(model="dead", messages=HELLO)


def test_a_cut_stream_never_looks_complete(client, upstream, spans):
    upstream.script(Step(text="one two three four", cut_after=3))
    seen = []
    with (
        pytest.raises(openai.APIError, match="connection was lost"),
        client.chat.completions.with_streaming_response.create(model="fast", messages=HELLO, stream=True) as raw,
    ):
        seen += [event.choices[0].delta.content for event in raw.parse()]
    (span,) = spans(raw.headers["x-hone-trace-id"])
    assert span.status == "error"
    assert span.error.startswith("UpstreamCut:")
    assert from_json(span.output)["content"] == "one two"
    assert span.finish is None


def test_a_task_renders_its_prompt_from_the_last_user_message(client, upstream, spans):
    raw = client.chat.completions.with_raw_response.create(
        model="answer",
        messages=[
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "hello"},
            {"role": "user", "content": "where is it?"},
        ],
    )
    assert upstream.received[0].body["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hello"},
        {"role": "user", "content": "Question: where is it?"},
    ]
    assert raw.headers["x-hone-variant"] == "answer@baseline"
    root, call = spans(raw.headers["x-hone-trace-id"], 2)
    assert (root.kind, root.task, root.variant, root.prompt) == ("task", "answer", "baseline", "answer")
    assert from_json(root.input) == {"question": "where is it?"}
    assert (call.kind, call.parent_id) == ("llm", root.span_id)
    assert root.cost is None  # dollars stand on the model call alone
    assert call.cost == pytest.approx(float(raw.headers["x-hone-cost"]))
    assert len(root.prompt_version) == 64


def test_a_task_takes_its_input_by_name(client, upstream):
    client.chat.completions.create(
        model="compare", messages=[], extra_body={"hone": {"input": {"first": "tea", "second": "coffee"}}}
    )
    body = upstream.received[0].body
    assert body["messages"] == [{"role": "user", "content": "tea or coffee?"}]
    assert "hone" not in body


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"first": "tea"}, "'second'.* is missing"),
        ({"first": "tea", "second": 2}, "must be a string"),
        ({"first": "a", "second": "b", "third": "c"}, "no input 'third'"),
    ],
)
def test_an_input_that_does_not_fit_is_the_callers_move(client, upstream, given, said):
    with pytest.raises(openai.BadRequestError, match=said):
        client.chat.completions.create(model="compare", messages=[], extra_body={"hone": {"input": given}})
    assert upstream.received == []


def test_a_task_with_several_inputs_cannot_take_a_bare_message(client):
    with pytest.raises(openai.BadRequestError, match="first, second"):
        client.chat.completions.create(model="compare", messages=HELLO)


def test_a_variant_is_asked_for_by_name(client, upstream):
    raw = client.chat.completions.with_raw_response.create(model="answer@concise", messages=HELLO)
    assert raw.headers["x-hone-variant"] == "answer@concise"
    assert upstream.received[0].body["messages"][0]["content"] == "In one word: hello there"


@pytest.mark.parametrize(
    ("own", "given"), [("max_tokens", "max_completion_tokens"), ("max_completion_tokens", "max_tokens")]
)
def test_a_caller_who_bounds_the_answer_wins_under_either_name(client, upstream, folder, house, own, given):
    toml = (folder / "hone.toml").read_text().replace("{ temperature = 0.5 }", f"{{ {own} = 7 }}")
    (folder / "hone.toml").write_text(toml)
    house.reload()
    client.chat.completions.create(model="answer", messages=[{"role": "user", "content": "x"}], **{given: 9})
    sent = upstream.received[-1].body
    assert (sent.get(own), sent.get(given)) == (None, 9)


def test_parameters_of_the_caller_win_over_the_tasks(client, upstream):
    client.chat.completions.create(model="answer", messages=HELLO)
    client.chat.completions.create(model="answer", messages=HELLO, temperature=0)
    assert [received.body["temperature"] for received in upstream.received] == [0.5, 0]


def test_the_next_model_of_the_chain_answers_when_the_first_is_down(client, upstream, second, spans):
    upstream.script(Step(status=500, error="out of memory"))
    raw = client.chat.completions.with_raw_response.create(model="answer", messages=HELLO)
    assert second.received[0].body["model"] == "large"
    root, failed, answered = spans(raw.headers["x-hone-trace-id"], 3)
    assert (root.status, failed.status, answered.status) == ("ok", "error", "ok")
    assert (failed.model, answered.model) == ("fast", "backup")


def test_the_callers_own_mistake_is_not_replayed_on_the_next_model(client, upstream, second):
    upstream.script(Step(status=400, error="bad temperature"))
    with pytest.raises(openai.BadRequestError, match="bad temperature"):
        client.chat.completions.create(model="answer", messages=HELLO)
    assert second.received == []


def test_a_session_stays_with_its_variant(client):
    def variant(session: str) -> str:
        raw = client.chat.completions.with_raw_response.create(
            model="split", messages=HELLO, extra_headers={"x-hone-session": session}
        )
        return raw.headers["x-hone-variant"]

    sessions = [f"session-{number}" for number in range(20)]
    first = [variant(session) for session in sessions]
    assert [variant(session) for session in sessions] == first
    assert set(first) == {"split@baseline", "split@other"}


def test_session_user_and_tags_are_on_every_span(http, spans):
    headers = {"x-hone-session": "s1", "x-hone-user": "Zoë".encode(), "x-hone-tags": "beta, night"}
    answer = http.post("/v1/chat/completions", json={"model": "answer", "messages": HELLO}, headers=headers)
    for span in spans(answer.headers["x-hone-trace-id"], 2):
        assert (span.session, span.user, span.tags, span.environment) == ("s1", "Zoë", ("beta", "night"), "production")


def test_a_trace_that_began_elsewhere_goes_on(client, house, spans):
    trace_id, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    client.chat.completions.create(
        model="fast", messages=HELLO, extra_headers={"traceparent": f"00-{trace_id}-{parent}-01"}
    )
    (span,) = spans(trace_id)
    assert span.parent_id == parent
    # Its parent was never recorded here, and still it is listed.
    assert [row.trace_id for row in house.traces.latest().items] == [trace_id]


def test_knowledge_is_retrieved_and_quoted(client, spans):
    raw = client.chat.completions.with_raw_response.create(
        model="look-up", messages=[{"role": "user", "content": "When is a refund paid for a lost parcel?"}]
    )
    assert "fourteen days" in raw.parse().choices[0].message.content
    assert raw.parse().model == "extractive"
    _, retrieval, _ = spans(raw.headers["x-hone-trace-id"], 3)
    assert retrieval.kind == "retrieval"
    assert "fourteen days" in from_json(retrieval.output)[0]["text"]


@pytest.mark.parametrize("stream", [False, True])
def test_below_the_threshold_the_answer_is_i_dont_know_and_no_model_is_asked(client, spans, stream):
    question = [{"role": "user", "content": "Who composed the opera Tosca?"}]
    if stream:
        with client.chat.completions.with_streaming_response.create(
            model="look-up", messages=question, stream=True
        ) as raw:
            text = "".join(event.choices[0].delta.content or "" for event in raw.parse())
    else:
        raw = client.chat.completions.with_raw_response.create(model="look-up", messages=question)
        text = raw.parse().choices[0].message.content
    assert text == "I don't know."
    assert [span.kind for span in spans(raw.headers["x-hone-trace-id"], 2)] == ["task", "retrieval"]


def test_models_are_listed(client):
    names = [model.id for model in client.models.list()]
    assert {"fast", "answer", "answer@concise"} <= set(names)


@pytest.mark.parametrize("stream", [False, True])
def test_with_durable_telemetry_a_call_ends_when_its_spans_are_committed(folder, stream):
    with (folder / "hone.toml").open("a") as file:
        file.write("\n[telemetry]\ndurable = true\n")
    house = House.open(folder)
    with (
        house_closed_after(house),
        Server(house, "127.0.0.1", 0) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client,
        client.chat.completions.with_streaming_response.create(model="fast", messages=HELLO, stream=stream) as raw,
    ):
        raw.read()
        trace_id = raw.headers["x-hone-trace-id"]
        assert len(house.telemetry.trace("parcels", trace_id)) == 1
        assert list((folder / ".hone" / "spool").glob("*")) == []


def test_a_call_does_not_fail_because_its_span_cannot_be_written(client, house, monkeypatch, caplog):
    def full(_) -> None:
        raise StoreError("no space left on device")

    monkeypatch.setattr(house.telemetry, "spool", full)
    raw = client.chat.completions.with_raw_response.create(model="fast", messages=HELLO)
    assert raw.parse().choices[0].message.content == "hello there"
    assert f"trace {raw.headers['x-hone-trace-id']} is not recorded" in caplog.text
