"""Datasets of others: JSON Lines, CSV, Parquet, Hugging Face folders, promptfoo, OpenAI's evals and fine-tuning."""

from hone.datasets.imports._columns import Mapped
from hone.datasets.imports._guess import Column
from hone.datasets.imports._read import Imported, open_source, read_source
from hone.datasets.imports._source import KINDS, Kind, Source, Tests

__all__ = [
    "KINDS",
    "Column",
    "Imported",
    "Kind",
    "Mapped",
    "Source",
    "Tests",
    "open_source",
    "read_source",
]
