"""`hone datasets export`: a dataset as a file of another kind."""

from pathlib import Path

import click

from hone.cli._near import opened
from hone.cli._say import print_json, shared_options, talk
from hone.datasets import FORMATS, export


@click.command("export")
@click.argument("name", metavar="NAME[@VERSION]")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "as_", type=click.Choice(FORMATS), required=True, help="hf is a folder for load_from_disk.")
@click.option("--split", type=click.Choice(["train", "dev", "held-out", "all"]), help="By default all; see below.")
@click.option("--system", help="System message of openai-finetune.")
@click.option("--only-expected", is_flag=True, help="Leave out examples without an expected answer.")
@shared_options
def export_(
    name: str,
    file: Path,
    as_: str,
    split: str | None,
    system: str | None,
    only_expected: bool,
    as_json: bool,
    folder: Path | None,
) -> None:
    """Write NAME to FILE. What is there already is replaced.

    openai-finetune takes the split `train`, or `dev` where there is none: what is judged on is not learned from.
    The tables (csv, parquet, hf) and jsonl give the same examples when they are imported again.

    \b
    hone datasets export refunds train.jsonl --as openai-finetune --system "Be brief."
    """
    with opened(folder) as house:
        data = house.dataset(name)
    done = export(data, as_, file, split=split, system=system, only_expected=only_expected)  # type: ignore[arg-type]
    if as_json:
        print_json(done)
        return
    part = f" of {done.split}" if done.split else ""
    left = f"; {done.skipped:,} without an expected answer left out" if done.skipped else ""
    talk.print(f"{done.path}: {done.examples:,} examples{part} as {as_}{left}", markup=False, soft_wrap=True)
