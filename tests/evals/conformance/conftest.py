"""Published data, where HONE_DATA says that it lies. Without it these tests are skipped; nothing is downloaded."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Published = Callable[[str], Path]


@pytest.fixture(scope="session")
def published() -> Published:
    """The path of a published file, such as `gsm8k/test.jsonl`."""
    folder = os.environ.get("HONE_DATA")
    if not folder:
        pytest.skip("HONE_DATA is not set: it names the folder of the published data")

    def find(name: str) -> Path:
        path = Path(folder) / name
        if not path.exists():
            pytest.skip(f"{name} is not in HONE_DATA")
        return path

    return find


@pytest.fixture(scope="session")
def rows(published: Published) -> Callable[[str], list[dict[str, Any]]]:
    """The lines of a published JSONL file, packed or not."""

    def read(name: str) -> list[dict[str, Any]]:
        path = published(name)
        content = path.read_bytes()
        text = gzip.decompress(content) if path.suffix == ".gz" else content
        return [json.loads(line) for line in text.decode().splitlines()]

    return read
