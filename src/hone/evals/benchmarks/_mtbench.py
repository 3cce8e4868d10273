"""MT-Bench: eighty conversations of two turns, each answer rated from 1 to 10 by a model.

As the paper's single-answer grading (L. Zheng et al., 2023, Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena):
the second turn is judged with the first before it; maths, reasoning and coding with a reference answer, where a file of
them is given. The words of the prompt are ours, and the rating is asked for as structured output.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hone.datasets import Example
from hone.errors import CallError, DatasetError
from hone.evals._case import Answer, Evaluator, Given, Measure
from hone.evals.benchmarks._benchmark import Benchmark, Settings, field, lines_of
from hone.evals.judges._seat import REASON, Seat
from hone.store import Judgement, Metric

if TYPE_CHECKING:
    from hone.prompts import Prompt

_BY_REFERENCE = ("math", "reasoning", "coding")
_RATING = {"type": "integer", "minimum": 1, "maximum": 10}
_KEY = "mt-bench 1"


def _read(path: Path, settings: Settings) -> list[Example]:
    known = _references(settings.reference) if settings.reference else {}
    made = []
    for item, where in lines_of(path):
        turns, name = field(item, "turns", list, where), field(item, "question_id", (int, str), where)
        if not all(isinstance(each, str) for each in turns):
            raise DatasetError(f"the turns are no texts ({where})", hint='"turns": ["...", "..."]')
        category = str(item.get("category", ""))
        reference = item.get("reference") or known.get(str(name))
        expected = reference if isinstance(reference, list) and category in _BY_REFERENCE else None
        made.append(
            Example(id=f"mt-{name}", input={"turns": turns}, expected=expected, tags=(category,) if category else ())
        )
    return made


def _references(path: Path) -> dict[str, list[str]]:
    """FastChat's reference answers: the turns of the one choice, by question."""
    found = {}
    for item, where in lines_of(path):
        try:
            turns = item["choices"][0]["turns"]
        except (KeyError, IndexError, TypeError):
            raise DatasetError(
                f"the line is no reference answer ({where})", hint='{"question_id", "choices": [{"turns": [...]}]}'
            ) from None
        found[str(item.get("question_id"))] = [str(each) for each in turns]
    return found


def _evaluators(given: Given, settings: Settings) -> list[Evaluator]:
    if given.ask is None:
        raise CallError("MT-Bench is judged by a model, and there is none to ask", hint="--judge MODEL")
    seat = Seat(ask=given.ask, name="mt-bench", model=settings.judge)

    async def judge(example: Example, answer: Answer) -> list[Judgement]:
        said = []
        for turn in range(len(_turns(example))):
            rating, why = await _rated(seat, example, answer, turn)
            said.append(Judgement(f"mt-bench:{turn + 1}", rating, why))
        overall = sum(float(each.value) for each in said) / len(said)
        return [Judgement("mt-bench", overall, said[-1].explanation), *said]

    number = Metric(kind="number")
    measures = tuple(Measure(name=name, metric=number, worst=1.0) for name in ("mt-bench", "mt-bench:1", "mt-bench:2"))
    identity = given.models(settings.judge) if given.models else str(settings.judge)
    return [Evaluator(name="mt-bench", measures=measures, judge=judge, by="judge", key=f"{_KEY} {identity}")]


async def _rated(seat: Seat, example: Example, answer: Answer, turn: int) -> tuple[float, str]:
    answers = [str(each.get("content")) for each in answer.messages if each.get("role") == "assistant"]
    turns = _turns(example)
    earlier = [f"user: {asked}\n\nassistant: {said}" for asked, said in zip(turns[:turn], answers, strict=False)]
    references = example.expected if isinstance(example.expected, list) else []
    texts = {
        "question": turns[turn],
        "answer": answers[turn] if turn < len(answers) else answer.text,
        "earlier": "\n\n".join(earlier) or None,
        "reference": references[turn] if turn < len(references) else None,
    }
    told = await seat.put(_prompt(), texts, {"reason": REASON, "rating": _RATING})
    return float(told.value["rating"]), str(told.value["reason"])


def _turns(example: Example) -> list[str]:
    asked: Any = example.input
    return list(asked["turns"])


@cache
def _prompt() -> "Prompt":
    from hone.prompts import parse

    file = files("hone.evals.benchmarks") / "prompts" / "mt-bench.prompt.md"
    return parse(file.read_text("utf-8"), "mt-bench.prompt.md")


MTBENCH = Benchmark(
    name="mt-bench",
    about="Conversations of two turns, rated from 1 to 10 by a model; maths and coding with a reference answer.",
    source="L. Zheng et al., 2023; lm-sys/FastChat, question.jsonl, reference_answer/gpt-4.jsonl (--reference)",
    metric="mt-bench",
    read=_read,
    evaluators=_evaluators,
)
