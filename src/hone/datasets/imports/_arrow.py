"""Parquet files, and folders as Hugging Face's `datasets` saves them or as they lie on the hub. Read with pyarrow."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hone.datasets.imports._csv import csv_rows
from hone.datasets.imports._json import document, line_rows, list_rows
from hone.datasets.imports._source import Place, Row, plain
from hone.errors import DatasetError

_AT_ONCE = 1000  # rows
_SPLITS = ("train", "validation", "valid", "dev", "test", "held_out", "held-out")
_TABLES = (".parquet", ".jsonl", ".jsonl.gz", ".ndjson", ".csv", ".tsv", ".csv.gz", ".json", ".arrow")
_HINT = "a folder of save_to_disk has state.json and .arrow files; one of the hub has .parquet, .jsonl or .csv files"


_Part = tuple[str | None, Callable[[], Iterator[Row]]]


def parquet_rows(path: Path) -> Iterator[Row]:
    """
    Raises:
        DatasetError: the file is no Parquet, or is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            labels = _labels(_features(file.schema_arrow.metadata))
            yield from _rows(file.iter_batches(_AT_ONCE), str(path), labels)
    except (pa.ArrowException, OSError) as problem:
        raise DatasetError(f"{path} is no Parquet file: {_first_line(problem)}", hint="write it again") from None


def folder_rows(folder: Path) -> Callable[[], Iterator[Row]]:
    """The rows of a folder. Where its files are splits and its rows name none, they have a column `split`.

    Raises:
        DatasetError: there is no data in it.
    """
    if (folder / "dataset_dict.json").exists():
        named = _json(folder / "dataset_dict.json").get("splits")
        if not isinstance(named, list) or not named:
            raise DatasetError(f"{folder}/dataset_dict.json names no splits", hint=_HINT)
        if outside := [each for each in map(str, named) if each == ".." or Path(each).name != each]:
            raise DatasetError(f"{folder}/dataset_dict.json names the split {outside[0]!r}", hint=_HINT)
        parts: list[_Part] = [(str(split), _saved(folder / str(split))) for split in named]
        return lambda: _with_split(parts)
    if (folder / "state.json").exists():
        return _saved(folder)
    files = sorted(path for path in folder.rglob("*") if _is_table(path, folder))
    if not files:
        raise DatasetError(f"{folder} is a folder without data", hint=_HINT)
    found = [(_split_of(path.relative_to(folder)), _table(path)) for path in files]
    return lambda: _with_split(found)


def _saved(folder: Path) -> Callable[[], Iterator[Row]]:
    """One dataset as `Dataset.save_to_disk` wrote it: Arrow streams, named in state.json."""
    state = _json(folder / "state.json")
    files = [str(each.get("filename", "")) for each in state.get("_data_files") or [] if isinstance(each, dict)]
    if not files:
        raise DatasetError(f"{folder}/state.json names no data files", hint=_HINT)
    if state.get("_indices_data_files"):
        raise DatasetError(f"{folder} is a selection of rows", hint="save it after flatten_indices()")
    for name in files:
        if not (folder / name).is_file() or (folder / name).resolve().parent != folder.resolve():
            raise DatasetError(f"{folder}/{name} is not there, and state.json names it", hint="copy the whole folder")
    info = _json(folder / "dataset_info.json") if (folder / "dataset_info.json").exists() else {}

    def rows() -> Iterator[Row]:
        for name in files:
            yield from arrow_rows(folder / name, info.get("features"))

    return rows


def arrow_rows(path: Path, features: Any = None) -> Iterator[Row]:
    """An Arrow stream or file.

    Raises:
        DatasetError: it is none, or is damaged.
    """
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as mapped:
            try:
                reader: Any = pa.ipc.open_stream(mapped)
                batches = reader
            except pa.ArrowInvalid:
                mapped.seek(0)
                reader = pa.ipc.open_file(mapped)
                batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
            yield from _rows(batches, str(path), _labels(features or _features(reader.schema.metadata)))
    except (pa.ArrowException, OSError, ValueError) as problem:
        raise DatasetError(f"{path} is no Arrow file: {_first_line(problem)}", hint="save the dataset again") from None


def _rows(batches: Iterator[Any], shown: str, labels: dict[str, list[str]]) -> Iterator[Row]:
    number = 0
    for batch in batches:
        for row in batch.to_pylist(maps_as_pydicts="lossy"):
            number += 1
            values = plain(row)
            for name, words in labels.items():
                at = values.get(name)
                if isinstance(at, int) and 0 <= at < len(words):
                    values[name] = words[at]
            yield Place(shown, number, "row"), values


def _features(metadata: dict[bytes, bytes] | None) -> Any:
    try:
        return json.loads((metadata or {}).get(b"huggingface", b"{}")).get("info", {}).get("features", {})
    except (ValueError, AttributeError):
        return {}


def _labels(features: Any) -> dict[str, list[str]]:
    """The words of columns that hold classes by number."""
    if not isinstance(features, dict):
        return {}
    classes = {name: each for name, each in features.items() if isinstance(each, dict)}
    return {
        name: [str(word) for word in each["names"]]
        for name, each in classes.items()
        if each.get("_type") == "ClassLabel" and isinstance(each.get("names"), list)
    }


def _is_table(path: Path, folder: Path) -> bool:
    inside = path.relative_to(folder)
    hidden = any(part.startswith((".", "_")) for part in inside.parts)
    about = path.name in ("dataset_infos.json", "dataset_info.json", "state.json", "config.json")
    return path.is_file() and not hidden and not about and path.name.endswith(_TABLES)


def _table(path: Path) -> Callable[[], Iterator[Row]]:
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        return lambda: parquet_rows(path)
    if name.endswith(".arrow"):
        return lambda: arrow_rows(path)
    if name.endswith((".csv", ".tsv")):
        return lambda: csv_rows(path)
    if name.endswith(".json"):
        return lambda: list_rows(path, document(path))
    return lambda: line_rows(path)


def _split_of(path: Path) -> str | None:
    """The split that a file's name or its folder says: `data/train-00000-of-00002.parquet`, `test/part.csv`."""
    for part in (path.name, *reversed(path.parts[:-1])):
        for split in _SPLITS:
            if part.lower() == split or part.lower().startswith((f"{split}-", f"{split}.", f"{split}_")):
                return split
    return None


def _with_split(parts: list[_Part]) -> Iterator[Row]:
    for split, rows in parts:
        for place, row in rows():
            yield place, row if split is None or "split" in row else {**row, "split": split}


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DatasetError(f"{path} is not there", hint=_HINT) from None
    except (OSError, ValueError, RecursionError) as problem:
        raise DatasetError(f"{path} cannot be read: {problem}", hint="save the dataset again") from None
    return value if isinstance(value, dict) else {}


def _first_line(problem: Exception) -> str:
    return str(problem).strip().split("\n")[0][:200]
