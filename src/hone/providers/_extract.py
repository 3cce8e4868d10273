"""Answers made of the caller's own sentences: chosen by the words they share with the question, never written.

Pure text in, text out; `_extractive` speaks the wire around it.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple

from hone.core import words

DONT_KNOW = "I don't know."

ENOUGH = 0.4
"""The least share of the question's words that an answering passage must hold."""

NEAR = 0.3
"""With a model of meaning: the least cosine of question and answering passage; half of `ENOUGH` will do then."""

Cosines = Callable[[str, Sequence[str]], Sequence[float]]
"""How near in meaning a text is to each of some others, -1..1."""

# What the cosine weighs beside the share of the question's words, in choosing a passage and a sentence of it.
_MEANING = 2.0
_OPENING = 140  # characters of a passage that are compared
_TITLE = 80
_COMPARED = 12  # sentences of a passage, from the first
_FIRST = (1.0,)  # what a text opens with says what it is about: worth one word of the question

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

    @property
    def opening(self) -> str:
        """What it is about, as a model of meaning is told it."""
        title = self.signature[:_TITLE]
        return f"{title}\n{' '.join(self.sentences)}"[:_OPENING].strip()


def extract(messages: Sequence[Message], cosines: Cosines | None = None) -> str:
    """The sentences that answer the last user message, with their source; or a summary of it; or `DONT_KNOW`.

    Passages are `<context source="...">...</context>` blocks of the last message that has any. With passages, the one
    that holds most of the question's words answers, an earlier one before a later one; with `cosines`, the one that is
    nearest in words and meaning together, wherever it stands. Without any, a long text is summarised by its first and
    its most central sentences, and a short one has no answer.
    """
    passages = _passages(messages)
    asked = question(messages)
    if passages:
        return _answer(asked, passages, cosines)
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


def _answer(asked: str, passages: list[_Passage], cosines: Cosines | None) -> str:
    terms = set(words(asked))
    held = [terms & passage.terms for passage in passages]
    rarity = _rarity(terms, held)
    shares = [sum(rarity[term] for term in has) / (sum(rarity.values()) or 1) for has in held]
    if cosines is None:
        rated = [share / (1 + _RANK * place) for place, share in enumerate(shares)]
        best = rated.index(max(rated))
        answers = len(held[best]) >= max(1, ENOUGH * len(terms))
    else:
        near = cosines(asked, [passage.opening for passage in passages])
        rated = [share + _MEANING * cosine for share, cosine in zip(shares, near, strict=True)]
        best = rated.index(max(rated))
        answers = near[best] >= NEAR and len(held[best]) >= max(1, ENOUGH / 2 * len(terms))
    if not answers:
        return DONT_KNOW
    chosen = passages[best]
    if chosen.signature:
        return f"{_short(chosen.signature)}: {' '.join(_choose(chosen, rarity, 1, _FIRST))} [{chosen.source}]"
    worth: Sequence[float] = _FIRST
    if cosines is not None:
        compared = [sentence[:_OPENING] for sentence in chosen.sentences[:_COMPARED]]
        worth = [_MEANING * cosine * sum(rarity.values()) for cosine in cosines(asked, compared)]
    return f"{' '.join(_choose(chosen, rarity, 2, worth))} [{chosen.source}]"


def _rarity(terms: set[str], held: list[set[str]]) -> dict[str, float]:
    """1 + ln(N / n) for a word that n of N passages hold: common to all it still counts, a telling one counts more."""
    return {term: 1 + math.log(len(held) / max(1, sum(term in has for has in held))) for term in terms}


def _choose(passage: _Passage, rarity: dict[str, float], count: int, worth: Sequence[float]) -> list[str]:
    """The sentence that says most about the question, then those that add words of it; in the order of the text.

    `worth` is what the first sentences say beyond their words, in the unit of `rarity`.
    """
    terms = [rarity.keys() & set(words(sentence)) for sentence in passage.sentences]
    chosen: set[int] = set()
    covered: set[str] = set()
    for _ in range(count):
        gains = [sum(rarity[term] for term in has - covered) for has in terms]
        if not chosen:
            gains = [gain + more for gain, more in zip_longest(gains, worth, fillvalue=0.0)]
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
