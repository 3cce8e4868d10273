"""Structured output over real HTTP: what models are asked, what the caller gets, what the trace tells."""

import json
import time
from pathlib import Path

import anthropic
import httpx2 as httpx
import openai
import pytest
from pydantic import BaseModel

from hone.client import RunRequest
from hone.client._remote import Remote
from hone.core import Span
from hone.errors import InvalidOutput, ProjectError
from hone.local import House, Watcher
from hone.server import Server
from hone.testing import Step

MESSAGES = [{"role": "user", "content": "Three days in Bern, please."}]
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
WANTED = {"type": "json_schema", "json_schema": {"name": "trip", "schema": SCHEMA, "strict": True}}
ASKED = {"hone": {"validate": True}}
RIGHT = '{"city": "Bern", "days": 3}'
WRONG = '{"city": "Bern", "days": "three"}'

TASKS = """\

[tasks.trip]
models = ["fast", "backup"]
output = { city = "string", days = "integer" }

[tasks.patient]
models = ["fast"]
output = { city = "string", days = "integer" }
repairs = 3

[tasks.once]
models = ["fast"]
output = "schemas/trip.json"
repairs = 0

[tasks.prompted]
models = ["fast"]
input = { question = "string" }
prompt = "prompted"

[tasks.mixed]
models = ["fast", "seek"]

[models.seek]
use = "deepseek/deepseek-chat"
base_url = "URL"
api_key = "${FAST_KEY}"

[models.studio]
use = "lmstudio/small"
base_url = "URL"

[budgets.tight]
match = { tag = "tight" }
tokens = "700 / minute"
"""

PROMPTED = "---\ninput:\n  question: string\noutput:\n  city: string\n  days: integer\n---\n# user\n\n{{ question }}\n"


class Trip(BaseModel):
    city: str
    days: int


@pytest.fixture
def folder(folder: Path, upstream) -> Path:
    toml = (folder / "hone.toml").read_text()
    (folder / "hone.toml").write_text(toml + TASKS.replace("URL", upstream.url))
    (folder / "prompts" / "prompted.prompt.md").write_text(PROMPTED)
    (folder / "schemas").mkdir()
    (folder / "schemas" / "trip.json").write_text(json.dumps(SCHEMA))
    return folder


def models(found: list[Span]) -> list[Span]:
    return [span for span in found if span.kind == "llm"]


def ask(client, model: str, **more):
    return client.chat.completions.create(model=model, messages=MESSAGES, **more)


def said(answer) -> str | None:
    return answer.choices[0].message.content


# -- what models are asked for


def test_a_task_asks_its_models_for_its_output(client, upstream):
    upstream.script(Step(text=RIGHT))
    assert said(ask(client, "trip")) == RIGHT
    wanted = upstream.received[0].body["response_format"]
    assert wanted == {"type": "json_schema", "json_schema": {"name": "trip", "schema": SCHEMA, "strict": True}}


def test_a_schema_in_a_file_is_asked_for_too(client, upstream):
    upstream.script(Step(text=RIGHT))
    ask(client, "once")
    assert upstream.received[0].body["response_format"]["json_schema"]["schema"] == SCHEMA


def test_a_prompt_says_its_output_where_the_task_does_not(client, upstream):
    upstream.script(Step(text=WRONG), Step(text=RIGHT))
    assert said(ask(client, "prompted")) == RIGHT
    wanted = upstream.received[0].body["response_format"]["json_schema"]
    assert (wanted["name"], wanted["schema"]) == ("prompted", SCHEMA)


def test_a_schema_that_openai_would_refuse_as_strict_is_not_called_strict(folder: Path, upstream):
    (folder / "schemas" / "trip.json").write_text('{"type": "object", "properties": {"city": {"type": "string"}}}')
    upstream.script(Step(text='{"city": "Bern"}'))
    with Server(House.open(folder), "127.0.0.1", 0) as server:
        body = {"model": "once", "messages": MESSAGES}
        assert httpx.post(f"{server.url}/v1/chat/completions", json=body).status_code == 200
    assert upstream.received[0].body["response_format"]["json_schema"]["strict"] is False


