"""`hone judges calibrate|list|show|labels`: how far a judge agrees with people."""

import sys
from pathlib import Path
from typing import Any

import click
from msgspec import Struct
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from hone.cli._near import benched, opened
from hone.cli._say import dollars, out, print_json, shared_options, talk
from hone.core import utc
from hone.errors import CallError
from hone.evals.judges import NAMES
from hone.evals.judges._calibrate import plain
from hone.evals.judges._card import Card, shown
from hone.evals.judges._labels import Columns
from hone.evals.judges._published import SOURCES, rows_of, written
from hone.evals.statistics._intervals import Estimate
from hone.local import House
from hone.local._calibrate import Calibration, calibrate
from hone.local._given import cards_of

_KINDS = ["boolean", "number", "category", "pairwise"]


class JudgeRow(Struct, frozen=True, kw_only=True):
    """A judge that can be asked, with what its newest card says; `card` is None where it was never calibrated."""

    name: str
    where: str
    card: str | None


@click.group("judges")
def command() -> None:
    """Judges: models that say how good an answer is, and how far each of them agrees with people."""


@command.command("calibrate")
@click.argument("name")
@click.option("--data", required=True, metavar="FILE|DATASET", help="Answers with labels: JSON Lines, JSON or CSV.")
@click.option("--label", "labels", multiple=True, help="The column of a person's label; several people, several times.")
@click.option("--output", default="output", show_default=True, help="The column of the answer.")
@click.option("--other", default="other", show_default=True, help="The column of a pair's second answer.")
@click.option("--verdict", default="verdict", show_default=True, help="The column of verdicts that are there already.")
@click.option("--swapped", default="swapped", show_default=True, help="The same, with the answers in the other order.")
@click.option("--kind", type=click.Choice(_KINDS), help="Of verdicts that are there already.")
@click.option("--value", help="The rubric or criterion, for a judge that needs one.")
@click.option("--model", help="Instead of the judge's own.")
@click.option("--votes", type=click.IntRange(1, 100), help="Ask each model so often.")
@click.option("--probe", type=click.IntRange(0), default=20, show_default=True, help="Questions for the empty answers.")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many answers.")
@click.option("--least", type=float, help="Exit status 1 unless the kappa's interval begins at least here.")
@shared_options
def calibrate_(
    name: str,
    data: str,
    labels: tuple[str, ...],
    output: str,
    other: str,
    verdict: str,
    swapped: str,
    kind: Any,
    value: str | None,
    model: str | None,
    votes: int | None,
    probe: int,
    limit: int | None,
    least: float | None,
    as_json: bool,
    folder: Path | None,
) -> None:
    """Hold the judge NAME against what people say, and keep its card. Rows with verdicts are not asked about again.

    \b
    hone judges calibrate helpful --data labels.jsonl
    hone judges calibrate fluency --data summeval.jsonl --model fast
    hone judges calibrate vendor --data pairs.csv --label anna --label ben --verdict said --kind pairwise
    """
    settings = {key: each for key, each in (("model", model), ("votes", votes)) if each is not None}
    columns = Columns(output=output, other=other, verdict=verdict, swapped=swapped)
    if labels:
        columns = Columns(output=output, other=other, verdict=verdict, swapped=swapped, labels=labels)
    with benched(folder) as bench, Progress(*_COLUMNS, console=talk, transient=True) as bars:
        bar = bars.add_task("judging", total=None)
        how = Calibration(
            columns=columns, kind=kind, value=value, settings=settings, probe=probe, limit=limit,
            progress=lambda done, total: bars.update(bar, completed=done, total=total),
        )  # fmt: skip
        card = calibrate(bench, name, data, how)
    if as_json:
        print_json(plain(card))
    else:
        _show(card)
    if least is not None and (card.kappa is None or card.kappa.low is None or card.kappa.low < least):
        sys.exit(1)


@command.command("list")
@shared_options
def list_(as_json: bool, folder: Path | None) -> None:
    """The judges of the project and those that come with hone, and what is known of each."""
    with opened(folder) as house:
        rows = _rows(house)
    if as_json:
        print_json({"items": rows, "next": None})
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("judge", "from", "card"):
        table.add_column(column)
    for row in rows:
        table.add_row(row.name, row.where, row.card or "not calibrated")
    out.print(table)


