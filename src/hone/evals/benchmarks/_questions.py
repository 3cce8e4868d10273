"""Questions with one right answer: GSM8K's sums, and Natural Questions without a text to look them up in."""

from collections.abc import Callable
from pathlib import Path

from hone.datasets import Example
from hone.evals._case import Evaluator, Given
from hone.evals.benchmarks._benchmark import Benchmark, Settings, field, lines_of

_SUM = (
    "Solve the problem step by step. End with one line that holds the final number alone, without units or commas, in "
    "the form `#### 42`.\n\n{question}"
)
_OPEN = (
    "Answer the question with the shortest phrase that answers it: a name, a date, a number. No sentence, no "
    "explanation.\n\nQuestion: {question}\nAnswer:"
)


def _sums(path: Path, _settings: Settings) -> list[Example]:
    made = []
    for number, (item, where) in enumerate(lines_of(path), 1):
        question = field(item, "question", str, where)
        made.append(
            Example(
                id=f"gsm8k-{number}", input=_SUM.format(question=question), expected=field(item, "answer", str, where)
            )
        )
    return made


def _open(path: Path, _settings: Settings) -> list[Example]:
    made = []
    for number, (item, where) in enumerate(lines_of(path), 1):
        question, answers = field(item, "question", str, where), field(item, "answer", (list, str), where)
        made.append(Example(id=f"nq-{number}", input=_OPEN.format(question=question), expected=answers))
    return made


def _judged_by(*names: str) -> Callable[[Given, Settings], list[Evaluator]]:
    def evaluators(given: Given, _settings: Settings) -> list[Evaluator]:
        from hone.evals._registry import make

        return make(names, given=given)

    return evaluators


GSM8K = Benchmark(
    name="gsm8k",
    about="Grade-school maths: the number behind `####` equals that of the solution.",
    source="K. Cobbe et al., 2021, Training Verifiers to Solve Math Word Problems; grade-school-math, test.jsonl",
    metric="gsm8k",
    read=_sums,
    evaluators=_judged_by("gsm8k"),
)
NQ_OPEN = Benchmark(
    name="nq-open",
    about="Open questions: the answer equals one of the known ones, once both are normalised as for SQuAD.",
    source="K. Lee et al., 2019, Latent Retrieval; google-research-datasets/natural-questions, NQ-open.dev.jsonl",
    metric="squad-em",
    read=_open,
    evaluators=_judged_by("squad-em", "squad-f1"),
)
