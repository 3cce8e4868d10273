"""`hone demo`: the main job on real input. A gateway answers questions about Python's standard library from its own
documentation, every call is traced, every answer is scored, and a report says how good it was."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from msgspec import Struct
from rich.progress import track
from rich.table import Table

from hone.cli._building import build_with_progress
from hone.cli._say import dollars, out, print_json, talk
from hone.client import Remote
from hone.core import Rate, wilson
from hone.errors import MissingExtra
from hone.evals import whole_name
from hone.local import House
from hone.traces import TraceFilter, TraceRow

if TYPE_CHECKING:
    from openai import OpenAI

_PROJECT = """\
project = "python-docs"

[models.floor]
use = "extractive/extractive"

[tasks.answer]
input = { question = "string" }
models = ["floor"]
prompt = "answer"
knowledge = "stdlib"
threshold = 0.2

[knowledge.stdlib]
sources = ["python:stdlib"]

[metrics.correct]
kind = "boolean"
direction = "up"
"""

_PROMPT = """\
---
description: Answers a question about Python from the documentation of its standard library.
input:
  question: string
---
# system

Answer from the context alone. Name the function, and say what it does in a sentence or two.
If the context does not hold the answer, say "I don't know."

# user

{% for passage in context %}
<context source="{{ passage.source }}">
{{ passage.text }}
</context>
{% endfor %}

