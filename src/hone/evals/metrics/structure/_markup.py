"""Is the answer XML or HTML, or is there some in it?"""

import itertools
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from xml.parsers import expat

from hone.core import to_json
from hone.datasets import Example
from hone.errors import CallError
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._one import boolean, check
from hone.store import Judgement

_START = re.compile(r"<([A-Za-z_][\w.:-]*)")
_MOST_TRIED = 500  # stretches of one answer that might be an element

# The elements of HTML, current and old ones (WHATWG HTML, "Elements"; HTML 4.01).
_ALL = """
a abbr acronym address applet area article aside audio b base bdi bdo big blockquote body br button canvas caption
center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed fieldset figcaption figure
font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li
link main map mark menu meta meter nav noscript object ol optgroup option output p param picture pre progress q rp rt
ruby s samp script search section select slot small source span strike strong style sub summary sup svg table tbody td
template textarea tfoot th thead time title tr track tt u ul var video wbr
"""
_WITHOUT_END = "area base br col embed hr img input link meta param source track wbr"
_ELEMENTS = frozenset(_ALL.split())
_EMPTY = frozenset(_WITHOUT_END.split())


def is_xml(given: Given) -> Evaluator:
    """Right when the whole answer is one well-formed XML document, with the required elements, if some are given.

    `value` names them as a list or a text with commas, each a path from the root: `order.item`. Definitions of
    entities are refused: they may grow without end.
    """
    check("is-xml", given)
    required = _required("is-xml", given.value)

    def judge(_: Example, answer: Answer) -> list[Judgement]:
        wrong = xml_problem(answer.text.strip(), required)
        return [Judgement("is-xml", wrong is None, wrong)]

    return boolean("is-xml", judge)


def contains_xml(given: Given) -> Evaluator:
    """Right when a well-formed element stands in the answer, with the required elements, if some are given."""
    check("contains-xml", given)
    required = _required("contains-xml", given.value)

    def judge(_: Example, answer: Answer) -> list[Judgement]:
        why = "no XML in the answer"
        for element in elements_in(answer.text):
            wrong = xml_problem(element, required)
            if wrong is None:
                return [Judgement("contains-xml", True)]
            why = wrong
        return [Judgement("contains-xml", False, why)]

    return boolean("contains-xml", judge)


def is_html(given: Given) -> Evaluator:
    """Right when the answer is HTML from its first letter to its last: it begins and ends with an element, a comment or
    a doctype, and has at least one element of HTML and none that HTML does not know, custom elements apart."""
    check("is-html", given, value=False)

    def judge(_: Example, answer: Answer) -> list[Judgement]:
        text = answer.text.strip()
        found = _Elements(text)
        if not (text.startswith("<") and text.endswith(">")):
            return [Judgement("is-html", False, "text outside of every element")]
        if found.unknown:
            return [Judgement("is-html", False, f"<{found.unknown[0]}> is no element of HTML")]
        return [Judgement("is-html", bool(found.known), None if found.known else "no element of HTML")]

    return boolean("is-html", judge)


def contains_html(given: Given) -> Evaluator:
    """Right when an element of HTML stands in the answer; one that takes an end tag has it, too."""
    check("contains-html", given, value=False)

    def judge(_: Example, answer: Answer) -> list[Judgement]:
        found = _Elements(answer.text)
        right = bool(found.closed)
        return [Judgement("contains-html", right, f"found <{found.closed[0]}>" if right else "no element of HTML")]

    return boolean("contains-html", judge)


def xml_problem(text: str, required: list[list[str]]) -> str | None:
    """Why a text is not one XML document with the required paths; None if it is."""
    paths: set[tuple[str, ...]] = set()
    open_now: list[str] = []
    parser = expat.ParserCreate()

    def start(name: str, _: Any) -> None:
        open_now.append(name)
        paths.add(tuple(open_now))

    def entity(name: str, *_: Any) -> None:
        raise ValueError(f"it defines the entity {name}, and definitions are refused")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: open_now.pop()
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except (expat.ExpatError, ValueError) as problem:
        return f"not XML: {problem}"
    missing = [".".join(path) for path in required if tuple(path) not in paths]
    return f"missing elements: {', '.join(missing)}" if missing else None


def elements_in(text: str) -> Iterator[str]:
    """From left to right, the outermost well-formed elements of a text."""
    done = 0
    for start, end in itertools.islice(_candidates(text), _MOST_TRIED):
        if start >= done and xml_problem(text[start:end], []) is None:
            done = end
            yield text[start:end]


def _candidates(text: str) -> Iterator[tuple[int, int]]:
    """Where elements might begin and end: from a start tag to each of its end tags, or an empty tag alone."""
    for found in _START.finditer(text):
        empty = text.find("/>", found.end())
        if empty >= 0 and "<" not in text[found.end() : empty]:
            yield found.start(), empty + 2
            continue
        for end in re.compile(rf"</{re.escape(found[1])}\s*>").finditer(text, found.end()):
            yield found.start(), end.end()


class _Elements(HTMLParser):
    """The elements of a text: those that HTML knows, those it does not, and those that are complete."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.known: list[str] = []
        self.unknown: list[str] = []
        self.closed: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        known = tag in _ELEMENTS or "-" in tag  # a custom element has a hyphen
        (self.known if known else self.unknown).append(tag)
        if tag in _EMPTY:
            self.closed.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.known:
            self.closed.append(tag)


def _required(name: str, value: Any) -> list[list[str]]:
    if value is None:
        return []
    if isinstance(value, dict) and value.keys() == {"requiredElements"}:  # as promptfoo writes it
        value = value["requiredElements"]
    each = value.split(",") if isinstance(value, str) else value
    if not isinstance(each, list) or not all(isinstance(one, str) and one.strip() for one in each):
        raise CallError(f"{name} cannot use the value {to_json(value)}", hint='{"value": ["order", "order.item"]}')
    return [one.strip().split(".") for one in each]