@command.command("show")
@click.argument("name")
@shared_options
def show(name: str, as_json: bool, folder: Path | None) -> None:
    """The cards of the judge NAME, newest first; or the one card of that id. Exit status 1 when there is none."""
    with opened(folder) as house:
        cards = cards_of(house).named(name)
    if as_json:
        print_json({"items": [plain(each) for each in cards], "next": None})
        return
    for card in cards:
        _show(card)


@command.command("labels")
@click.argument("kind")
@click.argument("folder_", metavar="FOLDER", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--part", help="A dimension, subset or judge of the published data.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def labels_(kind: str, folder_: Path, file: Path, part: str | None, as_json: bool) -> None:
    """Write published labels in FOLDER to FILE, as JSON Lines that calibrate reads.

    KIND is summeval, pandalm, llmbar or mtbench.

    \b
    hone judges labels summeval data/summeval fluency.jsonl --part fluency
    hone judges labels llmbar data/llmbar gpt4.jsonl --part "Natural|GPT-4|Vanilla"
    """
    if file.suffix != ".jsonl":
        raise CallError(f"{file} is written as JSON Lines", hint="end its name in .jsonl")
    rows = rows_of(kind, folder_, part)
    file.write_bytes(written(rows))
    if as_json:
        print_json({"file": str(file), "rows": len(rows), "judge": SOURCES[kind].judge})
    else:
        talk.print(f"{file}: {len(rows):,} labelled answers, for {SOURCES[kind].judge}", markup=False)


def _rows(house: House) -> list[JudgeRow]:
    newest: dict[str, Card] = {}
    for card in cards_of(house).all():
        newest.setdefault(card.judge, card)
    own = dict.fromkeys(house.project.judges, "hone.toml")
    builtin = {name: "hone" for name in NAMES if name != "max-score"}  # which asks no model of its own
    others = {name: "its verdicts" for name in newest if name not in own and name not in builtin}
    rows = {**builtin, **own}
    return [
        JudgeRow(name=name, where=where, card=newest[name].sentence if name in newest else None)
        for name, where in sorted({**rows, **others}.items(), key=lambda each: (each[1] != "hone.toml", each))
    ]


def _show(card: Card) -> None:
    out.print(card.sentence, markup=False, soft_wrap=True)
    talk.print(f"card {card.id}, {utc(card.created):%Y-%m-%d %H:%M}, {card.data}", style="dim", markup=False)
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("", "95 % interval", "n", "method"):
        table.add_column(column, justify="right" if column == "n" else "left")
    for name, found in _figures(card):
        table.add_row(name, shown(found), str(found.n), found.method)
    out.print(table)
    missing = [
        f"{count:,} {what}"
        for count, what in (
            (card.unlabelled, "without a label"), (card.undecided, "on which people are divided"),
            (card.unjudged, "without a verdict"),
        )
        if count
    ]  # fmt: skip
    cost = f"{card.calls:,} calls, {dollars(card.cost)}" if card.calls else "no call"
    talk.print("; ".join([*missing, cost]), style="dim", markup=False)


def _figures(card: Card) -> list[tuple[str, Estimate]]:
    first, second = card.orders or (None, None)
    named: list[tuple[str, Estimate | None]] = [
        ("accuracy", card.accuracy),
        ("kappa", card.kappa),
        ("alpha", card.alpha),
        ("correlation", card.correlation),
        ("people among themselves", card.people),
        ("order decides", card.flips),
        ("of those, for the first", card.toward_first),
        ("accuracy, as given", first),
        ("accuracy, turned round", second),
        ("twice as long gains", card.length),
        *((f"constant answer {number}", each.score) for number, each in enumerate(card.constants, 1)),
        ("judge's mean", card.judge_mean),
        ("people's mean", card.people_mean),
        ("without a label, judge's mean", card.rest_mean),
        *((f"without a label, {name}", found) for name, found in card.corrected.items()),
    ]
    return [(name, found) for name, found in named if found is not None]


_COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
