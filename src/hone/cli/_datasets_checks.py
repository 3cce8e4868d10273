"""`hone datasets duplicates|leaks`: what stands in a dataset twice, and what of the held-out part is known before."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from msgspec.structs import replace

from hone.cli._near import opened
from hone.cli._say import out, print_json, shared_options, short, talk
from hone.datasets import (
    NEAR,
    NGRAM,
    SIMILARITY,
    Embed,
    Example,
    find_duplicates,
    find_leaks,
    names,
    open_source,
    read_source,
)
from hone.errors import CallError
from hone.local import House, usual_embedder

_SHARE = click.FloatRange(0.1, 1)


@click.command("duplicates")
@click.argument("name", metavar="NAME[@VERSION]")
@click.option("--near", type=_SHARE, default=NEAR, show_default=True, help="Share of common runs of three words.")
@click.option("--meaning", is_flag=True, help="Compare embeddings too.")
@click.option("--similarity", type=_SHARE, default=SIMILARITY, show_default=True, help="Cosine, with --meaning.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Groups shown.")
@shared_options
def duplicates(
    name: str, near: float, meaning: bool, similarity: float, limit: int, as_json: bool, folder: Path | None
) -> None:
    """Examples of NAME whose inputs say the same.

    Compared are equal texts (case and white space apart), nearly equal ones by MinHash, and with --meaning those whose
    embeddings are near.
    """
    with opened(folder) as house:
        examples = house.dataset(name).examples
    found = find_duplicates(name, examples, near=near, embed=_embed(meaning), similarity=similarity)
    if as_json:
        print_json(found)
    else:
        for each in found.groups[:limit]:
            across = f" ACROSS {' and '.join(each.splits)}" if len(each.splits) > 1 else ""
            answers = f", {each.expected} different answers" if each.expected > 1 else ""
            head = f"{len(each.ids)}x {each.by} {each.similarity:.2f}{across}{answers}: {short(each.text)}"
            out.print(head, markup=False, soft_wrap=True)
            out.print(f"   {' '.join(each.ids[:8])}{' ...' if len(each.ids) > 8 else ''}", markup=False, style="dim")
        talk.print(
            f"{found.extra:,} of {found.examples:,} examples repeat another one, in {len(found.groups):,} groups",
            markup=False,
        )
        if any(len(each.splits) > 1 for each in found.groups):
            talk.print(f"to keep them on one side: hone datasets split {name.partition('@')[0]} --near {near:g}")


@click.command("leaks")
@click.argument("name", metavar="NAME[@VERSION]")
@click.option("--against", metavar="NAME|FILE", help="What was learned from; by default the dev and train splits.")
@click.option("--split", type=click.Choice(["held-out", "dev", "train", "all"]), default=None, help="What is tested.")
@click.option("--near", type=_SHARE, default=NEAR, show_default=True, help="Share of common runs of three words.")
@click.option("--ngram", type=click.IntRange(4, 50), default=NGRAM, show_default=True, help="Words of a common run.")
@click.option("--meaning", is_flag=True, help="Compare embeddings too.")
@click.option("--similarity", type=_SHARE, default=SIMILARITY, show_default=True, help="Cosine, with --meaning.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Leaks shown.")
@shared_options
def leaks(
    name: str,
    against: str | None,
    split: str | None,
    near: float,
    ngram: int,
    meaning: bool,
    similarity: float,
    limit: int,
    as_json: bool,
    folder: Path | None,
) -> None:
    """Is what is held out known from elsewhere? Exit status 1 when something is.

    Compared are groups, equal and nearly equal inputs, common runs of 13 words in inputs and answers, and with
    --meaning embeddings. --against names another dataset, or a file such as the one that a model was tuned on.

    \b
    hone datasets leaks refunds --against finetune.jsonl
    """
    with opened(folder) as house:
        examples = house.dataset(name).examples
        test = [each for each in examples if (split or "held-out") in ("all", each.split)]
        if against is None:
            train: Sequence[Example] = [each for each in examples if each.split in ("dev", "train")]
            if split not in (None, "held-out"):
                raise CallError("--split is what is tested against another dataset", hint="--against NAME or FILE")
        else:
            train = _other(house, against)
    found = find_leaks(
        name, test, train, against=against or "dev and train", near=near, ngram=ngram, embed=_embed(meaning),
        similarity=similarity,
    )  # fmt: skip
    if as_json:
        print_json(found)
    else:
        for each in found.leaks[:limit]:
            line = f"{each.kind:<7} {each.similarity:.2f}  {each.test[:16]} <- {each.train[:16]}  {short(each.text)}"
            out.print(line, markup=False, soft_wrap=True)
        kinds = ", ".join(f"{count:,} by {kind}" for kind, count in found.kinds.items())
        talk.print(
            f"{found.contaminated:,} of {found.test:,} are known from {found.against} ({found.train:,} examples)"
            + (f": {kinds}" if kinds else f"; compared: {', '.join(found.compared)}"),
            markup=False,
            soft_wrap=True,
        )
    if found.leaks:
        sys.exit(1)


def _other(house: House, against: str) -> Sequence[Example]:
    """Another dataset by name, or a file of any kind that can be imported."""
    if against.partition("@")[0] in names(house.datasets):
        return house.dataset(against).examples
    if not Path(against).exists():
        raise CallError(
            f"{against!r} is neither a dataset nor a file",
            hint=f"there are: {', '.join(names(house.datasets)) or 'none'}",
        )
    from hone.evals.interop import promptfoo_tests

    given = read_source(open_source(Path(against)), promptfoo=promptfoo_tests).examples
    return [each if each.id else _numbered(each, number) for number, each in enumerate(given, 1)]


def _numbered(example: Example, number: int) -> Example:
    return replace(example, id=f"#{number}")


def _embed(meaning: bool) -> Embed | None:
    return usual_embedder().embed if meaning else None
