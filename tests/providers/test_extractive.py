"""The extractive model: it quotes the passages it is given, says so, and says when they hold no answer."""

from typing import Any

import msgspec
import pytest

from hone.errors import CallError
from hone.providers import Answer, ChatRequest, Model, Provider, registry
from hone.providers._extract import DONT_KNOW, Message, extract, question, summary
from hone.providers._extractive import count

LOADS = """\
<context source="python:json.loads">
json.loads(s, *, cls=None, object_hook=None, parse_float=None, parse_int=None, parse_constant=None, **kw)
Deserialize ``s`` (a ``str`` instance containing a JSON document) to a Python object.

``object_hook`` is an optional function that will be called with every object literal.
</context>"""
PARCELS = """\
<context source="handbook.md#Parcels">
# Parcels
Parcels travel by night. A parcel to an island needs three days.

- Lost parcels are refunded after two weeks.
- Damaged parcels are refunded at once.
</context>"""
STORY = (
    "The harbour of Lund froze in the winter of the great comet. Ships waited in the ice. "
    "Somebody sold hats. The ice of the harbour carried horses, and the ships in the ice carried snow. "
    "When the ice broke, the ships left the harbour. A dog barked. Nobody had counted the days. "
    "The museum shows a hat today, beside some stamps, and tickets are sold until five in the afternoon by a clerk."
)


def ask(text: str, *, context: str = "") -> str:
    return extract([Message("system", f"Use the passages.\n{context}"), Message("user", text)])


# -- what it says


def test_the_answer_names_the_function_says_what_it_does_and_where_it_stands() -> None:
    assert ask("How do I parse JSON from a str?", context=PARCELS + LOADS) == (
        "json.loads(s, *, cls=None, object_hook=None, parse_float=None, parse_int=None, ...): "
        "Deserialize ``s`` (a ``str`` instance containing a JSON document) to a Python object. [python:json.loads]"
    )


def test_the_sentence_that_answers_is_quoted_without_its_neighbours() -> None:
    said = ask("When are lost parcels refunded?", context=PARCELS)
    assert said == "Lost parcels are refunded after two weeks. [handbook.md#Parcels]"


def test_a_second_sentence_comes_along_when_it_says_more_of_what_was_asked() -> None:
    said = ask("Do parcels travel to an island?", context=PARCELS)
    assert said == "Parcels travel by night. A parcel to an island needs three days. [handbook.md#Parcels]"


def test_the_earlier_of_two_equal_passages_answers() -> None:
    first = '<context source="one">Parcels are brown.</context>'
    other = '<context source="two">Parcels are brown.</context>'
    assert ask("Which colour have parcels?", context=first + other).endswith("[one]")
    assert ask("Which colour have parcels?", context=other + first).endswith("[two]")


def test_a_later_passage_answers_when_it_holds_more_of_the_question() -> None:
    assert ask("How long does a parcel to an island need?", context=LOADS + PARCELS).endswith("[handbook.md#Parcels]")


@pytest.mark.parametrize("text", ["Who won the world cup in 1998?", "", "How is it?"])
def test_passages_that_do_not_answer_are_not_quoted(text: str) -> None:
    assert ask(text, context=LOADS + PARCELS) == DONT_KNOW


@pytest.mark.parametrize("context", ["", '<context source="a"></context>', '<context source="a"># Parcels</context>'])
def test_a_question_without_passages_has_no_answer(context: str) -> None:
    assert ask("Where is my parcel?", context=context) == DONT_KNOW


def test_a_long_text_without_a_question_is_summarised_in_its_own_sentences() -> None:
    said = ask(STORY)
    assert said == summary(STORY)
    assert said.startswith("The harbour of Lund froze in the winter of the great comet. ")
    assert "the ships left the harbour" in said
    assert len(said) < len(STORY) / 2


# -- what it reads


def test_the_question_may_stand_after_its_passages_under_a_label() -> None:
    text = f"Answer in two words.\n\n{LOADS}\n\nQuestion: How do I parse JSON\nfrom a str?\n\nAnswer:"
    assert question([Message("user", text)]) == "How do I parse JSON\nfrom a str?"


def test_without_a_label_the_line_that_asks_is_the_question() -> None:
    assert question([Message("user", f"{LOADS}\nHow do I parse JSON?\nBe brief.")]) == "How do I parse JSON?"


def test_a_message_of_its_own_is_the_question_as_a_whole() -> None:
    assert question([Message("user", "Is it lost?\nThe parcel to Lund.")]) == "Is it lost?\nThe parcel to Lund."


