"""Collecting: datasets as files of examples, their versions, and examples from live traffic."""

from hone.datasets._example import Dataset, Example, Split, dataset_of, digest_of
from hone.datasets._file import DatasetFile, Grown, names
from hone.datasets._traffic import CORRECTION, Wanted, examples_from, pick_spans

__all__ = [
    "CORRECTION",
    "Dataset",
    "DatasetFile",
    "Example",
    "Grown",
    "Split",
    "Wanted",
    "dataset_of",
    "digest_of",
    "examples_from",
    "names",
    "pick_spans",
]
