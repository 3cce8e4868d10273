"""What an experiment found, on the terminal: numbers with their doubt, slices, and what went wrong."""

from collections.abc import Iterable

import click
import msgspec
from msgspec import Struct
from rich.markup import escape
from rich.table import Table

from hone.cli._say import out, print_json, talk
from hone.core import text_in, to_json
from hone.errors import CallError
from hone.evals import Broken, Comparison, Figure, Overall, Run, Summary, cards_in
from hone.local import Plane, cards_of
from hone.store import Experiment, Result

_WORST = 5


class Report(Struct, frozen=True, kw_only=True):
    """An experiment in numbers. `failed` are calls that failed; `comparison` is there when one was asked for."""

    experiment: Experiment
    summaries: list[Summary]
    calls: int
    failed: list[Result]
    comparison: Comparison | None = None
    broken: list[Broken] = []  # evaluators that failed: each counts as the worst
    missing: int = 0  # answers that were not asked for
    cost: float | None = None  # dollars that it paid; None where a price is unknown
    figures: dict[str, list[Figure]] = {}  # numbers of a variant as a whole
    overall: list[Overall] = []  # what the few that were asked say of all
    cards: list[str] = []  # what is known of each judge


def report_of(found: Run, comparison: Comparison | None, house: Plane, overall: list[Overall] | None = None) -> Report:
    return Report(
        experiment=found.experiment,
        summaries=found.summaries(),
        calls=len(found.results),
        failed=found.errors,
        comparison=comparison,
        broken=found.broken,
        missing=found.missing,
        cost=found.cost,
        figures=found.figures,
        overall=overall or [],
        cards=cards_in(found.experiment.metrics, cards_of(house).sentence),
    )


def show(report: Report, as_json: bool, *, one_line: bool = False) -> None:
    if one_line:
        click.echo(to_json({"report": msgspec.to_builtins(report)}))
        return
    if as_json:
        print_json(report)
        return
    at = report.experiment
    part = f", {at.split}" if at.split else ""
    talk.print(f"experiment {at.id}: {at.dataset}{part}, {at.examples} examples", style="dim", markup=False)
    out.print(_table(report))
    if report.missing:
        _say_missing(report)
    if report.failed:
        line = f"{len(report.failed)} of {report.calls} calls failed, the first with: {report.failed[0].error}"
        talk.print(line, markup=False, style="red", soft_wrap=True)
    say_broken(report.broken)
    for each in report.overall:
        runs = "one earlier run" if each.runs == 1 else f"{each.runs} earlier runs"
        doubt = "" if each.low is None or each.high is None else f" ({each.low:.4g} to {each.high:.4g})"
        line = f"{at.task}@{each.variant} over all {each.examples:,} examples, by {runs}: {each.metric} {each.mean:.4g}"
        out.print(f"{line}{doubt}", markup=False, soft_wrap=True)
    for card in report.cards:
        talk.print(card, markup=False, style="dim", soft_wrap=True)
    if report.comparison is not None:
        out.print(str(report.comparison), markup=False, soft_wrap=True)


def say_broken(found: Iterable[Broken]) -> None:
    for each in found:
        talk.print(str(each), markup=False, style="red", soft_wrap=True)


def _table(report: Report) -> Table:
    at = report.experiment
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("variant", "metric", "mean", "95 % interval", "n"):
        table.add_column(column, justify="right" if column in ("mean", "n") else "left")
    for each in report.summaries:
        _row(table, f"{at.task}@{each.variant}", each.metric, each.mean, each.low, each.high, each.n)
    for variant, figures in report.figures.items():
        for figure in figures:
            _row(table, f"{at.task}@{variant}", figure.name, figure.value, figure.low, figure.high, figure.n)
    return table


def _row(table: Table, who: str, name: str, value: float | None, low: float | None, high: float | None, n: int) -> None:
    doubt = "" if low is None or high is None else f"{low:.4g} to {high:.4g}"
    table.add_row(escape(who), escape(name), "" if value is None else f"{value:.4g}", doubt, str(n or ""))


def _say_missing(report: Report) -> None:
    at = report.experiment
    why = f": {at.note}" if at.note else ""
    total = at.examples * len(at.variants) * at.repeats
    on = "" if at.state == "done" else "; run it again to go on"
    talk.print(f"{report.missing:,} of {total:,} answers are missing{why}{on}", markup=False, soft_wrap=True)


def show_worst(found: Run) -> None:
    """The first answers that were wrong: a number says that something is, a case says what."""
    from hone.evals.reports import wrong

    first = [(each, said) for each in found.results for said in wrong(found, each)][:_WORST]
    for each, said in first:
        answer = " ".join((each.error or each.output).split())[:160]
        out.print(f"\n{each.variant} {said.name}: {text_in(each.input)}", markup=False)
        out.print(f"  {answer}\n  {said.explanation or ''}", markup=False, style="dim")


def show_slices(found: Run, metric: str | None, as_json: bool) -> None:
    if len(found.variants) < 2:
        raise CallError("one variant alone cannot be compared", hint="run two of them in one experiment")
    first, second = found.variants[:2]
    slices = found.slices(first, second, metric)
    if as_json:
        print_json({"items": slices, "next": None})
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("tag", "n", f"{first} - {second}", "95 % interval", "p", "p of all"):
        table.add_column(escape(column), justify="right" if column in ("n", "p", "p of all") else "left")
    for each in slices:
        at = each.comparison
        doubt = "" if at.low is None or at.high is None else f"{at.low:+.4g} to {at.high:+.4g}"
        difference = "" if at.difference is None else f"{at.difference:+.4g}"
        ps = ["" if p is None else f"{p:.3g}" for p in (at.p, each.adjusted)]
        table.add_row(escape(each.tag), str(at.n), difference, doubt, *ps)
    out.print(table)
    if not slices:
        talk.print("no tag has cases enough")
