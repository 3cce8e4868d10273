"""A call of a task may name models in the place of its variant's: what else the task says still holds."""

from pathlib import Path

import pytest

from hone.errors import CallError, HoneError, NotAllowed, UnknownModel
from hone.gateway import Call, Key
from hone.local import Near, Serving

FILE = """
project = "p"
[models.usual]
use = "fake/usual"
parameters = { fake = { text = "usual" } }
[models.other]
use = "fake/other"
parameters = { fake = { text = "other" } }
[models.cloud]
use = "openai-compatible/cloud"
base_url = "http://127.0.0.1:9/v1"

[tasks.answer]
input = { question = "string" }
models = ["usual"]
prompt = "answer"
[tasks.secret]
models = ["usual"]
privacy = "internal"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hone.toml").write_text(FILE)
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "answer.prompt.md").write_text("# user\n\nPlease: {{ question }}\n")
    return tmp_path


def asked(folder: Path, model: str, models: tuple[str, ...], key: Key | None = None) -> str:
    house = Serving.open(folder)
    near = Near(house)
    ids = {"trace_id": "a" * 32, "span_id": "b" * 16}
    call = Call(model=model, input={"question": "q"}, models=models, start=1, key=key, **ids)
    try:
        return (near.loop.run(house.gateway.chat(call)).body or b"").decode()
    finally:
        near.stop()
        house.close()


def test_the_models_of_the_call_are_asked_with_the_prompt_of_the_task(folder: Path) -> None:
    assert '"other"' in asked(folder, "answer", ("other",))
    assert '"usual"' in asked(folder, "answer", ())


@pytest.mark.parametrize(
    ("model", "models", "key", "kind", "words"),
    [
        ("answer", ("nobody",), None, UnknownModel, "no task or model named 'nobody'"),
        ("other", ("usual",), None, CallError, "'other' is a model"),
        ("secret", ("cloud",), None, NotAllowed, "is internal, and the model 'cloud' is not"),
        ("answer", ("other",), Key(name="k", tasks=("answer",)), NotAllowed, "not for the model 'other'"),
    ],
)
def test_no_call_gets_around_what_holds_for_it(
    folder: Path, model: str, models: tuple[str, ...], key: Key | None, kind: type[HoneError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        asked(folder, model, models, key)


def test_a_key_for_both_may(folder: Path) -> None:
    assert '"other"' in asked(folder, "answer", ("other",), Key(name="k", tasks=("answer",), models=("other",)))
