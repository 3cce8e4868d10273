"""Labelled answers from published data: a folder as its authors give it, to rows that calibration reads.

Each row is an example with an id of its own; the answer and what people said of it are in its metadata.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from hone.errors import CallError, DatasetError
from hone.evals.judges._labels import read_rows

Row = dict[str, Any]

_APOLOGY = "You are right, sorry about that. I have changed my answer as you asked."


class Source(Struct, frozen=True, kw_only=True):
    """One kind of published labels. `part` is a dimension, a judge or a subset; some kinds need one."""

    about: str
    judge: str  # the evaluator that it can calibrate
    make: Callable[[Path, str | None], Iterator[Row]]


def rows_of(kind: str, folder: Path, part: str | None = None) -> list[Row]:
    """The rows of published data in a folder.

    Raises:
        CallError: no such kind, or no such part of it.
        DatasetError: a file is missing or is something else.
    """
    if kind not in SOURCES:
        raise CallError(f"no published labels {kind!r}", hint=f"there are: {', '.join(SOURCES)}")
    try:
        found = list(SOURCES[kind].make(folder, part))
    except (KeyError, TypeError, AttributeError) as problem:
        raise DatasetError(f"{folder} does not hold {kind} as its authors give it: {problem!r}") from None
    if not found:
        raise CallError(f"{kind} has no part {part!r}")
    return found


def summeval(folder: Path, part: str | None) -> Iterator[Row]:
    """SummEval (Fabbri et al. 2021): summaries with the mean of three experts' marks from 1 to 5.

    `part` is fluency, coherence, consistency or relevance.
    """
    part = part or "fluency"
    for article in read_rows(folder / "summeval.jsonl.gz"):
        for system, summary in article["systems"].items():
            if part not in summary["scores"]:
                raise CallError(f"summeval has no part {part!r}", hint=f"there are: {', '.join(summary['scores'])}")
            yield {
                "id": f"{article['id'][-12:]}-{system}",
                "input": "Summarize the article.",
                "context": article["source"],
                "group": article["id"],
                "metadata": {"output": summary["summary"], "label": summary["scores"][part], "system": system},
            }


def pandalm(folder: Path, part: str | None) -> Iterator[Row]:
    """PandaLM (Wang et al. 2023): pairs of answers with the choices of three people. `part` adds the verdicts of a
    judge: gpt35 or pandalm7b."""
    verdicts: dict[Any, Any] = {}
    if part is not None:
        column = {"gpt35": "gpt_result", "pandalm7b": "pandalm_result"}.get(part)
        if column is None:
            raise CallError(f"pandalm has no part {part!r}", hint="gpt35 or pandalm7b")
        verdicts = {each["idx"]: each[column] for each in read_rows(folder / f"{part}.json")}
    for pair in read_rows(folder / "testset-v1.json"):
        task = "\n\n".join(each for each in (pair["instruction"], pair["input"]) if each)
        told = {"output": pair["response1"], "other": pair["response2"]}
        labels = [pair[f"annotator{number}"] for number in (1, 2, 3)]
        said = {"verdict": verdicts[pair["idx"]]} if part is not None else {}
        yield {"id": f"pandalm-{pair['idx']}", "input": task, "metadata": {**told, "labels": labels, **said}}


def llmbar(folder: Path, part: str | None) -> Iterator[Row]:
    """LLMBar (Zeng et al. 2024): pairs of which one follows the instruction. `part` is `SUBSET`, or
    `SUBSET|JUDGE|MODE` for the verdicts of a judge in both orders, as in `Natural|GPT-4|Swap`."""
    subset, _, judge = (part or "").partition("|")
    said = _judged(folder, subset, judge) if judge else {}
    for case in read_rows(folder / "cases.jsonl.gz"):
        if subset and case["subset"] != subset:
            continue
        number = case["index"]
        verdicts = said[number] if judge else {}
        told = {"output": case["output_1"], "other": case["output_2"], "label": case["label"]}
        yield {"id": f"{case['subset']}-{number}", "input": case["input"], "metadata": {**told, **verdicts}}


def mtbench(folder: Path, part: str | None) -> Iterator[Row]:
    """MT-Bench (Zheng et al. 2023): second turns that comment on the first answer, for those questions whose two
    answers are given as reference.

    The labels are by construction and not by people: the reference's second answer takes the comment into account; the
    first answer again, under an apology, does not, and neither does the second answer to another question.
    """
    if part is not None:
        raise CallError(f"mtbench has no part {part!r}")
    turns = {each["question_id"]: each["turns"] for each in read_rows(folder / "question.jsonl")}
    answers = [(each["question_id"], each["choices"][0]["turns"]) for each in read_rows(folder / "ref_gpt4.jsonl")]
    for place, (question, (first, second)) in enumerate(answers):
        other = answers[(place + 1) % len(answers)][1][1]
        new = {"done": (second, True), "apology": (f"{_APOLOGY}\n\n{first}", False), "elsewhere": (other, False)}
        for name, (text, label) in new.items():
            yield {
                "id": f"mtbench-{question}-{name}",
                "input": turns[question][0],
                "previous": first,
                "group": str(question),
                "origin": "generated",
                "metadata": {"output": text, "label": float(label), "comment": turns[question][1], "built": name},
            }


def _judged(folder: Path, subset: str, judge: str) -> dict[int, Row]:
    evaluator, _, mode = judge.partition("|")
    rows = [
        each
        for each in read_rows(folder / "judgements.jsonl")
        if (each["subset"], each["evaluator"], each["mode"]) == (subset, evaluator, mode)
    ]
    if not rows:
        raise CallError(f"llmbar has no verdicts of {judge!r} on {subset!r}", hint="as in Natural|GPT-4|Swap")
    # A verdict that could not be read is one all the same: it agrees with nobody.
    return {
        each["index"]: {"verdict": each["first_order"] or "none", "swapped": each["second_order"] or "none"}
        for each in rows
    }


def written(rows: list[Row]) -> bytes:
    """The rows as JSON Lines."""
    return b"".join(json.dumps(each, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n" for each in rows)


SOURCES = {
    "summeval": Source(about="summaries with experts' marks", judge="fluency, coherence", make=summeval),
    "pandalm": Source(about="pairs with three people's choices", judge="pairwise", make=pandalm),
    "llmbar": Source(about="pairs of which one follows the instruction", judge="pairwise", make=llmbar),
    "mtbench": Source(about="comments and new answers, labelled as built", judge="incorporates-feedback", make=mtbench),
}
