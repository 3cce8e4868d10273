"""Collecting: datasets as files of examples, their versions, and examples from live traffic."""

from typing import TYPE_CHECKING

from hone.core import lazily
from hone.datasets._diff import DatasetDiff, ExampleChange, FieldChange, diff_datasets
from hone.datasets._example import HELD_OUT, Dataset, Example, Origin, Split, dataset_of, digest_of
from hone.datasets._file import DatasetFile, Grown, names
from hone.datasets._repeats import Clash, told_apart
from hone.datasets._replace import replace_file
from hone.datasets._traffic import CORRECTION, Wanted, examples_from, pick_spans
from hone.datasets._versions import Versions

if TYPE_CHECKING:
    from hone.datasets._card import CARD_SUFFIX, Counted, card_of, histogram
    from hone.datasets._duplicates import NEAR, Duplicates, find_duplicates
    from hone.datasets._leaks import NGRAM, Leak, Leaks, find_leaks
    from hone.datasets._meaning import SIMILARITY, Embed
    from hone.datasets._split import draw_splits
    from hone.datasets._statistics import Bin, Groups, Lengths, Statistics, statistics_of
    from hone.datasets.exports import FORMATS, Exported, Format, export
    from hone.datasets.imports import (
        KINDS,
        Column,
        Imported,
        Mapped,
        Source,
        Tests,
        open_source,
        read_source,
    )

__getattr__ = lazily(
    __name__,
    {
        "CARD_SUFFIX": "_card",
        "FORMATS": "exports",
        "KINDS": "imports",
        "NEAR": "_duplicates",
        "NGRAM": "_leaks",
        "SIMILARITY": "_meaning",
        "Bin": "_statistics",
        "Column": "imports",
        "Counted": "_card",
        "Duplicates": "_duplicates",
        "Embed": "_meaning",
        "Exported": "exports",
        "Format": "exports",
        "Groups": "_statistics",
        "Imported": "imports",
        "Leak": "_leaks",
        "Leaks": "_leaks",
        "Lengths": "_statistics",
        "Mapped": "imports",
        "Source": "imports",
        "Tests": "imports",
        "Statistics": "_statistics",
        "card_of": "_card",
        "draw_splits": "_split",
        "export": "exports",
        "find_duplicates": "_duplicates",
        "find_leaks": "_leaks",
        "histogram": "_card",
        "open_source": "imports",
        "read_source": "imports",
        "statistics_of": "_statistics",
    },
)

__all__ = [
    "CARD_SUFFIX",
    "CORRECTION",
    "FORMATS",
    "HELD_OUT",
    "KINDS",
    "NEAR",
    "NGRAM",
    "SIMILARITY",
    "Bin",
    "Clash",
    "Column",
    "Counted",
    "Dataset",
    "DatasetDiff",
    "DatasetFile",
    "Duplicates",
    "Embed",
    "Example",
    "ExampleChange",
    "Exported",
    "FieldChange",
    "Format",
    "Groups",
    "Grown",
    "Imported",
    "Leak",
    "Leaks",
    "Lengths",
    "Mapped",
    "Origin",
    "Source",
    "Split",
    "Statistics",
    "Tests",
    "Versions",
    "Wanted",
    "card_of",
    "dataset_of",
    "diff_datasets",
    "digest_of",
    "draw_splits",
    "examples_from",
    "export",
    "find_duplicates",
    "find_leaks",
    "histogram",
    "names",
    "open_source",
    "pick_spans",
    "read_source",
    "replace_file",
    "statistics_of",
    "told_apart",
]
