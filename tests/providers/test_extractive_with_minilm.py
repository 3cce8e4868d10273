"""The extractive model where MiniLM is installed: it reads words and meaning."""

import msgspec
import pytest

from hone.providers import ChatRequest, Model, _minilm, registry
from hone.providers._extract import DONT_KNOW, Message, extract

PARCELS = """\
<context source="handbook.md#Parcels">
# Parcels
Parcels travel by night. A parcel to an island needs three days.

- Lost parcels are refunded after two weeks.
- Damaged parcels are refunded at once.
</context>"""
REFUNDS = '<context source="refunds">A refund is paid within fourteen days.</context>'
BOTH = f"{PARCELS}{REFUNDS}"


def by_words(context: str, asked: str) -> str:
    return extract([Message("system", context), Message("user", asked)])


async def said(context: str, asked: str) -> str:
    body = {"messages": [{"role": "system", "content": context}, {"role": "user", "content": asked}]}
    answer = await registry.load("extractive")().chat(
        Model(alias="floor", provider="extractive", name="extractive"), ChatRequest(body=msgspec.json.encode(body))
    )
    text: str = msgspec.json.decode(answer.body)["choices"][0]["message"]["content"]
    return text


async def test_the_passage_nearest_in_meaning_answers_wherever_it_stands() -> None:
    asked = "Days of a repayment"
    assert await said(BOTH, asked) == "A refund is paid within fourteen days. [refunds]"
    assert await said(REFUNDS + PARCELS, asked) == "A refund is paid within fourteen days. [refunds]"
    assert by_words(BOTH, asked).endswith("[handbook.md#Parcels]")


async def test_the_sentence_nearest_in_meaning_is_quoted() -> None:
    assert (
        await said(PARCELS, "My parcel arrived broken") == "Damaged parcels are refunded at once. [handbook.md#Parcels]"
    )


async def test_a_passage_that_shares_words_but_means_something_else_does_not_answer() -> None:
    asked = "Which island is the largest?"
    assert by_words(PARCELS, asked) != DONT_KNOW
    assert await said(PARCELS, asked) == DONT_KNOW


async def test_without_the_model_the_words_alone_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_minilm, "_loaded", {})
    monkeypatch.setattr(_minilm, "WHEEL", "a-wheel-that-is-not-there")
    asked = "Days of a repayment"
    assert await said(BOTH, asked) == by_words(BOTH, asked)
