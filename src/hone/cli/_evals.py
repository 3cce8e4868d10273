"""`hone evals run|compare|report|list`: measuring variants over datasets."""

import sys
from pathlib import Path
from typing import Any

import click
from msgspec import Struct
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from hone.cli._evals_files import Files, files_options
from hone.cli._near import benched, opened
from hone.cli._say import out, print_json, shared_options, talk
from hone.core import text_in, utc
from hone.errors import CallError, NotFound
from hone.evals import Comparison, Run, Summary, evaluators, kept_pair, load
from hone.local import Bench, Options
from hone.store import Experiment, Result

_WORST = 5


class Report(Struct, frozen=True, kw_only=True):
    """An experiment in numbers. `failed` are calls that failed; `comparison` is there when one was asked for."""

    experiment: Experiment
    summaries: list[Summary]
    calls: int
    failed: list[Result]
    comparison: Comparison | None = None


@click.group("evals")
def command() -> None:
    """Experiments: variants x examples x evaluators, each number with its interval."""


@command.command("run")
@click.argument("targets", nargs=-1, required=True, metavar="TASK[@VARIANT]...")
@click.option("--data", required=True, help="The name of a dataset.")
@click.option("--split", type=click.Choice(["dev", "held-out"]), help="Only this split; by default all.")
@click.option("-e", "--evaluator", "asked", multiple=True, help="Such as exact, contains:whole, f1, rouge:2, latency.")
@click.option("--compare", "other", help="Compare the first TARGET with this one, such as answer@production.")
@click.option("--metric", help="Of the comparison; by default that of the task's gate, else the first.")
@click.option("--not-worse-by", type=click.FloatRange(0), help="The gate's margin; by default what hone.toml says.")
@click.option("--strict", is_flag=True, help="A gate that cannot tell counts as failed.")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many examples.")
@click.option("--concurrency", type=click.IntRange(1, 256), default=8, show_default=True)
@click.option("--fresh", is_flag=True, help="Ask again what was asked before.")
@click.option("--experiment", help="Go on with this one.")
@files_options
@shared_options
def run(
    targets: tuple[str, ...],
    data: str,
    asked: tuple[str, ...],
    other: str | None,
    metric: str | None,
    not_worse_by: float | None,
    strict: bool,
    as_json: bool,
    folder: Path | None,
    files: Files,
    **settings: Any,
) -> None:
    """Run variants over a dataset and judge every answer. Exit status 1 when the gate fails.

    What was run before with the same examples, configuration and evaluators is not run again; an interrupted run goes
    on. With --compare, or when the task has a gate, the first variant is compared with the other case by case.

    \b
    hone evals run answer@concise --data refunds --split held-out -e contains --compare answer@production
    """
    with benched(folder) as bench, Progress(*_COLUMNS, console=talk, transient=True) as bars:
        bar = bars.add_task("asking", total=None)
        options = Options(
            evaluators=asked, by="cli", progress=lambda done, total: bars.update(bar, completed=done, total=total),
            **settings,
        )  # fmt: skip
        found = bench.evaluate(targets, data, options)
        other = other or _rival(bench, found, targets[0])
        first = bench.target(targets[0]).variant
        comparison = None
        if other is not None:
            comparison = bench.compare(
                found, first, other, data=data, options=options, metric=metric, not_worse_by=not_worse_by
            )
        root = bench.house.project.root
    _show(_report(found, comparison), as_json)
    files.write(found, comparison, root)
    _gate(comparison, strict)


@command.command("compare")
@click.argument("a", metavar="TASK@A")
@click.argument("b", metavar="TASK@B")
@click.option("--data", help="Only over this dataset.")
@click.option("--split", type=click.Choice(["dev", "held-out"]), help="Only over this split.")
@click.option("--metric", help="By default that of the task's gate, else the first.")
@click.option("--not-worse-by", type=click.FloatRange(0), help="The gate's margin; by default what hone.toml says.")
@click.option("--strict", is_flag=True, help="Exit status 1 when it cannot tell.")
@shared_options
def compare(
    a: str,
    b: str,
    data: str | None,
    split: str | None,
    metric: str | None,
    not_worse_by: float | None,
    strict: bool,
    as_json: bool,
    folder: Path | None,
) -> None:
    """Compare two variants by what is kept, without asking anything. Exit status 1 when A is worse."""
    with benched(folder) as bench:
        first, second = bench.target(a), bench.target(b)
        if first.task != second.task or first.variant == second.variant:
            raise CallError(f"{a} and {b} are not two variants of one task")
        store, project = bench.house.experiments, bench.house.project.name
        pair = kept_pair(
            store, project, first.task, first.variant, second.variant, metric=metric, dataset=data, split=split
        )
        if pair is None:
            raise NotFound(
                f"no finished experiments of {a} and {b} over the same examples",
                hint=f"hone evals run {a} {b} --data {data or 'NAME'}",
            )
        metric = metric or bench.gate_metric(pair[0]) or next(iter(pair[0].experiment.metrics))
        margin = bench.margin(first.task, metric) if not_worse_by is None else not_worse_by
        found = pair[0].compare(first.variant, second.variant, metric, not_worse_by=margin, other=pair[1])
    if as_json:
        print_json(found)
    else:
        out.print(str(found), markup=False, soft_wrap=True)
    _gate(found, strict)