def test_what_the_caller_asks_for_wins_over_the_task(client, upstream):
    upstream.script(Step(text='{"any": 1}'), Step(text="plain words"))
    assert said(ask(client, "trip", response_format={"type": "json_object"})) == '{"any": 1}'
    assert said(ask(client, "trip", response_format={"type": "text"})) == "plain words"
    sent = [each.body["response_format"] for each in upstream.received]
    assert sent == [{"type": "json_object"}, {"type": "text"}]


def test_a_vendor_without_schemas_is_told_in_words_and_its_answer_is_checked(client, upstream):
    upstream.script(Step(text=WRONG), Step(text=RIGHT))
    assert said(ask(client, "seek", response_format=WANTED)) == RIGHT
    first, second = (each.body for each in upstream.received)
    assert first["response_format"] == second["response_format"] == {"type": "json_object"}
    assert first["messages"][0]["role"] == "system"
    assert '"additionalProperties":false' in first["messages"][0]["content"]
    assert [turn["role"] for turn in second["messages"]] == ["system", "user", "assistant", "user"]


def test_a_server_that_knows_nothing_but_schemas_gets_one_for_any_object(client, upstream):
    upstream.script(Step(text="[1]"), Step(text="{}"))
    assert said(ask(client, "studio", response_format={"type": "json_object"})) == "{}"
    assert upstream.received[0].body["response_format"]["json_schema"]["schema"] == {"type": "object"}


# -- repair


def test_pydantic_parses_an_answer_that_was_wrong_first_and_right_second(client, upstream, spans):
    upstream.script(Step(text=WRONG), Step(text=RIGHT))
    raw = client.chat.completions.with_raw_response.parse(
        model="fast", messages=MESSAGES, response_format=Trip, extra_body=ASKED
    )
    assert raw.parse().choices[0].message.parsed == Trip(city="Bern", days=3)
    told = spans(raw.headers["x-hone-trace-id"], 3)
    first, second = models(told)
    assert (first.status, first.attributes["valid"]) == ("error", False)
    assert (
        first.error
        == "InvalidOutput: the answer of 'fast' is not what was asked for: $.days: 'three' is not of type 'integer'"
    )
    assert WRONG in json.loads(first.output)["content"]
    assert (second.status, second.attributes["valid"], second.attributes["repaired"]) == ("ok", True, 1)
    (root,) = [span for span in told if span.parent_id is None]
    assert root.span_id == raw.headers["x-hone-span-id"] == first.parent_id == second.parent_id
    assert (root.status, root.output) == ("ok", second.output), "what is scored is what the caller got"


def test_the_model_is_shown_its_answer_and_what_is_wrong_with_it(client, upstream):
    upstream.script(Step(text='{"city": 1, "weeks": 2}'), Step(text=RIGHT))
    ask(client, "trip")
    before, answer, problem = upstream.received[1].body["messages"]
    assert before == MESSAGES[0]
    assert answer == {"role": "assistant", "content": '{"city": 1, "weeks": 2}'}
    assert problem["role"] == "user"
    for each in ("$.city: 1 is not of type 'string'", "'days' is a required property", "'weeks' is not among"):
        assert each in problem["content"]


def test_usage_is_the_last_answers_and_the_cost_is_that_of_all(client, upstream, spans):
    upstream.script(Step(text=WRONG), Step(text=RIGHT))
    raw = client.chat.completions.with_raw_response.create(model="trip", messages=MESSAGES)
    found = models(spans(raw.headers["x-hone-trace-id"], 3))
    assert all(span.cost for span in found) and len(found) == 2
    assert float(raw.headers["x-hone-cost"]) == pytest.approx(sum(span.cost for span in found))
    assert raw.parse().usage.prompt_tokens == found[1].input_tokens != found[0].input_tokens


def test_repairs_are_bounded_then_the_next_model_is_asked(client, upstream, second, spans):
    upstream.script(*[Step(text=WRONG)] * 9)
    second.script(Step(text=RIGHT))
    raw = client.chat.completions.with_raw_response.create(model="trip", messages=MESSAGES)
    assert said(raw.parse()) == RIGHT
    assert (len(upstream.received), len(second.received)) == (2, 1)
    assert second.received[0].body["messages"] == MESSAGES, "the next model starts afresh"
    found = spans(raw.headers["x-hone-trace-id"], 4)
    assert [(span.model, span.status) for span in models(found)] == [
        ("fast", "error"),
        ("fast", "error"),
        ("backup", "ok"),
    ]
    assert next(span for span in found if span.kind == "task").status == "ok"


