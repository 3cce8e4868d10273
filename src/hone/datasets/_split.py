"""Splits that are written down: other shares, and near duplicates on one side."""

from collections import defaultdict
from collections.abc import Sequence

from hone.datasets._duplicates import clusters, text_of
from hone.datasets._example import HELD_OUT, Dataset, Split, drawn
from hone.datasets._minhash import near_pairs
from hone.datasets._shingles import evened
from hone.errors import CallError, DatasetError


def draw_splits(
    dataset: Dataset,
    *,
    held_out: float = HELD_OUT,
    train: float = 0.0,
    near: float | None = None,
    anew: bool = False,
) -> list[Split]:
    """The split of every example, in their order: for `DatasetFile.assign`.

    A group is drawn as one, by hash; with `near`, what is a duplicate or shares that much of its words (Jaccard, by
    MinHash) is drawn as one too. `held_out` and `train` are shares of the units that are drawn, the rest is dev. Splits
    that were given stay, and what hangs together with them follows; `anew` draws all.

    Raises:
        CallError: the shares are no shares.
        DatasetError: things that hang together were given two splits.
    """
    if not (0 <= held_out <= 1 and 0 <= train <= 1 and held_out + train <= 1):
        raise CallError(f"held out {held_out:g} and train {train:g} are no shares of one whole", hint="0.3 and 0.5")
    roots = _hanging_together(dataset, near)
    units: dict[int, str] = {}
    given: dict[int, dict[Split, str]] = defaultdict(dict)
    for root, each in zip(roots, dataset, strict=True):
        units[root] = min(units.get(root, each.unit), each.unit)
        if not anew and each.id not in dataset.drawn and each.split is not None:
            given[root].setdefault(each.split, each.id)
    for known in given.values():
        if len(known) > 1:
            (a, one), (b, other) = list(known.items())[:2]
            raise DatasetError(
                f"{one!r} is {a} and {other!r} is {b}, and they are near duplicates",
                hint="give both one split, or draw all of them anew: --anew",
            )
    written = {root: next(iter(known)) for root, known in given.items()}
    return [written.get(root) or drawn(units[root], held_out, train) for root in roots]


def _hanging_together(dataset: Dataset, near: float | None) -> list[int]:
    pairs: list[tuple[int, int]] = []
    units: dict[str, int] = {}
    keys: Sequence[list[str]] = [[each.unit] for each in dataset]
    if near is not None:
        texts = [text_of(each) for each in dataset]
        pairs += [(one, other) for one, other, _ in near_pairs(texts, near)]
        for key, text in zip(keys, texts, strict=True):
            key.append(f"text:{evened(text)}")
    for number, names in enumerate(keys):
        pairs += [(units.setdefault(name, number), number) for name in names]
    return clusters(len(dataset), pairs)