@command.command("report")
@click.argument("experiment", required=False)
@files_options
@shared_options
def report(experiment: str | None, as_json: bool, folder: Path | None, files: Files) -> None:
    """The numbers of an experiment, and its failures; by default of the latest. Its id may be cut short."""
    with opened(folder) as house:
        known = house.experiments.latest(house.project.name, limit=1000)
        if not known:
            raise NotFound("no experiment yet", hint="hone evals run TASK --data NAME")
        meant = [each.id for each in known if each.id.startswith(experiment or known[0].id)]
        if len(meant) > 1:
            raise CallError(f"{len(meant)} experiments begin with {experiment!r}", hint="give more of the id")
        found = load(house.experiments, house.project.name, meant[0] if meant else str(experiment))
        root = house.project.root
    _show(_report(found, None), as_json)
    files.write(found, None, root)
    if not as_json:
        _print_worst(found)


@command.command("list")
@click.option("--task", help="Only of this task.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@shared_options
def list_(task: str | None, limit: int, as_json: bool, folder: Path | None) -> None:
    """Experiments, newest first. Exit status 1 when there are none."""
    with opened(folder) as house:
        found = house.experiments.latest(house.project.name, task=task, limit=limit)
    if as_json:
        print_json({"items": found, "next": None})
    elif found:
        table = Table(box=None, header_style="dim", pad_edge=False)
        for column in ("when", "experiment", "task", "variants", "dataset", "state"):
            table.add_column(column)
        for each in found:
            part = each.dataset + (f" {each.split}" if each.split else "")
            table.add_row(
                f"{utc(each.created):%m-%d %H:%M}", each.id, each.task, ", ".join(each.variants), part, each.state
            )
        out.print(table)
    if not found:
        talk.print("no experiment yet: hone evals run TASK --data NAME")
        sys.exit(1)


@command.command("evaluators")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluators_(as_json: bool) -> None:
    """The names that -e takes, those of installed packages among them."""
    if as_json:
        print_json({"items": evaluators.names(), "next": None})
    else:
        out.print("\n".join(evaluators.names()))


def _rival(bench: Bench, found: Run, asked: str) -> str | None:
    """What a task's gate compares with when nobody says: the variant that is released, if it is another one."""
    if bench.gate_metric(found) is None:
        return None
    released = f"{found.experiment.task}@{bench.house.project.environment}"
    return released if bench.target(released).sha256 != bench.target(asked).sha256 else None


def _report(found: Run, comparison: Comparison | None) -> Report:
    return Report(
        experiment=found.experiment,
        summaries=found.summaries(),
        calls=len(found.results),
        failed=found.errors,
        comparison=comparison,
    )


def _gate(comparison: Comparison | None, strict: bool) -> None:
    if comparison is not None and (comparison.verdict == "fail" or (strict and comparison.verdict == "cannot_tell")):
        sys.exit(1)


def _show(report: Report, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    at = report.experiment
    part = f", {at.split}" if at.split else ""
    talk.print(f"experiment {at.id}: {at.dataset}{part}, {at.examples} examples", style="dim", markup=False)
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("variant", "metric", "mean", "95 % interval", "n"):
        table.add_column(column, justify="right" if column in ("mean", "n") else "left")
    for each in report.summaries:
        doubt = "" if each.low is None else f"{each.low:.4g} to {each.high:.4g}"
        value = "" if each.mean is None else f"{each.mean:.4g}"
        table.add_row(escape(f"{at.task}@{each.variant}"), escape(each.metric), value, doubt, str(each.n))
    out.print(table)
    if report.failed:
        line = f"{len(report.failed)} of {report.calls} calls failed, the first with: {report.failed[0].error}"
        talk.print(line, markup=False, style="red", soft_wrap=True)
    if report.comparison is not None:
        out.print(str(report.comparison), markup=False, soft_wrap=True)


def _print_worst(found: Run) -> None:
    """The first answers that were wrong: a number says that something is, a case says what."""
    wrong = [
        (each, said) for each in found.results for said in each.judgements if said.value is False
    ]  # fmt: skip
    for each, said in wrong[:_WORST]:
        answer = " ".join((each.error or each.output).split())[:160]
        out.print(f"\n{each.variant} {said.name}: {text_in(each.input)}", markup=False)
        out.print(f"  {answer}\n  {said.explanation or ''}", markup=False, style="dim")


_COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
