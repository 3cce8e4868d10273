"""SQuAD and what has its shape: an answer is a span of a passage, or, in version 2, there is none.

Scored as the evaluation script of SQuAD 2.0 does (P. Rajpurkar et al., 2018, Know What You Don't Know): both sides
normalised; where either side has no answer, exact match and F1 are 1 if neither has one, else 0. On questions that all
have an answer this is SQuAD 1.1.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hone.datasets import Example
from hone.errors import DatasetError
from hone.evals._case import Answer, Evaluator, Given, Measure
from hone.evals.benchmarks._benchmark import Benchmark, Settings, field, lines_of, text_of
from hone.evals.metrics.text._squad import normalised, shared_words
from hone.store import Judgement, Metric

NONE = "unanswerable"
_PROMPT = (
    "Answer the question with the shortest span of the passage that answers it, copied word for word. No sentence, no "
    "explanation.{rule}\n\nPassage:\n{context}\n\nQuestion: {question}\nAnswer:"
)
_RULE = f" If the passage does not answer it, write only: {NONE}"


def _read(path: Path, _settings: Settings) -> list[Example]:
    found = list(_questions(path))
    unanswerable = any(not answers for *_, answers, _ in found)
    rule = _RULE if unanswerable else ""
    return [
        Example(
            id=id_,
            input=_PROMPT.format(rule=rule, context=context, question=question),
            expected=answers or NONE,
            context=context,
            group=group,
            tags=() if answers else (NONE,),
        )
        for id_, context, question, answers, group in found
    ]


def _questions(path: Path) -> Iterator[tuple[str, str, str, list[str], str]]:
    """Id, passage, question, answers and the article, which keeps its questions together."""
    if (official := _official(path)) is not None:
        yield from _nested(official, path)
        return
    for number, (item, where) in enumerate(lines_of(path), 1):
        answers = item.get("answers")
        texts = answers.get("text") if isinstance(answers, dict) else answers
        if not isinstance(texts, list):
            raise DatasetError(f"the question has no `answers` ({where})", hint='"answers": {"text": ["..."]}')
        context = field(item, "context", str, where)
        name = str(item.get("title") or context[:60])
        yield (
            str(item.get("id") or f"squad-{number}"),
            context,
            field(item, "question", str, where),
            _texts(texts),
            name,
        )


def _official(path: Path) -> dict[str, Any] | None:
    """The whole file as one object with `data`; None when it is lines."""
    try:
        value = json.loads(text_of(path))
    except ValueError:
        return None
    return value if isinstance(value, dict) and "data" in value else None


def _nested(value: Mapping[str, Any], path: Path) -> Iterator[tuple[str, str, str, list[str], str]]:
    """The official file: articles of paragraphs of questions."""
    try:
        for number, article in enumerate(value["data"]):
            for paragraph in article["paragraphs"]:
                for each in paragraph["qas"]:
                    answers = [] if each.get("is_impossible") else _texts(each["answers"])
                    group = str(article.get("title") or number)
                    yield str(each["id"]), paragraph["context"], each["question"], answers, group
    except (KeyError, TypeError, AttributeError) as problem:
        raise DatasetError(
            f"the file is not in the format of SQuAD: {type(problem).__name__} {problem} ({path.name})",
            hint='{"data": [{"title", "paragraphs": [{"context", "qas": [{"id", "question", "answers"}]}]}]}, or JSONL',
        ) from None


def _texts(answers: list[Any]) -> list[str]:
    texts = [each["text"] if isinstance(each, dict) else str(each) for each in answers]
    return list(dict.fromkeys(each for each in texts if normalised(each)))


def _evaluators(_given: Given, _settings: Settings) -> list[Evaluator]:
    return [
        _scored("squad-em", Metric(kind="boolean"), lambda ours, theirs: normalised(ours) == normalised(theirs)),
        _scored("squad-f1", Metric(kind="number"), shared_words),
    ]


def _scored(name: str, metric: Metric, alike: Callable[[str, str], bool | float]) -> Evaluator:
    def judge(example: Example, answer: Answer) -> list[Judgement]:
        said = "" if normalised(answer.text) in ([], [NONE]) else answer.text
        known = [] if example.expected == NONE else list(example.expected)
        if not said or not known:
            value: bool | float = not said and not known
        else:
            value = max(alike(said, each) for each in known)
        why = f"expected {' or '.join(known) or 'no answer'}" if not value else None
        return [Judgement(name, value if metric.kind == "boolean" else float(value), why)]

    worst: bool | float = False if metric.kind == "boolean" else 0.0
    return Evaluator(name=name, measures=(Measure(name=name, metric=metric, worst=worst),), judge=judge, key="v2")


SQUAD = Benchmark(
    name="squad",
    about="Spans of a passage, or none: exact match and F1 of words as the official script counts them.",
    source="P. Rajpurkar et al., 2016 and 2018, rajpurkar.github.io/SQuAD-explorer; dev-v1.1.json, dev-v2.0.json",
    metric="squad-f1",
    read=_read,
    evaluators=_evaluators,
)
