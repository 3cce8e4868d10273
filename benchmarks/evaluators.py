"""What judging costs: CPU seconds of one evaluator over 10,000 answers, beside the library that everybody uses.

Pairs are openings of the standard library's docstrings and the same with every fifth word left out. An evaluator is
asked as a run asks it, one answer at a time on one event loop; a library is called in a bare loop.
"""

import argparse
import asyncio
import inspect
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from hone.datasets import Example
from hone.evals import Answer, make

MODULES = ("argparse", "asyncio", "collections", "datetime", "email", "logging", "os", "pathlib", "socket", "typing")

Pairs = list[tuple[str, str]]


def pairs(count: int) -> Pairs:
    """Expected texts and answers, about 45 words each; the same ones come again until there are enough."""
    things = [thing for module in MODULES for _, thing in sorted(vars(__import__(module)).items())]
    texts = dict.fromkeys((inspect.getdoc(thing) or "")[:300] for thing in things)
    long = [text for text in texts if len(text.split()) > 20]
    made = [(text, " ".join(word for n, word in enumerate(text.split()) if n % 5)) for text in long]
    return (made * (count // len(made) + 1))[:count]


def spent(work: Callable[[], object]) -> float:
    """CPU seconds of this process, every thread of it counted."""
    start = time.process_time()
    work()
    return time.process_time() - start


def judged(name: str, some: Pairs) -> float:
    (evaluator,) = make([name])
    cases = [(Example(input="q", expected=expected), Answer(text=answer)) for expected, answer in some]

    async def judge() -> None:
        for example, answer in cases:
            await evaluator.said(example, answer)

    return spent(lambda: asyncio.run(judge()))


class NoWordNet:
    """What NLTK asks for synonyms where its data are not installed."""

    def synsets(self, word: str) -> list[str]:
        return []


def plain(name: str) -> tuple[str, Callable[[str, str], object]]:
    """The library's name, and its measure of (expected, answer)."""
    if name.startswith("rouge"):
        from rouge_score.rouge_scorer import RougeScorer

        scorer = RougeScorer([{"rouge:2": "rouge2", "rouge": "rougeL"}[name]], use_stemmer=True)
        return "rouge-score", scorer.score
    if name == "meteor":
        from nltk.translate.meteor_score import single_meteor_score

        nothing = NoWordNet()
        return "nltk", lambda expected, answer: single_meteor_score(expected.split(), answer.split(), wordnet=nothing)
    if name == "gleu":
        from nltk.translate.gleu_score import sentence_gleu

        return "nltk", lambda expected, answer: sentence_gleu([expected.split()], answer.split())
    import sacrebleu

    measure = {"bleu": sacrebleu.sentence_bleu, "chrf": sacrebleu.sentence_chrf}[name]
    return "sacrebleu", lambda expected, answer: measure(answer, [expected])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the pairs")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    some = pairs(1_000 if options.quick else 10_000)
    rows = []
    for name in ("rouge:2", "rouge", "bleu", "chrf", "gleu", "meteor"):
        judged(name, some[:100])
        ours = judged(name, some)
        library, measure = plain(name)
        theirs = spent(lambda measure=measure: [measure(expected, answer) for expected, answer in some])
        goal = f"< {theirs / 30:.2g}" if name.startswith("rouge") else None
        rows.append({"name": name, "value": ours, "unit": "CPU s", "goal": goal, "peers": {library: theirs}})
        print(f"{name}: {ours:.3g} CPU s, {library} {theirs:.3g} ({theirs / ours:.1f}x)", file=sys.stderr)
    for name in ("contains", "exact", "f1", "levenshtein"):
        rows.append({"name": name, "value": judged(name, some), "unit": "CPU s", "goal": None, "peers": {}})
        print(f"{name}: {rows[-1]['value']:.3g} CPU s", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
