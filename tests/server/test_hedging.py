"""A model that is late is asked beside the next one: the first to begin wins, and both are in the trace."""

import time
from pathlib import Path

import openai
import pytest

from hone.testing import Step

MESSAGES = [{"role": "user", "content": "hello"}]
TASKS = """
[tasks.hedged]
models = ["fast", "backup"]
hedge = "200ms"

[tasks.alone]
models = ["fast"]
hedge = "100ms"

[tasks.counted]
models = ["fast", "fast-2"]
hedge = "100ms"

[models.fast-2]
use = "openai-compatible/small"
base_url = "{second}"
price = {{ input = 1.0, output = 2.0 }}

[tasks.tight]
models = ["fast", "fast-2"]
hedge = "100ms"

[budgets.tight]
match = {{ task = "tight" }}
spend = "0.003 USD / day"

[budgets.counted]
match = {{ task = "counted" }}
spend = "1 USD / day"
"""


@pytest.fixture
def folder(folder: Path, second) -> Path:
    with (folder / "hone.toml").open("a") as file:
        file.write(TASKS.format(second=second.url))
    return folder


def said(client, model: str, *, stream: bool) -> str:
    answer = client.chat.completions.create(model=model, messages=MESSAGES, stream=stream)
    if stream:
        return "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)
    return answer.choices[0].message.content


def until(condition) -> bool:
    for _ in range(100):
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("stream", [False, True])
def test_when_the_first_is_late_the_second_answers(client, upstream, second, spans, stream):
    upstream.script(Step(latency=30, text="late"))
    second.script(Step(text="from the second"))
    start = time.monotonic()
    assert said(client, "hedged", stream=stream) == "from the second"
    assert 0.2 <= time.monotonic() - start < 5
    root, loser, winner = spans(at_least=3)
    assert (root.status, loser.model, winner.model) == ("ok", "fast", "backup")
    assert (loser.status, loser.error) == ("cancelled", "Cancelled: another model answered first")
    assert winner.status == "ok"
    assert until(lambda: upstream.left == 1), "the loser's server is told to stop"


@pytest.mark.parametrize("stream", [False, True])
def test_when_the_first_comes_first_after_all_the_second_is_stopped(client, upstream, second, spans, stream):
    upstream.script(Step(latency=0.5, text="slow but first"))
    second.script(Step(latency=30))
    assert said(client, "hedged", stream=stream) == "slow but first"
    _, winner, loser = spans(at_least=3)
    assert (winner.status, loser.status) == ("ok", "cancelled")
    assert until(lambda: second.left == 1)


def test_a_quick_model_is_asked_alone(client, second):
    assert said(client, "hedged", stream=False) == "hello"
    assert second.received == []


def test_a_stream_that_has_begun_is_not_hedged(client, upstream, second):
    upstream.script(Step(text="one two three four five", between=0.1))  # the role, and its first token after 0.1 s
    assert said(client, "hedged", stream=True) == "one two three four five"
    assert second.received == []


def test_one_that_fails_at_once_is_a_fallback_as_ever(client, upstream, second):
    upstream.script(Step(status=500))
    second.script(Step(text="from the second"))
    assert said(client, "hedged", stream=False) == "from the second"


def test_when_both_fail_the_caller_gets_the_error(client, upstream, second, spans):
    upstream.script(Step(status=500, latency=0.4))
    second.script(Step(status=503, latency=0.4))
    with pytest.raises(openai.InternalServerError) as caught:
        said(client, "hedged", stream=False)
    assert caught.value.status_code == 503
    assert [span.status for span in spans(at_least=3)] == ["error", "error", "error"]


def test_the_callers_own_mistake_ends_both(client, upstream, second):
    upstream.script(Step(status=400, latency=0.4))
    second.script(Step(latency=30))
    with pytest.raises(openai.BadRequestError):
        said(client, "hedged", stream=False)
    assert until(lambda: second.left == 1)


def test_where_there_is_no_other_model_the_late_one_is_waited_for(client, upstream):
    upstream.script(Step(latency=0.4, text="late"))
    assert said(client, "alone", stream=False) == "late"
    assert len(upstream.received) == 1


def test_a_caller_who_leaves_takes_both_along(server, upstream, second, spans):
    upstream.script(Step(latency=30))
    second.script(Step(latency=30))
    with (
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0, timeout=0.6) as client,
        pytest.raises(openai.APITimeoutError),
    ):
        said(client, "hedged", stream=False)
    assert until(lambda: (upstream.left, second.left) == (1, 1))
    assert [span.status for span in spans(at_least=3)] == ["cancelled"] * 3


def test_a_budget_counts_both(client, upstream, house):
    upstream.script(Step(latency=30))
    said(client, "counted", stream=False)
    house.bookkeeper.close()
    (standing,) = [each for each in house.budgets() if each.budget == "counted"]
    # The winner took 1 token in and 1 out; of the loser nobody says, so that its input is estimated.
    assert standing.used > (1 * 1.0 + 1 * 2.0) / 1e6


def test_what_two_answers_may_cost_is_reserved(client, upstream):
    def ask(most: int) -> None:
        client.chat.completions.create(model="tight", messages=MESSAGES, max_tokens=most)

    with pytest.raises(openai.APIStatusError) as caught:
        ask(1000)  # $0.002 once, and $0.004 twice
    assert caught.value.status_code == 402
    assert upstream.received == []
    ask(700)
