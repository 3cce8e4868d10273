"""A BERT encoder on numpy alone: the forward pass of sentence models such as all-MiniLM-L6-v2, without torch.

Weights are mapped from their safetensors file, not copied: processes share them, and of the vocabulary only the words
that occur are ever read.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_TYPES = {"F32": np.float32, "F16": np.float16}
_HIDDEN = np.float32(-1e9)  # added to the attention to padding, so that none of it is left


class _Layer(NamedTuple):
    """Matrices as they are stored, (out, in), each with its bias; a norm with its weight and bias."""

    query: tuple[Array, Array]
    key: tuple[Array, Array]
    value: tuple[Array, Array]
    attended: tuple[Array, Array]
    norm: tuple[Array, Array]
    up: tuple[Array, Array]
    down: tuple[Array, Array]
    last_norm: tuple[Array, Array]


# The names of one layer's parts in the file, in the order of `_Layer`.
_PARTS = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "attention.output.LayerNorm",
    "intermediate.dense",
    "output.dense",
    "output.LayerNorm",
)


class Bert:
    """An encoder with mean pooling (Devlin et al. 2019; Reimers and Gurevych 2019). Any thread may use it."""

    def __init__(self, weights: Path, config: dict[str, Any]) -> None:
        """
        Raises:
            KeyError: the file lacks a tensor, or holds one that is not float32 or float16.
        """
        tensors = read_tensors(weights)
        self._heads = int(config["num_attention_heads"])
        self._epsilon = np.float32(config["layer_norm_eps"])
        self._words = tensors["embeddings.word_embeddings.weight"]
        # There is one text, so its segment is always the first.
        segment = tensors["embeddings.token_type_embeddings.weight"][0]
        self._places = tensors["embeddings.position_embeddings.weight"] + segment
        self._norm = _pair(tensors, "embeddings.LayerNorm")
        self._layers = [
            _Layer(*(_pair(tensors, f"encoder.layer.{number}.{part}") for part in _PARTS))
            for number in range(int(config["num_hidden_layers"]))
        ]
        self.size = self._words.shape[1]
        self.longest = len(self._places)

    def vectors(self, texts: Sequence[Sequence[int]]) -> Array:
        """The vector of each text, given as token ids: (texts, `size`), each of length 1."""
        length = max(map(len, texts))
        ids = np.zeros((len(texts), length), np.int64)
        real = np.zeros((len(texts), length), np.float32)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = text
            real[row, : len(text)] = 1
        hidden = self._words[ids].astype(np.float32) + self._places[:length]
        x = self._normed(hidden.reshape(ids.size, -1), self._norm)
        hiding = ((1 - real) * _HIDDEN)[:, None, None, :]
        for layer in self._layers:
            x = self._through(layer, x, hiding)
        pooled = (real[:, None, :] @ x.reshape(*ids.shape, -1))[:, 0]
        normed: Array = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return normed

    def _through(self, layer: _Layer, x: Array, hiding: Array) -> Array:
        """One transformer layer over the rows of all texts, each text padded to the length of `hiding`."""
        shape = (len(hiding), hiding.shape[-1], self._heads, -1)
        query, key, value = (np.ascontiguousarray(_linear(x, part).reshape(shape).swapaxes(1, 2)) for part in layer[:3])
        query /= np.float32(math.sqrt(query.shape[-1]))
        attention = _softmax(query @ key.swapaxes(-1, -2) + hiding)
        gathered = (attention @ value).swapaxes(1, 2).reshape(x.shape)
        x = self._normed(_linear(gathered, layer.attended) + x, layer.norm)
        return self._normed(_linear(_gelu(_linear(x, layer.up)), layer.down) + x, layer.last_norm)

    def _normed(self, x: Array, norm: tuple[Array, Array]) -> Array:
        """Layer normalisation of every row, in place."""
        x -= x.mean(-1, keepdims=True)
        spread = np.einsum("ij,ij->i", x, x) / np.float32(x.shape[1])
        x *= (1 / np.sqrt(spread + self._epsilon))[:, None]
        x *= norm[0]
        x += norm[1]
        return x


def _linear(x: Array, part: tuple[Array, Array]) -> Array:
    y: Array = x @ part[0].T
    y += part[1]
    return y


def _softmax(x: Array) -> Array:
    x -= x.max(-1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(-1, keepdims=True)
    return x


def _gelu(x: Array) -> Array:
    """x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) (Hendrycks and Gimpel 2016).

    The models are trained with the error function, which numpy lacks; the vectors differ by a cosine of 0.999998.
    """
    y: Array = x * x
    y *= np.float32(0.044715 * math.sqrt(2 / math.pi))
    y += np.float32(math.sqrt(2 / math.pi))
    y *= x
    np.tanh(y, out=y)
    y += 1
    y *= x
    y *= np.float32(0.5)
    return y


def _pair(tensors: dict[str, Array], name: str) -> tuple[Array, Array]:
    return tensors[f"{name}.weight"], tensors[f"{name}.bias"]


def read_tensors(path: Path) -> dict[str, Array]:
    """The floating-point tensors of a safetensors file, mapped: eight bytes of length, a JSON table, then the numbers.

    Raises:
        ValueError: it is not such a file.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= path.stat().st_size - 8:
            raise ValueError("its table of tensors is longer than the file")
        table = msgspec.json.decode(file.read(length))
    numbers = np.memmap(path, np.uint8, mode="r", offset=8 + length)
    found: dict[str, Array] = {}
    for name, about in table.items():
        if (kind := _TYPES.get(about.get("dtype"))) is not None:
            start, end = about["data_offsets"]
            tensor = np.asarray(numbers[start:end]).view(kind).reshape(about["shape"])
            found[name] = tensor.astype(np.float32, copy=False)
    return found
