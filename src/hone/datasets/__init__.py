"""Collecting: datasets as files of examples, their versions, and examples from live traffic."""

from typing import TYPE_CHECKING

from hone.core import lazily
from hone.datasets._diff import DatasetDiff, ExampleChange, FieldChange, diff_datasets
from hone.datasets._example import HELD_OUT, Dataset, Example, Origin, Split, dataset_of, digest_of
from hone.datasets._file import DatasetFile, Grown, names
from hone.datasets._traffic import CORRECTION, Wanted, examples_from, pick_spans
from hone.datasets._versions import Versions

if TYPE_CHECKING:
    from hone.datasets.imports import Imported, Source, open_source, promptfoo_examples, read_source

__getattr__ = lazily(
    __name__,
    {
        "Imported": "imports",
        "Source": "imports",
        "open_source": "imports",
        "promptfoo_examples": "imports",
        "read_source": "imports",
    },
)

__all__ = [
    "CORRECTION",
    "HELD_OUT",
    "Dataset",
    "DatasetDiff",
    "DatasetFile",
    "Example",
    "ExampleChange",
    "FieldChange",
    "Grown",
    "Imported",
    "Origin",
    "Source",
    "Split",
    "Versions",
    "Wanted",
    "dataset_of",
    "diff_datasets",
    "digest_of",
    "examples_from",
    "names",
    "open_source",
    "pick_spans",
    "promptfoo_examples",
    "read_source",
]