def test_an_answer_that_is_never_right_is_an_error_that_names_the_place(client, upstream, second, spans):
    upstream.script(*[Step(text=WRONG)] * 9)
    second.script(*[Step(text='{"city": "Bern"}')] * 9)
    with pytest.raises(openai.InternalServerError) as caught:
        ask(client, "trip")
    assert (caught.value.status_code, caught.value.code) == (502, "invalid_output")
    assert "the answer of 'backup' is not what was asked for: $: 'days' is a required property" in str(caught.value)
    found = spans(caught.value.response.headers["x-hone-trace-id"], 5)
    assert [span.status for span in found] == ["error"] * 5


@pytest.mark.parametrize(("task", "calls"), [("once", 1), ("patient", 4)])
def test_a_task_says_how_often_it_is_tried_again(client, upstream, task, calls):
    upstream.script(*[Step(text=WRONG)] * 9)
    with pytest.raises(openai.InternalServerError):
        ask(client, task)
    assert len(upstream.received) == calls


def test_wrong_answers_open_no_breaker(client, upstream):
    upstream.script(*[Step(text=WRONG)] * 20)
    for _ in range(6):
        with pytest.raises(openai.InternalServerError):
            ask(client, "once")
    assert len(upstream.received) == 6


def test_an_answer_that_was_cut_at_its_limit_is_not_asked_for_again(client, upstream):
    upstream.script(*[Step(text='{"city": "Ber', finish="length")] * 5)
    with pytest.raises(openai.InternalServerError, match="raise `max_tokens`"):
        ask(client, "patient")
    assert len(upstream.received) == 1


def test_a_repair_needs_room_in_the_budget(client, upstream):
    upstream.script(*[Step(text=WRONG)] * 9)
    with pytest.raises(openai.RateLimitError, match="tight"):
        ask(client, "patient", max_tokens=200, extra_headers={"x-hone-tags": "tight"})
    assert 1 < len(upstream.received) < 4


# -- mending


@pytest.mark.parametrize(
    ("text", "how"),
    [
        (f"```json\n{RIGHT}\n```", ["fence"]),
        (f"Here you are:\n\n{RIGHT}\n\nHave a good trip!", ["text around"]),
        ('{"city": "Bern", "days": 3,}', ["trailing commas"]),
    ],
)
def test_what_stands_around_json_is_taken_away_without_asking_again(client, upstream, spans, text, how):
    upstream.script(Step(text=text))
    raw = client.chat.completions.with_raw_response.create(model="trip", messages=MESSAGES)
    assert json.loads(said(raw.parse())) == {"city": "Bern", "days": 3}
    assert len(upstream.received) == 1
    (span,) = models(spans(raw.headers["x-hone-trace-id"], 2))
    assert (span.attributes["mended"], span.attributes["valid"]) == (how, True)


def test_json_that_fits_is_passed_on_to_the_last_blank(client, upstream):
    text = f"\n {RIGHT} \n"
    upstream.script(Step(text=text))
    assert said(ask(client, "trip")) == text


def test_of_two_objects_nobody_can_say_which_was_meant(client, upstream):
    upstream.script(Step(text=f"{RIGHT} or {RIGHT}"), Step(text=RIGHT))
    assert said(ask(client, "trip")) == RIGHT
    assert len(upstream.received) == 2


# -- when it is looked at, and when not


def test_a_plain_call_is_relayed_unless_it_asks_for_validation(client, upstream):
    upstream.script(Step(text=WRONG), Step(text=WRONG), Step(text=RIGHT))
    assert said(ask(client, "fast", response_format=WANTED)) == WRONG
    assert said(ask(client, "fast", response_format=WANTED, extra_body=ASKED)) == RIGHT


def test_of_a_chain_those_are_checked_who_do_not_see_to_it_themselves(client, upstream):
    upstream.script(Step(text=WRONG), Step(status=500), Step(text=WRONG), Step(text=RIGHT))
    assert said(ask(client, "mixed", response_format=WANTED)) == WRONG
    assert said(ask(client, "mixed", response_format=WANTED)) == RIGHT
    assert [each.body["model"] for each in upstream.received] == ["small", "small", "deepseek-chat", "deepseek-chat"]


