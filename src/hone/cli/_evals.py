"""`hone evals run|compare|report|list`: measuring variants over datasets."""

import sys
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace
from rich.table import Table

from hone.cli._evals_files import Files, files_options
from hone.cli._evals_run import changes, evaluators_of, parameters_of, progress, result_line, telling
from hone.cli._evals_shown import report_of, show, show_slices, show_worst
from hone.cli._near import benched, light
from hone.cli._say import complain, out, print_json, shared_options, talk
from hone.core import utc
from hone.errors import CallError, HoneError, NotFound
from hone.evals import AUTO, Run, Verdict, evaluators, kept_pair, load
from hone.local import Bench, Options, Plane, contest


@click.group("evals")
def command() -> None:
    """Experiments: variants x examples x evaluators, each number with its interval."""


@command.command("run")
@click.argument("targets", nargs=-1, required=True, metavar="TASK[@VARIANT]...")
@click.option("--data", required=True, help="The name of a dataset.")
@click.option("--split", type=click.Choice(["train", "dev", "held-out"]), help="Only this split; by default all.")
@click.option(
    "-e",
    "--evaluator",
    "asked",
    multiple=True,
    callback=evaluators_of,
    help='Such as exact, contains:whole, f1, rouge:2, or as JSON {"type": "rouge", "threshold": 0.5}.',
)
@click.option("--model", "models", multiple=True, metavar="NAME", help="In place of the variants' models; several.")
@click.option(
    "--param",
    "parameters",
    multiple=True,
    callback=parameters_of,
    metavar="NAME=V,V...",
    help="Such as temperature=0,1: every value of each.",
)
@click.option("--repeats", type=click.IntRange(1, 1000), default=1, show_default=True, help="Answers to each example.")
@click.option("--compare", "other", help="Compare the first TARGET with this one, such as answer@production.")
@click.option("--metric", help="Of the comparison; by default that of the task's gate, else the first.")
@click.option("--not-worse-by", type=click.FloatRange(0), help="The gate's margin; by default what hone.toml says.")
@click.option("--strict", is_flag=True, help="A gate that cannot tell counts as failed.")
@click.option("--stop-early", is_flag=True, help="End as soon as the comparison is settled.")
@click.option("--max-cost", type=click.FloatRange(0, min_open=True), metavar="USD", help="End before more is spent.")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many examples.")
@click.option("--anchors", type=click.IntRange(2), help="Only so many that stand for all, by how earlier runs went.")
@click.option("--concurrency", type=click.IntRange(1, 256), default=8, show_default=True)
@click.option("--retries", type=click.IntRange(0, 20), default=3, show_default=True, help="Of a failure that may pass.")
@click.option("--fresh", is_flag=True, help="Ask again what was asked before.")
@click.option("--experiment", help="Go on with this one.")
@click.option("--watch", is_flag=True, help="Run again when hone.toml, a prompt or the dataset changes.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.option("--json-lines", "lines", is_flag=True, help="Each result as a line of JSON, then the report as one.")
@files_options
@shared_options
def run(
    targets: tuple[str, ...],
    data: str,
    asked: tuple[Any, ...],
    other: str | None,
    strict: bool,
    watch: bool,
    quiet: bool,
    lines: bool,
    as_json: bool,
    folder: Path | None,
    files: Files,
    **settings: Any,
) -> None:
    """Run variants over a dataset and judge every answer. Exit status 1 when the gate fails.

    What was asked before, of the same variant and in the same words, is not asked again; an interrupted run goes on.
    With --compare, or when the task has a gate, the first variant is compared with the other case by case. Where every
    call of a variant failed, or an evaluator failed on every answer, the exit status is 1 as well.

    \b
    hone evals run answer@concise --data refunds --split held-out -e contains --compare answer@production
    hone evals run answer --data refunds --model fast --model ours --param temperature=0,1 --repeats 3
    """
    options = Options(evaluators=asked, by="cli", on_result=result_line if lines else None, **settings)
    with benched(folder) as bench:
        if not watch:
            found, verdict = _run(
                bench, targets, data, options, other, files, quiet=quiet, lines=lines, as_json=as_json
            )
            _gate(verdict, strict)
            if found.silent or any(each.failed == each.judged for each in found.broken):
                sys.exit(1)
            return
        for _ in changes(bench, data):
            try:
                bench.house.reload()
                _run(bench, targets, data, options, other, files, quiet=quiet, lines=lines, as_json=as_json)
            except HoneError as problem:
                complain(problem)  # the next change may mend it


def _run(
    bench: Bench,
    targets: tuple[str, ...],
    data: str,
    options: Options,
    other: str | None,
    files: Files,
    *,
    quiet: bool,
    lines: bool,
    as_json: bool,
) -> tuple[Run, Verdict | None]:
    """The run, and the verdict of what was to be compared; a comparison that could not be made cannot tell."""
    cases = bench.dataset(data)
    # Both are asked about each case before the next one, so that a slow hour falls on both.
    between = contest(bench, targets, cases, options, other)
    targets, other = between.targets, between.other
    if not quiet and (sight := bench.sight(targets, cases, options, other)):
        talk.print(sight, style="dim", markup=False)
    if not quiet and AUTO in options.evaluators:
        talk.print(str(bench.choice(bench.target(targets[0]).task, cases)), style="dim", markup=False)
    with progress(quiet) as shown, telling(shown) as bar:
        found = bench.evaluate(targets, cases, replace(options, watch=bar))
        comparison = None
        if other is not None and not found.experiment.note:
            comparison = bench.compare(
                found, found.variants[0], other, data=cases, options=replace(options, watch=bar),
                metric=options.metric, not_worse_by=options.not_worse_by,
            )  # fmt: skip
        elif found.ended_early:
            comparison = bench.settled(found, options)
    whole = [] if options.anchors is None else bench.overall(found, cases, options)
    show(report_of(found, comparison, bench.house, whole), as_json, one_line=lines)
    files.write(found, comparison, bench.house.project.root)
    if comparison is None and other is not None:
        talk.print(f"{targets[0]} was not compared with {other}: answers are missing", markup=False, soft_wrap=True)
        return found, "cannot_tell"
    return found, comparison.verdict if comparison is not None else None


@command.command("rescore")
@click.argument("experiment")
@click.option(
    "-e",
    "--evaluator",
    "asked",
    multiple=True,
    required=True,
    callback=evaluators_of,
    help="As for `hone evals run`.",
)
@click.option("--data", help="Other examples in the place of its own as they were.")
@click.option("--concurrency", type=click.IntRange(1, 256), default=8, show_default=True)
@click.option("--quiet", is_flag=True, help="No progress.")
@shared_options
def rescore(
    experiment: str,
    asked: tuple[Any, ...],
    data: str | None,
    concurrency: int,
    quiet: bool,
    as_json: bool,
    folder: Path | None,
) -> None:
    """Judge the answers of an experiment again, by other evaluators. No variant is asked; its id may be cut short.

    Its examples are those that it had. With --data NAME they are those of the dataset as it is now.
    """
    with benched(folder) as bench, progress(quiet) as bar:
        whole = _id(bench.house, experiment)
        options = Options(evaluators=asked, by="cli", concurrency=concurrency, watch=bar)
        found = bench.rescore(whole, options, data=data)
    show(report_of(found, None, bench.house), as_json)


@command.command("compare")
@click.argument("a", metavar="TASK@A")
@click.argument("b", metavar="TASK@B")
@click.option("--data", help="Only over this dataset.")
@click.option("--split", type=click.Choice(["train", "dev", "held-out"]), help="Only over this split.")
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
    _gate(found.verdict, strict)


@command.command("report")
@click.argument("experiment", required=False)
@click.option("--slices", is_flag=True, help="The first two variants compared within each tag, corrected for how many.")
@click.option("--metric", help="Of the slices; by default the first.")
@files_options
@shared_options
def report(
    experiment: str | None, slices: bool, metric: str | None, files: Files, as_json: bool, folder: Path | None
) -> None:
    """The numbers of an experiment, and its failures; by default of the latest. Its id may be cut short."""
    with light(folder) as house:
        found = load(house.experiments, house.project.name, _id(house, experiment))
        files.write(found, None, house.project.root)
    if slices:
        show_slices(found, metric, as_json)
        return
    show(report_of(found, None, house), as_json)
    if not as_json:
        show_worst(found)


def _id(house: Plane, experiment: str | None) -> str:
    """The one experiment that begins so; without a beginning, the latest."""
    known = house.experiments.latest(house.project.name, limit=1000)
    if not known:
        raise NotFound("no experiment yet", hint="hone evals run TASK --data NAME")
    meant = [each.id for each in known if each.id.startswith(experiment or known[0].id)]
    if len(meant) > 1:
        raise CallError(f"{len(meant)} experiments begin with {experiment!r}", hint="give more of the id")
    return meant[0] if meant else str(experiment)


@command.command("list")
@click.option("--task", help="Only of this task.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@shared_options
def list_(task: str | None, limit: int, as_json: bool, folder: Path | None) -> None:
    """Experiments, newest first. Exit status 1 when there are none."""
    with light(folder) as house:
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


def _gate(verdict: Verdict | None, strict: bool) -> None:
    if verdict == "fail" or (strict and verdict == "cannot_tell"):
        sys.exit(1)
