"""When is a function the one that it was?"""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from hone.evals._identity import identity


def made(source: str, name: str = "polite", **more: Any) -> Callable[..., Any]:
    space: dict[str, Any] = {"__name__": "__main__", **more}
    exec(source, space)
    found: Callable[..., Any] = space[name]
    return found


POLITE = "def polite(example, output):\n    return 'please' in output\n"


def test_the_same_lines_are_the_same_function_wherever_they_stand() -> None:
    assert identity(made(POLITE)) == identity(made(f"\n\n# a comment\n{POLITE}")) == identity(made(POLITE))


@pytest.mark.parametrize(
    "before, after",
    [
        (POLITE, POLITE.replace("please", "thanks")),
        (POLITE, POLITE.replace(" in ", " not in ")),
        ("def polite(e, o, least=1): return len(o) > least", "def polite(e, o, least=2): return len(o) > least"),
        ("def polite(e, o, *, n=1): return n", "def polite(e, o, *, n=2): return n"),
        ("def f(): return 1\ndef polite(e, o): return f()", "def f(): return 2\ndef polite(e, o): return f()"),
        ("W = {'a', 'b'}\ndef polite(e, o): return o in W", "W = {'a', 'c'}\ndef polite(e, o): return o in W"),
        ("W = {'a': 1}\ndef polite(e, o): return any(x for x in [lambda: W])",
         "W = {'a': 2}\ndef polite(e, o): return any(x for x in [lambda: W])"),
        ("import re\nP = re.compile('a')\ndef polite(e, o): return P.search(o)",
         "import re\nP = re.compile('b')\ndef polite(e, o): return P.search(o)"),
        ("class A:\n  def f(self): return 1\na = A()\ndef polite(e, o): return a.f()",
         "class A:\n  def f(self): return 2\na = A()\ndef polite(e, o): return a.f()"),
        ("def outer(n):\n  def f(e, o): return n\n  return f\npolite = outer(1)",
         "def outer(n):\n  def f(e, o): return n\n  return f\npolite = outer(2)"),
    ],
)  # fmt: skip
def test_a_function_that_does_something_else_is_another_one(before: str, after: str) -> None:
    assert identity(made(before)) == identity(made(before))
    assert identity(made(before)) != identity(made(after))


class Longer:
    def __init__(self, least: int) -> None:
        self.least = least

    def __call__(self, example: object, output: str) -> bool:
        return len(output) >= self.least


def at_least(least: int, example: object, output: str) -> bool:
    return len(output) >= least


def test_what_an_object_holds_is_part_of_it() -> None:
    assert identity(Longer(3)) == identity(Longer(3)) != identity(Longer(4))
    assert identity(partial(at_least, 3)) == identity(partial(at_least, 3)) != identity(partial(at_least, 4))
    assert identity(Longer(3).__call__) != identity(Longer(4).__call__)
    assert identity(cache(at_least)) == identity(cache(at_least)) != identity(at_least)


def test_a_function_that_calls_itself_is_told() -> None:
    around = "def polite(e, o): return polite(e, o[1:]) if o else other(e, o)\ndef other(e, o): return polite(e, o)"
    assert identity(made(around)) == identity(made(around)) != identity(made(around.replace("1:", "2:")))
    assert not identity(made(around)).startswith("once")


@pytest.mark.parametrize("held", [Lock(), sys.stderr, (x for x in [1])])
def test_what_cannot_be_told_is_another_one_each_time(held: Any) -> None:
    function = made("def polite(e, o): return held", held=held)
    assert identity(function) != identity(function)


@pytest.mark.parametrize("words", ["import helpers\n", "from helpers import clean\n", "import helpers as h\n", ""])
def test_a_module_beside_it_counts(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    called = {"import helpers\n": "helpers.clean", "from helpers import clean\n": "clean", "": "helpers.clean"}
    inner = "" if words else "import helpers; "
    source = f"{words}def polite(e, o): {inner}return {called.get(words, 'h.clean')}(o)"

    def now(body: str) -> str:
        (tmp_path / "helpers.py").write_text(f"def clean(text):\n    return {body}\n")
        sys.modules.pop("helpers", None)
        importlib.invalidate_caches()
        return identity(made(source))

    assert now("text.strip()") == now("text.strip()") != now("text")
    sys.modules.pop("helpers", None)


def test_another_process_comes_to_the_same(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import json, re\nfrom enum import Enum\nfrom dataclasses import dataclass\n"
        "class Tone(Enum):\n    RUDE = 1\n@dataclass\nclass Rule:\n    words: frozenset = frozenset({'a', 'b', 'c'})\n"
        "RULE, P = Rule(), re.compile('x')\n"
        "def polite(e, o):\n    return json.dumps(o) in RULE.words or o in {'p', 'q'} or P.search(o) or Tone.RUDE\n"
    )
    script = "from mine import polite; from hone.evals._identity import identity; print(identity(polite))"
    found = {
        subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in range(3)
    }  # fmt: skip
    assert len(found) == 1
    assert not found.pop().startswith("once")