def test_a_caller_may_have_the_answer_as_it_is(client, upstream):
    upstream.script(Step(text=WRONG))
    assert said(ask(client, "trip", extra_body={"hone": {"validate": False}})) == WRONG
    assert len(upstream.received) == 1


def test_the_floor_does_not_pass_prose_off_as_json(client, upstream):
    with pytest.raises(openai.InternalServerError, match="is not JSON"):
        ask(client, "floor", response_format={"type": "json_object"})


def test_tool_calls_are_no_answers(client, upstream):
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    upstream.script(Step(tool_calls=[call]))
    assert ask(client, "trip").choices[0].message.tool_calls[0].id == "c1"
    assert len(upstream.received) == 1


def test_what_a_filter_held_back_is_no_answer(client, upstream):
    upstream.script(Step(text="", finish="content_filter"))
    assert ask(client, "trip").choices[0].finish_reason == "content_filter"


def test_an_empty_answer_is_asked_for_again(client, upstream):
    upstream.script(Step(text=""), Step(text=RIGHT))
    assert said(ask(client, "trip")) == RIGHT


def test_a_large_answer_is_judged_too(client, upstream):
    schema = {"type": "object", "properties": {"trips": {"type": "array", "items": SCHEMA}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "trips", "schema": schema}}
    many = json.dumps({"trips": [{"city": "Bern", "days": 1}] * 2000 + [{"city": "Bern", "days": "1"}]})
    upstream.script(Step(text=many), Step(text='{"trips": []}'))
    assert said(ask(client, "fast", response_format=wanted, extra_body=ASKED)) == '{"trips": []}'
    assert "$.trips[2000].days" in upstream.received[1].body["messages"][-1]["content"]


def test_the_anthropic_door_asks_for_validation_in_the_same_words(server, upstream):
    upstream.script(Step(text=WRONG), Step(text=RIGHT), Step(text=WRONG), Step(text=WRONG))
    with anthropic.Anthropic(base_url=server.url, api_key="any", max_retries=0) as client:
        given = {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}, **ASKED}
        answer = client.messages.create(model="fast", max_tokens=50, messages=MESSAGES, extra_body=given)
        assert answer.content[0].text == RIGHT
        with pytest.raises(anthropic.InternalServerError, match="is not of type 'integer'"):
            client.messages.create(model="fast", max_tokens=50, messages=MESSAGES, extra_body=given)


def test_responses_parse_what_was_repaired(client, upstream):
    upstream.script(Step(text=WRONG), Step(text=RIGHT))
    answer = client.responses.parse(model="fast", input="Bern", text_format=Trip, extra_body=ASKED)
    assert answer.output_parsed == Trip(city="Bern", days=3)


def test_the_sdk_raises_the_error_that_the_server_names(server, upstream):
    upstream.script(*[Step(text=WRONG)] * 9)
    remote = Remote(server.url)
    try:
        with pytest.raises(InvalidOutput, match="is not of type 'integer'"):
            remote.run(RunRequest(task="patient", text="Bern"))
    finally:
        remote.close()


# -- streams


def streamed(client, model: str, **more):
    return client.chat.completions.with_raw_response.create(model=model, messages=MESSAGES, stream=True, **more)


def test_a_stream_is_passed_on_and_its_span_says_whether_it_fits(client, upstream, spans):
    upstream.script(Step(text=RIGHT), Step(text=WRONG))
    for text, valid in ((RIGHT, True), (WRONG, False)):
        raw = streamed(client, "trip")
        chunks = [chunk.choices[0].delta.content or "" for chunk in raw.parse() if chunk.choices]
        assert "".join(chunks) == text
        (span,) = models(spans(raw.headers["x-hone-trace-id"], 2))
        assert (span.attributes["valid"], span.status) == (valid, "ok")


