"""Examples as Parquet, and as a folder that `datasets.load_from_disk` of Hugging Face opens."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hone.core import new_id
from hone.datasets._example import Example
from hone.datasets._replace import sync_folder
from hone.datasets.exports._table import columns_of
from hone.errors import CallError

_ROWS = 10_000  # of one batch


def write_parquet(examples: Sequence[Example], path: Path) -> None:
    """One file, with the columns of `columns_of`."""
    import pyarrow.parquet as pq

    pq.write_table(_table(examples), path, compression="zstd")


def write_folder(examples: Sequence[Example], folder: Path) -> None:
    """One folder a split, named `dev`, `held_out` or `train`: a name with a hyphen is none there.

    The folder appears whole or not at all.

    Raises:
        CallError: there is something else at its place.
    """
    if folder.exists() and not (folder / "dataset_dict.json").exists():
        raise CallError(f"{folder} is there, and no dataset that was saved so", hint="name a new folder")
    places: dict[str, list[int]] = {}
    for number, each in enumerate(examples):
        places.setdefault((each.split or "dev").replace("-", "_"), []).append(number)
    table = _table(examples)  # one for all splits, since they share their columns
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = folder.with_name(f".{folder.name}.{new_id()}")
    try:
        for split, numbers in places.items():
            _write_split(table.take(numbers), made / split, split)
        (made / "dataset_dict.json").write_text(json.dumps({"splits": list(places)}), "utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    sync_folder(folder.parent)


def _write_split(table: Any, folder: Path, split: str) -> None:
    import pyarrow as pa

    folder.mkdir(parents=True)
    names = {"double": "float64"}
    features = {
        field.name: {"dtype": names.get(str(field.type), str(field.type)), "_type": "Value"} for field in table.schema
    }
    schema = table.schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    data = folder / "data-00000-of-00001.arrow"
    with data.open("wb") as file, pa.ipc.new_stream(file, schema) as stream:
        stream.write_table(table.replace_schema_metadata(schema.metadata), max_chunksize=_ROWS)
    with data.open("rb") as written:
        fingerprint = hashlib.file_digest(written, "sha256").hexdigest()[:16]
    state: dict[str, Any] = {
        "_data_files": [{"filename": data.name}],
        "_fingerprint": fingerprint,
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": split,
    }
    info = {"citation": "", "description": "", "features": features, "homepage": "", "license": ""}
    (folder / "state.json").write_text(json.dumps(state, indent=2), "utf-8")
    (folder / "dataset_info.json").write_text(json.dumps(info, indent=2), "utf-8")


def _table(examples: Sequence[Example]) -> Any:
    import pyarrow as pa

    kinds = {"probability": pa.float64()}
    columns = columns_of(examples)
    return pa.table({name: pa.array(values, kinds.get(name, pa.string())) for name, values in columns.items()})