Question: {{ question }}
"""


class Question(Struct, frozen=True):
    """A question with its known answer: names of which one must occur, or None when there is no answer to be found."""

    id: str
    question: str
    answer: str | list[str] | None
    source: str | list[str] | None = None
    split: str = "dev"

    def is_answered_by(self, text: str) -> bool:
        if self.answer is None:
            return text.strip().startswith("I don't know")
        names = [self.answer] if isinstance(self.answer, str) else self.answer
        return any(whole_name(name, text) for name in names)


class Asked(Struct, frozen=True):
    """One question and what came back."""

    question: Question
    text: str
    correct: bool
    trace_id: str


class Report(Struct, frozen=True, kw_only=True):
    """What the demonstration found, read back from the stored traces and scores. Latencies are milliseconds."""

    questions: int
    chunks: int
    answerable: Rate
    unanswerable: Rate
    latency_p50: float
    latency_p95: float
    cost: float | None
    project: str | None


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="Leave the project in this folder, to look around."
)
def command(as_json: bool, keep: Path | None) -> None:
    """Ask the documentation of Python's standard library real questions, through the real gateway.

    Needs no key and no network. The model is extractive: it quotes, it does not write.
    """
    talk.print(
        "[bold]hone demo[/bold] · the model is [bold]extractive[/bold]: it picks sentences, it does not write them"
    )
    with _folder(keep) as folder:
        _write(folder)
        house = House.open(folder)
        try:
            chunks = _build(house)
            asked = _ask_all(house)
            report = _report(house, asked, chunks, keep)
        finally:
            house.close()
    if as_json:
        print_json(report)
    else:
        _print(report, asked)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    made = Path(tempfile.mkdtemp(prefix="hone-demo-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _write(folder: Path) -> None:
    (folder / "prompts").mkdir(exist_ok=True)
    (folder / "hone.toml").write_text(_PROJECT, encoding="utf-8")
    (folder / "prompts" / "answer.prompt.md").write_text(_PROMPT, encoding="utf-8")


def questions(split: str) -> list[Question]:
    """The questions of a split, written as a programmer would ask them."""
    lines = files("hone.cli").joinpath("demo_questions.jsonl").read_text(encoding="utf-8").splitlines()
    found = [msgspec.json.decode(line, type=Question) for line in lines if line.strip()]
    return [question for question in found if question.split == split]


def _build(house: House) -> int:
    built = build_with_progress(house, "stdlib")
    talk.print(f"1. knowledge: {built.chunks:,} chunks from the docstrings of the running interpreter")
    return built.chunks


def _ask_all(house: House) -> list[Asked]:
    """Through real HTTP, with the official SDK, as an application would."""
    try:
        from openai import OpenAI
    except ModuleNotFoundError:
        raise MissingExtra("the demonstration", "demo") from None
    from hone.server import Server

    with Server(house, "127.0.0.1", 0) as server:
        talk.print(f"2. serving at {server.url}, asking with the official openai SDK")
        feedback = Remote(server.url)
        with OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
            return [
                _ask(client, feedback, question)
                for question in track(questions("dev"), "asking", console=talk, transient=True)
            ]


def _ask(client: "OpenAI", feedback: Remote, question: Question) -> Asked:
    answer = client.chat.completions.with_raw_response.create(
        model="answer",
        messages=[{"role": "user", "content": question.question}],
        extra_headers={"x-hone-session": question.id, "x-hone-tags": "demo"},
    )
    text = answer.parse().choices[0].message.content or ""
    correct = question.is_answered_by(text)
    # Known answers stand in for the end user's thumb.
    feedback.score(
        {"target": {"span": answer.headers["x-hone-span-id"]}, "name": "correct", "value": correct, "by": "code"}
    )
    return Asked(question, text, correct, answer.headers["x-hone-trace-id"])


def _report(house: House, asked: list[Asked], chunks: int, keep: Path | None) -> Report:
    """Counted from what the store holds, not from what the loop above remembers."""
    talk.print("3. reading traces and scores back from the store")
    rows = _stored(house)
    answerable = {one.trace_id: one.question.answer is not None for one in asked}
    latencies = [row.duration / 1e6 for row in rows]
    costs = [row.cost for row in rows if row.cost is not None]
    return Report(
        questions=len(rows),
        chunks=chunks,
        answerable=_rate([row for row in rows if answerable[row.trace_id]]),
        unanswerable=_rate([row for row in rows if not answerable[row.trace_id]]),
        latency_p50=_quantile(latencies, 0.5),
        latency_p95=_quantile(latencies, 0.95),
        cost=sum(costs) if len(costs) == len(rows) else None,
        project=None if keep is None else str(keep),
    )


def _stored(house: House) -> list[TraceRow]:
    rows: list[TraceRow] = []
    cursor: str | None = None
    while True:
        page = house.traces.latest(TraceFilter(task="answer", limit=100, cursor=cursor))
        rows += page.items
        cursor = page.next
        if cursor is None:
            return rows


def _rate(rows: list[TraceRow]) -> Rate:
    return wilson(
        sum(any(score.name == "correct" and score.value is True for score in row.scores) for row in rows), len(rows)
    )


def _quantile(values: list[float], share: float) -> float:
    """The nearest-rank quantile."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


def _print(report: Report, asked: list[Asked]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column()
    for name, rate in (("answerable, right", report.answerable), ("unanswerable, said so", report.unanswerable)):
        table.add_row(
            name,
            f"[bold]{rate.mean:.0%}[/bold] of {rate.n}  [dim]95 % interval {rate.low:.0%} to {rate.high:.0%}[/dim]",
        )
    table.add_row("latency p50 / p95", f"{report.latency_p50:.0f} / {report.latency_p95:.0f} ms")
    table.add_row("cost", dollars(report.cost))
    out.print(table)
    wrong = [one for one in asked if not one.correct]
    if wrong:
        out.print(f"\nwhere it went wrong ({len(wrong)}; the first five):")
    for one in wrong[:5]:
        line = " ".join(one.text.split())
        out.print(
            f"  {one.question.question}\n    wanted {one.question.answer or 'no answer'}, got: {line[:110]}",
            style="dim",
            markup=False,
        )
    right = next((one for one in asked if one.correct and one.question.answer), None)
    if right is not None:
        out.print(f"\nfor example: {right.question.question}", markup=False)
        out.print(f"  {right.text}", markup=False)
    if report.project:
        out.print(f"\nthe project is in {report.project}: cd there, then `hone traces list` or `hone up`", markup=False)
