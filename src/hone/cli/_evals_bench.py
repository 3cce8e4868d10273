"""`hone evals bench NAME`: a standard benchmark over models and variants, as a table with intervals."""

from pathlib import Path

import click
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from hone.cli._evals_files import Files, files_options
from hone.cli._evals_shown import say_broken
from hone.cli._near import benched
from hone.cli._say import dollars, out, print_json, shared_options, talk
from hone.evals.benchmarks import Leaderboard


@click.command("bench")
@click.argument("name")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The benchmark's file.")
@click.option("-m", "--model", "models", multiple=True, required=True, help="A model, provider/name or TASK[@VARIANT].")
@click.option(
    "--reference", type=click.Path(path_type=Path), help="Reference answers in a file of their own (MT-Bench)."
)
@click.option("--judge", help="The model that judges (MT-Bench); by default the project's usual one.")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many questions.")
@click.option("--concurrency", type=click.IntRange(1, 256), default=8, show_default=True)
@click.option("--fresh", is_flag=True, help="Ask again what was asked before.")
@files_options
@shared_options
def bench(
    name: str,
    data: Path,
    models: tuple[str, ...],
    reference: Path | None,
    judge: str | None,
    limit: int | None,
    concurrency: int,
    fresh: bool,
    files: Files,
    as_json: bool,
    folder: Path | None,
) -> None:
    """Run a standard benchmark: squad, gsm8k, nq-open, choice (MMLU, ARC), mt-bench.

    The file is the benchmark's own. Every model is asked every question; the table has each mean with its 95 %
    interval, and the ranks that the pairs leave open.

    \b
    hone evals bench gsm8k --data test.jsonl --model fast --model ours --limit 200
    """
    from hone.evals.benchmarks import Settings, benchmark, leaderboard
    from hone.local._benchmark import Wanted, run_benchmark

    known, settings = benchmark(name), Settings(reference=reference, judge=judge)
    examples = known.read(data, settings)
    with benched(folder) as rooms, Progress(*_COLUMNS, console=talk, transient=True) as bars:
        bar = bars.add_task("asking", total=None)
        wanted = Wanted(
            limit=limit, concurrency=concurrency, fresh=fresh, by="cli",
            progress=lambda at: bars.update(bar, completed=at.done, total=at.total),
        )  # fmt: skip
        run = run_benchmark(rooms, known, examples, models, settings, wanted)
        root = rooms.house.project.root
    made = leaderboard(run, known.metric, known.name)
    if as_json:
        print_json(made)
    else:
        _show(made, len(examples) if limit is None else min(limit, len(examples)))
    say_broken(run.broken)
    files.write(run, None, root)


def _show(made: Leaderboard, questions: int) -> None:
    talk.print(f"{made.benchmark}, {questions} questions, experiment {made.experiment}", style="dim", markup=False)
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("rank", "model", made.metric, "95 % interval", "n", "failed", "cost", "s / call"):
        table.add_column(column, justify="left" if column in ("model", "95 % interval") else "right")
    for each in made.standings:
        doubt = "" if each.low is None else f"{each.low:.4g} to {each.high:.4g}"
        table.add_row(
            each.rank, escape(each.name), "" if each.mean is None else f"{each.mean:.4g}", doubt, str(each.n),
            str(each.failed), dollars(each.cost), "" if each.seconds is None else f"{each.seconds:.2f}",
        )  # fmt: skip
    out.print(table)
    for found, p in zip(made.comparisons, made.adjusted, strict=True):
        note = "" if p is None else f" (p = {p:.3g} after Holm's correction)"
        talk.print(f"{found}{note}", markup=False, soft_wrap=True, style="dim")


_COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