@pytest.mark.parametrize("text", [WRONG, f"```json\n{RIGHT}\n```"])
def test_a_stream_that_was_to_be_validated_and_does_not_fit_never_looks_complete(client, http, upstream, spans, text):
    upstream.script(Step(text=text, between=0.01), Step(text=text, between=0.01))
    raw = streamed(client, "trip", extra_body=ASKED)
    with pytest.raises(openai.APIError, match="is not"):
        list(raw.parse())
    found = spans(raw.headers["x-hone-trace-id"], 2)
    assert {span.status for span in found} == {"error"}
    assert models(found)[0].attributes["valid"] is False
    seen = b""
    with (
        pytest.raises(httpx.RemoteProtocolError),
        http.stream(
            "POST", "/v1/chat/completions", json={"model": "trip", "messages": MESSAGES, "stream": True, **ASKED}
        ) as answer,
    ):
        for chunk in answer.iter_bytes():
            seen += chunk
    assert b"invalid_output" in seen and b"[DONE]" not in seen


def test_a_stream_that_was_to_be_validated_and_fits_ends_as_any(client, upstream):
    upstream.script(Step(text=RIGHT))
    with client.chat.completions.stream(
        model="fast", messages=MESSAGES, response_format=Trip, extra_body=ASKED
    ) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == Trip(city="Bern", days=3)


# -- schemas that are none


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "objekt"}, r"'objekt' is not valid .*schema\.type"),
        (
            {"properties": {"a": {"$ref": "http://127.0.0.1:9/a.json"}}},
            r"nothing is fetched .*schema\.properties\.a\.\$ref",
        ),
        ({"properties": {"a": {"pattern": "(?=x)"}}}, r"pattern cannot be run.*schema\.properties\.a\.pattern"),
        (["type"], "no JSON object"),
        (None, "no JSON object"),
    ],
)
def test_a_bad_schema_is_its_callers_mistake(client, upstream, schema, said):
    wanted = {"type": "json_schema", "json_schema": {"name": "trip", "schema": schema}}
    with pytest.raises(openai.BadRequestError, match=said):
        ask(client, "fast", response_format=wanted, extra_body=ASKED)
    assert upstream.received == []


def test_validation_needs_something_to_hold_the_answer_against(client):
    with pytest.raises(openai.BadRequestError, match="nothing to validate"):
        ask(client, "fast", extra_body=ASKED)


def test_a_remote_reference_is_never_fetched(client, upstream, second):
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"$ref": f"{second.url}/schema.json"}}}
    with pytest.raises(openai.BadRequestError):
        ask(client, "fast", response_format=wanted, extra_body=ASKED)
    assert second.received == []


def test_a_bad_schema_of_the_project_is_said_when_it_is_opened(folder: Path):
    (folder / "schemas" / "trip.json").write_text('{"type": "object", "required": "city"}')
    with pytest.raises(
        ProjectError,
        match=r"'schemas/trip.json' is no JSON Schema: .* \(at \$\.required\) \(hone.toml:\d+, tasks.once.output\)",
    ):
        House.open(folder)


def test_an_edit_of_a_schema_file_is_taken_up_while_a_server_runs(folder: Path):
    house = House.open(folder)
    try:
        before = house.version
        watcher = Watcher(house, every=0.01)
        watcher.start()
        (folder / "schemas" / "trip.json").write_text('{"type": "object"}')
        for _ in range(200):
            if house.version != before:
                break
            time.sleep(0.02)
        watcher.stop()
        assert house.project.tasks["once"].schema == {"type": "object"}
    finally:
        house.close()


def test_an_answer_that_nobody_checked_is_no_hit_for_a_caller_who_asks_to_be_sure(client, upstream):
    upstream.script(Step(text="hello"), Step(text=RIGHT))
    wanted = {"type": "json_schema", "json_schema": {"name": "trip", "schema": Trip.model_json_schema()}}
    kept = {"hone": {"cache": "1h"}}
    first = client.chat.completions.create(model="fast", messages=MESSAGES, response_format=wanted, extra_body=kept)
    assert first.choices[0].message.content == "hello"
    sure = {"hone": {"cache": "1h", "validate": True}}
    raw = client.chat.completions.with_raw_response.create(
        model="fast", messages=MESSAGES, response_format=wanted, extra_body=sure
    )
    assert (raw.headers["x-hone-cache"], raw.parse().choices[0].message.content) == ("miss", RIGHT)
