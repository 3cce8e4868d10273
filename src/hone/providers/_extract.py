"""Answers made of the caller's own sentences: chosen by the words they share with the question, never written.

Pure text in, text out; `_extractive` speaks the wire around it.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hone.core import words

DONT_KNOW = "I don't know."

ENOUGH = 0.4
"""The least share of the question's words that an answering passage must hold."""

_RANK = 0.5  # what a place behind the first costs: the search knew more texts than we do
_SENTENCES = 3
_LONG = 60  # words from which a text without a question is something to summarise
_LENGTH = 80  # characters of a signature

# A block ends before the next one begins, so that unclosed ones cost no second look at the text.
_CONTEXT = re.compile(r'<context\s+source="([^"]*)"\s*>((?:(?!<context\s).)*?)</context>', re.DOTALL)
_LABEL = re.compile(
    r"^\W{0,4}(?:question|query|q)\W{0,3}:(.+?)(?=\n\s*\n|^\W{0,4}(?:answer|a)\W{0,3}:|\Z)", re.I | re.M | re.S
)
_HEADING = re.compile(r"^#{1,6} .*$", re.M)
_PARAGRAPH = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)")
_BULLET = re.compile(r"^[-*+] ")
_STOP = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)\s+(?=[^a-z\s])")
_SIGNATURE = re.compile(r"(?:class )?[\w.]+(?:\(.*\))?(?: -> .*)?")


class Message(NamedTuple):
    """One turn, its content as plain text."""

    role: str
    text: str


class _Passage(NamedTuple):
    source: str
    terms: set[str]  # its words, those of its source and its headings among them
    signature: str  # what the passage opens with, if that is the signature of a function
    sentences: list[str]


def extract(messages: Sequence[Message]) -> str:
    """The sentences that answer the last user message, with their source; or a summary of it; or `DONT_KNOW`.

    Passages are `<context source="...">...</context>` blocks of the last message that has any. With passages, the one
    that holds most of the question's words answers, an earlier one before a later one. Without any, a long text is
    summarised by its first and its most central sentences, and a short one has no answer.
    """
    passages = _passages(messages)
    asked = question(messages)
    if passages:
        return _answer(asked, passages)
    return summary(asked) if len(asked.split()) >= _LONG else DONT_KNOW


def question(messages: Sequence[Message]) -> str:
    """What is asked: the last user message without its passages.

    A prompt may put all into one message. Then the last `Question:` says it, else the last line that ends in a
    question mark; else all of the text that is left.
    """
    text = next((message.text for message in reversed(messages) if message.role == "user"), "")
    left = _CONTEXT.sub("\n\n", text).strip()
    labelled: list[str] = _LABEL.findall(left)
    asking = [line for line in left.splitlines() if line.rstrip(" *_\"')").endswith("?")]
    if labelled:
        return labelled[-1].strip()
    return asking[-1].strip() if asking and left != text.strip() else left


def summary(text: str, count: int = _SENTENCES) -> str:
    """The first sentence and the `count - 1` nearest to the centroid of all, in their order.

    The centroid weighs a word by the sentences it is in (Radev et al. 2004, "Centroid-based summarization"); a
    sentence's weight is the mean of its words', so that length alone does not win.
    """
    found = sentences(text)
    terms = [set(words(sentence)) for sentence in found]
    spread = Counter(term for one in terms for term in one)
    weight = [sum(spread[term] for term in one) / (len(one) + 3) for one in terms]
    rest = sorted(range(1, len(found)), key=lambda i: -weight[i])[: count - 1]
    return " ".join(found[i] for i in sorted({0, *rest}) if found)


def sentences(text: str) -> list[str]:
    """The sentences and list items of `text`, each on one line without its bullet; its headings are none."""
    paragraphs = (_BULLET.sub("", " ".join(part.split())) for part in _PARAGRAPH.split(_HEADING.sub("\n", text)))
    return [sentence for part in paragraphs if part for sentence in _STOP.split(part)]


def _passages(messages: Sequence[Message]) -> list[_Passage]:
    blocks: Iterable[tuple[str, str]] = ()
    for message in messages:
        blocks = _CONTEXT.findall(message.text) or blocks
    found = (_passage(source, text.strip()) for source, text in blocks)
    return [passage for passage in found if passage.sentences]


def _passage(source: str, text: str) -> _Passage:
    terms = {*words(source), *words(text)}
    first, _, rest = text.partition("\n")
    if rest and _SIGNATURE.fullmatch(first):
        return _Passage(source, terms, first, sentences(rest))
    return _Passage(source, terms, "", sentences(text))


def _answer(asked: str, passages: list[_Passage]) -> str:
    terms = set(words(asked))
    held = [terms & passage.terms for passage in passages]
    rarity = _rarity(terms, held)
    rated = [sum(rarity[term] for term in has) / (1 + _RANK * place) for place, has in enumerate(held)]
    best = rated.index(max(rated))
    if len(held[best]) < max(1, ENOUGH * len(terms)):
        return DONT_KNOW
    chosen = passages[best]
    if chosen.signature:
        return f"{_short(chosen.signature)}: {' '.join(_choose(chosen, rarity, 1))} [{chosen.source}]"
    return f"{' '.join(_choose(chosen, rarity, 2))} [{chosen.source}]"


def _rarity(terms: set[str], held: list[set[str]]) -> dict[str, float]:
    """1 + ln(N / n) for a word that n of N passages hold: common to all it still counts, a telling one counts more."""
    return {term: 1 + math.log(len(held) / max(1, sum(term in has for has in held))) for term in terms}


def _choose(passage: _Passage, rarity: dict[str, float], count: int) -> list[str]:
    """The sentence that says most about the question, then those that add words of it; in the order of the text."""
    terms = [rarity.keys() & set(words(sentence)) for sentence in passage.sentences]
    chosen: set[int] = set()
    covered: set[str] = set()
    for _ in range(count):
        gains = [sum(rarity[term] for term in has - covered) for has in terms]
        if not chosen:  # what a text opens with says what it is about: worth one word of the question
            gains[0] += 1
        best = gains.index(max(gains))
        if gains[best]:
            chosen.add(best)
            covered |= terms[best]
    return [passage.sentences[i] for i in sorted(chosen)]


def _short(signature: str) -> str:
    """A signature without the parameters past `_LENGTH` characters: `json.dumps(obj, *, ...)`."""
    if len(signature) <= _LENGTH:
        return signature
    cut = signature.rfind(", ", 0, _LENGTH)
    return f"{signature[:cut]}, ...)" if cut > 0 else f"{signature.partition('(')[0]}(...)"
