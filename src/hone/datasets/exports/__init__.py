"""Datasets for others: JSON Lines, CSV, Parquet, Hugging Face, OpenAI's fine-tuning, promptfoo."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from msgspec import Struct

from hone.core import new_id, to_json
from hone.datasets._example import Dataset, Example, Split
from hone.datasets._lines import write_line
from hone.datasets._replace import replace_file
from hone.datasets.exports._chat import tests_of, tuning_lines
from hone.errors import CallError, NotFound

__all__ = ["FORMATS", "Exported", "Format", "export"]

Format = Literal["jsonl", "csv", "parquet", "hf", "openai-finetune", "promptfoo"]

FORMATS: tuple[Format, ...] = ("jsonl", "csv", "parquet", "hf", "openai-finetune", "promptfoo")


class Exported(Struct, frozen=True, kw_only=True):
    """What was written. `skipped` examples have no expected answer, and were left out for that."""

    path: str
    format: Format
    examples: int
    split: Split | None
    skipped: int = 0


def export(
    dataset: Dataset,
    as_: Format,
    path: Path,
    *,
    split: Split | Literal["all"] | None = None,
    system: str | None = None,
    only_expected: bool = False,
) -> Exported:
    """Write a dataset, or one split of it, as a file of another kind (`hf`: as a folder).

    What is learned from is never what is judged on: `openai-finetune` takes the split `train`, or `dev` where there is
    none, unless another is asked for; every other format takes all. The splits that are drawn are written down.
    `system` is the system message of `openai-finetune`. The file appears whole or not at all.

    Raises:
        NotFound: there is nothing to write.
        CallError: no such format.
        DatasetError: an example has no expected answer, and the format needs one.
    """
    if as_ not in FORMATS:
        raise CallError(f"no format {as_!r}", hint=f"there are: {', '.join(FORMATS)}")
    part = _part(dataset, as_, split)
    some = dataset.split(part)
    kept = [each for each in some if each.expected is not None] if only_expected else list(some)
    if not kept:
        raise NotFound(f"nothing to export: {dataset.name} has no such example", hint=f"split: {part or 'all'}")
    _write(as_, kept, path, system)
    return Exported(path=str(path), format=as_, examples=len(kept), split=part, skipped=len(some) - len(kept))


def _part(dataset: Dataset, as_: Format, split: Split | Literal["all"] | None) -> Split | None:
    if split == "all":
        return None
    if split is None and as_ == "openai-finetune":
        return "train" if dataset.split("train") else "dev"
    return split


def _write(as_: Format, examples: Sequence[Example], path: Path, system: str | None) -> None:
    if as_ == "hf":
        from hone.datasets.exports._arrow import write_folder

        write_folder(examples, path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if as_ == "parquet":
        _write_parquet(examples, path)
        return
    lines: dict[Format, Callable[[], Iterable[bytes]]] = {
        "jsonl": lambda: (write_line(each) + b"\n" for each in examples),
        "csv": lambda: _csv_lines(examples),
        "openai-finetune": lambda: (_json_line(each) for each in tuning_lines(examples, system)),
        "promptfoo": lambda: [_yaml(tests_of(examples))],
    }
    replace_file(path, lines[as_]())


def _write_parquet(examples: Sequence[Example], path: Path) -> None:
    from hone.datasets.exports._arrow import write_parquet

    made = path.with_name(f".{path.name}.{new_id()}")
    try:
        write_parquet(examples, made)
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def _csv_lines(examples: Sequence[Example]) -> Iterator[bytes]:
    from hone.datasets.exports._table import columns_of

    columns = columns_of(examples)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for row in [list(columns), *zip(*columns.values(), strict=True)]:
        writer.writerow(row)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()


def _json_line(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return to_json(value).encode() + b"\n"


def _yaml(tests: list[dict[str, Any]]) -> bytes:
    text = yaml.dump({"tests": tests}, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=1000)
    return text.encode("utf-8", "backslashreplace")


class _Plain(yaml.SafeDumper):
    """Without references: a value that occurs twice is written twice, as people write it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