def test_the_last_user_message_asks_and_the_last_passages_count() -> None:
    messages = [
        Message("user", f"{LOADS}\nHow do I parse JSON?"),
        Message("assistant", "json.loads"),
        Message("user", f"{PARCELS}\nWhen are lost parcels refunded?"),
        Message("assistant", ""),
    ]
    assert extract(messages).endswith("[handbook.md#Parcels]")
    assert extract([*messages, Message("user", "And how do I parse JSON from a str?")]) == DONT_KNOW


def test_an_unclosed_passage_is_no_passage() -> None:
    # A second look at the rest of the text for each of them would take hours.
    said = ask("Where are parcels?", context='<context source="a">parcels ' * 20_000 + PARCELS)
    assert said.endswith("[handbook.md#Parcels]")


# -- what it speaks


MODEL = Model(alias="floor", provider="extractive", name="anything")


async def call(*, stream: bool = False, **fields: Any) -> Answer:
    provider: Provider = registry.load("extractive")()
    body = {"model": "anything", "messages": [{"role": "user", "content": f"{PARCELS}\nDo parcels travel?"}], **fields}
    answer = await provider.chat(MODEL, ChatRequest(body=msgspec.json.encode(body), stream=stream))
    await provider.close()
    return answer


async def whole(**fields: Any) -> dict[str, Any]:
    answer = await call(**fields)
    assert answer.body is not None
    found: dict[str, Any] = msgspec.json.decode(answer.body)
    return found


async def events(**fields: Any) -> list[Any]:
    answer = await call(stream=True, **fields)
    assert answer.chunks is not None
    lines = b"".join([part async for part in answer.chunks]).decode().removesuffix("\n\n").split("\n\n")
    assert lines[-1] == "data: [DONE]"
    return [msgspec.json.decode(line.removeprefix("data: ")) for line in lines[:-1]]


async def test_it_calls_itself_extractive_whatever_name_it_is_called_by() -> None:
    assert (await whole())["model"] == "extractive"
    assert {event["model"] for event in await events()} == {"extractive"}


async def test_the_stream_says_what_the_whole_answer_says() -> None:
    said = (await whole())["choices"][0]["message"]["content"]
    parts = [choice["delta"].get("content", "") for event in await events() for choice in event["choices"]]
    assert said == "Parcels travel by night. [handbook.md#Parcels]"
    assert "".join(parts) == said
    assert len(parts) > 5


async def test_tokens_are_counted_and_a_stream_reports_them_when_asked() -> None:
    usage = (await whole())["usage"]
    assert usage["completion_tokens"] == count("Parcels travel by night. [handbook.md#Parcels]")
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert (await events(stream_options={"include_usage": True}))[-1]["usage"] == usage
    assert all("usage" not in event for event in await events(stream_options=None))


def test_a_token_is_six_characters_of_a_word_or_one_sign() -> None:
    assert [count(text) for text in ("", "parcel", "parcels", "a b.", "  \n")] == [0, 1, 2, 3, 0]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
async def test_a_limit_cuts_the_answer_and_says_so(name: str) -> None:
    choice = (await whole(**{name: 3}))["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("Parcels travel", "length")
    assert (await events(**{name: 3}))[-1]["choices"][0]["finish_reason"] == "length"
    assert (await whole(**{name: 400}))["choices"][0]["finish_reason"] == "stop"


async def test_text_parts_are_read_images_and_tools_passed_over() -> None:
    parts = [
        {"type": "image_url", "image_url": {"url": "data:,"}},
        {"type": "text", "text": PARCELS},
        {"type": "text", "text": "Do parcels travel?"},
    ]
    found = await whole(messages=[{"role": "user", "content": parts}], tools=[{"type": "function"}], temperature=1)
    assert found["choices"][0]["message"]["content"] == "Parcels travel by night. [handbook.md#Parcels]"


async def test_a_message_without_content_is_no_error() -> None:
    messages = [{"role": "assistant", "content": None, "tool_calls": []}, {"role": "tool", "content": "x"}]
    assert (await whole(messages=messages))["choices"][0]["message"]["content"] == DONT_KNOW


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": []},
        {"messages": "hello"},
        {"messages": [{"content": "no role"}]},
        {"messages": [{"role": "user", "content": 7}]},
        {"max_tokens": 0},
        {"max_tokens": "many"},
    ],
)
async def test_a_request_that_is_none_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(CallError, match="not a chat completion request"):
        await call(**fields)


async def test_a_body_that_is_no_json_is_refused() -> None:
    with pytest.raises(CallError):
        await registry.load("extractive")().chat(MODEL, ChatRequest(body=b'{"messages": [\xff'))
