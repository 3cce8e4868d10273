"""A project with a judge's model behind real HTTP, which answers by a rule that a test gives it."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hone.evals import Given
from hone.local import Hone, House
from hone.local._judges import Judging, judging
from hone.providers import _fake
from hone.providers._fake import Step
from hone.testing import FakeUpstream

PROJECT = """\
project = "p"

[models.judge]
use = "openai-compatible/judge"
base_url = "{url}"
price = {{ input = 1.0, output = 2.0 }}
[models.second]
use = "openai-compatible/second"
base_url = "{url}"
[models.third]
use = "openai-compatible/third"
base_url = "{url}"
[models.echo]
use = "fake/echo"

[tasks.answer]
input = {{ question = "string" }}
models = ["echo"]

[judges.helpful]
prompt = "helpful"
model = "judge"
"""
HELPFUL = "# system\n\nIs it of help?\n\n# user\n\n{{ question }}\n\n{{ answer }}\n"

Rule = Callable[["Asked"], Any]


class Asked:
    """One question as the model saw it: the fenced texts by their names, and all of the user's message."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.system, self.user = (str(body["messages"][at]["content"]) for at in (0, -1))
        self.model = body["model"]
        found = re.findall(r"<([a-z_]*)-([0-9a-f]{16})>\n(.*?)\n</\1-\2>", self.user, re.DOTALL)
        self.texts = {name: text for name, _, text in found}
        self.all = [text for name, _, text in found]
        self.fields = body["response_format"]["json_schema"]["schema"]["properties"]


class RuleUpstream(FakeUpstream):
    """Answers with the JSON that `rule` gives for a question. Steps of a script come first."""

    def __init__(self) -> None:
        super().__init__()
        self.rule: Rule = lambda asked: {}

    def _whole(self, step: Step, body: dict[str, Any]) -> bytes:
        if step == Step():
            answer = self.rule(Asked(body))
            step = Step(text=answer if isinstance(answer, str) else json.dumps(answer))
        return _fake.whole(step, _fake.read(json.dumps(body).encode()))

    @property
    def asked(self) -> list[Asked]:
        return [Asked(each.body) for each in self.received]


@pytest.fixture
def upstream() -> Iterator[RuleUpstream]:
    with RuleUpstream() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path, upstream: RuleUpstream, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HONE_URL", "HONE_HOME", "HONE_DATABASE_URL", "HONE_API_KEY", "HONE_ENV"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "hone.toml").write_text(PROJECT.format(url=upstream.url))
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "helpful.prompt.md").write_text(HELPFUL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def house(folder: Path) -> Iterator[House]:
    opened = House.open(folder)
    yield opened
    opened.close()


@pytest.fixture
def ask(house: House) -> Iterator[Judging]:
    near = Hone(house)
    made = Judging(house, near)
    yield made
    made.close()
    near.stop()


@pytest.fixture
def given(house: House, ask: Judging) -> Given:
    """What evaluators of the project are given."""
    return judging(Given(), ask)
