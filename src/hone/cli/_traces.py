"""`hone traces list|show`: what happened."""

import sys
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from hone.cli._near import reading
from hone.cli._say import dollars, out, print_json, shared_options, talk
from hone.core import Score, now_ns, text_in, utc
from hone.traces import SpanNode, TraceDetail, TraceFilter, TraceRow


@click.group("traces")
def command() -> None:
    """Traces of calls, newest first."""


@command.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--task", help="Only of this task.")
@click.option("--variant", help="Only of this variant.")
@click.option("--session", help="Only of this session.")
@click.option("--user", help="Only of this user.")
@click.option("--status", type=click.Choice(["ok", "error", "cancelled"]), help="Only those that ended so.")
@click.option("--model", help="Only those that asked this model.")
@click.option("--error", metavar="CLASS", help="Only those with this error on the way, such as UpstreamTimeout.")
@click.option("--tag", help="Only those with this tag.")
@click.option("--without-tag", help="Only those without this tag, such as eval.")
@click.option("--score", metavar="NAME:VALUE", help="Only those with this score, such as helpful:false.")
@click.option("--words", help="Only those whose input, output or error holds these words.")
@click.option("--cursor", help="`next` of the page before.")
@shared_options
def list_(as_json: bool, folder: Path | None, **filters: str | int | None) -> None:
    """The latest traces. Exit status 1 when there are none."""
    with reading(folder) as traces:
        page = traces.latest(TraceFilter.of({name: value for name, value in filters.items() if value is not None}))
    if as_json:
        print_json(page)
    elif page.items:
        out.print(_table(page.items))
    else:
        talk.print(
            "nothing matches" if any(v for k, v in filters.items() if k != "limit") else "nothing yet: hone run TASK"
        )
    if not page.items:
        sys.exit(1)


def _table(rows: list[TraceRow]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 1, 0, 0))
    for name, side in (("when", "left"), ("trace", "left"), ("name", "left"), ("status", "left"), ("latency", "right"),
                       ("tokens", "right"), ("cost", "right"), ("scores", "left")):  # fmt: skip
        table.add_column(
            name,
            justify="right" if side == "right" else "left",
            no_wrap=True,
        )
    for row in rows:
        table.add_row(
            _when(row.start),
            row.trace_id[:_SHOWN],
            escape(row.name + (f"@{row.variant}" if row.variant else "")),
            f"[{_COLOUR[row.status]}]{row.status}[/]",
            _ms(row.duration),
            "" if row.tokens is None else f"{row.tokens:,}",
            dollars(row.cost),
            escape(_cut(_scores(row.scores), max(_LEAST, out.width - _OTHERS))),
        )
    return table


@command.command("show")
@click.argument("trace_id")
@shared_options
def show(trace_id: str, as_json: bool, folder: Path | None) -> None:
    """One trace as a tree of its spans. TRACE_ID may be cut short, as long as it is clear which is meant."""
    with reading(folder) as traces:
        detail = traces.show(trace_id)
    if as_json:
        print_json(detail)
    else:
        out.print(_tree(detail))
        for score in detail.scores:
            out.print(
                f"  {score.name} = {score.value} by {score.by}" + (f": {score.comment}" if score.comment else ""),
                markup=False,
            )


def _tree(detail: TraceDetail) -> Tree:
    tree = Tree(f"trace {detail.trace_id}", guide_style="dim")
    for node in detail.roots:
        _grow(tree, node)
    return tree


def _grow(tree: Tree, node: SpanNode) -> None:
    span = node.span
    line = f"[bold]{escape(span.name)}[/bold] [dim]{span.kind}[/dim] {_ms(span.duration)}"
    if span.variant and span.kind == "task":
        line += f" [dim]@{escape(span.variant)}[/dim]"
    if span.input_tokens is not None:
        line += f" [dim]{span.input_tokens}+{span.output_tokens or 0} tokens[/dim]"
    if span.cost is not None:
        line += f" [dim]{dollars(span.cost)}[/dim]"
    if span.error:
        line += f"\n[red]{escape(span.error)}[/red]"
    branch = tree.add(line)
    for name, text in (("in", span.input), ("out", span.output)):
        if text:
            branch.add(f"[dim]{name}[/dim] {escape(_short(text_in(text)))}")
    for child in node.children:
        _grow(branch, child)


_OTHERS, _LEAST = 68, 12  # characters that the other columns take, and that scores get at least
_SHOWN = 10  # characters of an id: enough to be clear among the latest, and `show` takes them
_COLOUR = {"ok": "green", "error": "red", "cancelled": "yellow"}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _scores(found: list[Score]) -> str:
    """What people said first: a line has no room for all that evaluators found."""
    ordered = sorted(found, key=lambda score: (score.by == "code", not isinstance(score.value, bool)))
    return ", ".join(f"{score.name}={_value(score.value)}" for score in ordered)


def _value(value: bool | float | str) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)


def _when(ns: int) -> str:
    """UTC; without the date where it is today's."""
    when = utc(ns)
    return f"{when:%H:%M:%S}" if when.date() == utc(now_ns()).date() else f"{when:%m-%d %H:%M}"


def _ms(ns: int) -> str:
    return f"{ns / 1e6:,.1f} ms" if ns < 10_000_000_000 else f"{ns / 1e9:,.1f} s"


def _short(text: str) -> str:
    return _cut(" ".join(text.split()), 160)
