"""`hone datasets split`: other shares, near duplicates on one side, written into the file."""

from pathlib import Path

import click
from msgspec import Struct

from hone.cli._near import opened
from hone.cli._say import print_json, shared_options, talk
from hone.datasets import HELD_OUT, DatasetFile, draw_splits
from hone.local import record


class SplitReport(Struct, frozen=True, kw_only=True):
    """The splits as they are now, and how many examples changed theirs."""

    name: str
    train: int
    dev: int
    held_out: int
    moved: int


@click.command("split")
@click.argument("name")
@click.option("--held-out", type=click.FloatRange(0, 1), default=HELD_OUT, show_default=True, help="A share.")
@click.option("--train", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="A share; the rest is dev.")
@click.option("--near", type=click.FloatRange(0.1, 1), help="Keep near duplicates together: common runs of words.")
@click.option("--anew", is_flag=True, help="Draw those too whose split is written down.")
@shared_options
def split_(
    name: str, held_out: float, train: float, near: float | None, anew: bool, as_json: bool, folder: Path | None
) -> None:
    """Draw the splits of NAME, and write them down. A group is never split, with --near no near duplicates either.

    The draw is by hash: the same command gives the same splits. Splits that are written down stay without --anew.

    \b
    hone datasets split refunds --held-out 0.3 --near 0.8
    """
    with opened(folder) as house:
        file = DatasetFile(house.datasets, name)
        before = file.read()
        after = file.assign(
            lambda data: draw_splits(data, held_out=held_out, train=train, near=near, anew=anew), seen=before.sha256
        )
        record(house, file, by="cli")
    was = {each.id: each.split for each in before}
    report = SplitReport(
        name=name,
        train=len(after.split("train")),
        dev=len(after.split("dev")),
        held_out=len(after.split("held-out")),
        moved=sum(was[each.id] != each.split for each in after),
    )
    if as_json:
        print_json(report)
        return
    parts = f"{report.train:,} train, {report.dev:,} dev, {report.held_out:,} held out"
    talk.print(f"{name}: {parts}; {report.moved:,} of {len(after):,} changed sides", markup=False)
