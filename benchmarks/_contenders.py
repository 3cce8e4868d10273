"""Those who evaluate 1,000 cases in the benchmark: how each is installed, set up and started.

All of them read the same cases, ask the same model server, and judge each answer twice: does it contain the expected
text, and how long did it take.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from _peers import environment, installed, node_package

HERE = Path(__file__).resolve().parent

HONE = """
project = "bench"
[models.mock]
use = "openai-compatible/mock"
base_url = "{url}"
price = {{ input = 0.05, output = 0.20 }}
[tasks.answer]
input = {{ question = "string" }}
models = ["mock"]
prompt = "answer"
"""
PROMPT = "# user\n\n{{ question }}\n"


@dataclass
class Start:
    """How to begin one evaluation in a folder of its own."""

    command: list[str]
    env: dict[str, str] = field(default_factory=dict)


@dataclass
class Contender:
    name: str
    prepare: Callable[[Path, str, int], Start | None]  # folder, address of the model, calls at once
    imports: Callable[[], list[str] | None]  # a command that loads it and does nothing


def cases(folder: Path, count: int) -> Path:
    """The dataset, as JSON lines."""
    path = folder / "datasets" / "cases.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (
        json.dumps({"id": f"e{n}", "input": {"question": f"What is {n} and {n}?"}, "expected": "measured"}) + "\n"
        for n in range(count)
    )
    path.write_text("".join(lines))
    return path


def hone(folder: Path, url: str, concurrency: int) -> Start:
    (folder / "hone.toml").write_text(HONE.format(url=url))
    (folder / "prompts").mkdir(exist_ok=True)
    (folder / "prompts" / "answer.prompt.md").write_text(PROMPT)
    words = ["-m", "hone", "evals", "run", "answer", "--data", "cases", "-e", "contains", "-e", "latency"]
    return Start([sys.executable, *words, "--concurrency", str(concurrency), "--json"])


def bare(folder: Path, url: str, concurrency: int) -> Start:
    python = environment("evals-bare", ["aiohttp"])
    arguments = [str(folder / "datasets" / "cases.jsonl"), url, str(folder / "out.jsonl"), str(concurrency)]
    return Start([str(python), str(HERE / "_bare.py"), *arguments])


def python_peer(name: str, requirements: list[str], install: bool) -> Callable[[Path, str, int], Start | None]:
    """A peer whose evaluation is a function of `_evaluations.py`."""

    def prepare(folder: Path, url: str, concurrency: int) -> Start | None:
        python = environment(f"evals-{name}", requirements) if install else installed(f"evals-{name}", requirements)
        if python is None:
            return None
        arguments = [name, str(folder / "datasets" / "cases.jsonl"), url, str(concurrency)]
        env = {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": url, "DEEPEVAL_TELEMETRY_OPT_OUT": "YES"}
        return Start([str(python), str(HERE / "_evaluations.py"), *arguments], env)

    return prepare


PROMPTFOO = """
prompts: ["{{{{question}}}}"]
providers:
  - id: openai:chat:mock
    config: {{ apiBaseUrl: "{url}", apiKey: none }}
tests: file://tests.json
"""


def promptfoo(install: bool) -> Callable[[Path, str, int], Start | None]:
    def prepare(folder: Path, url: str, concurrency: int) -> Start | None:
        package = node_package("evals-promptfoo", "promptfoo", {}, install)
        if package is None:
            return None
        (folder / "promptfooconfig.yaml").write_text(PROMPTFOO.format(url=url))
        lines = (folder / "datasets" / "cases.jsonl").read_text().splitlines()
        tests = [
            {
                "vars": each["input"],
                "assert": [
                    {"type": "icontains", "value": each["expected"]},
                    {"type": "latency", "threshold": 60_000},
                ],
            }
            for each in map(json.loads, lines)
        ]
        (folder / "tests.json").write_text(json.dumps(tests))
        command = ["node", str(package / "dist" / "src" / "entrypoint.js"), "eval", "-c", "promptfooconfig.yaml"]
        if not (package / "dist" / "src" / "entrypoint.js").exists():
            command[1] = str(package / "dist" / "src" / "main.js")
        command += ["--no-cache", "--no-table", "--no-progress-bar", "--max-concurrency", str(concurrency)]
        env = {
            "PROMPTFOO_DISABLE_TELEMETRY": "1",
            "PROMPTFOO_DISABLE_UPDATE": "1",
            "PROMPTFOO_CONFIG_DIR": str(folder / ".promptfoo"),
        }
        return Start(command, env)

    return prepare


PYTHON_PEERS = {
    "inspect_ai": ["inspect_ai", "openai"],
    "deepeval": ["deepeval", "openai"],
    "pydantic_evals": ["pydantic-evals", "openai"],
}


def contenders(install: bool) -> list[Contender]:
    def loads(python: Path | None, module: str) -> list[str] | None:
        return None if python is None else [str(python), "-c", f"import {module}"]

    found = [
        Contender("hone", hone, lambda: [sys.executable, "-c", "import hone.cli._evals, hone.local._evaluate"]),
        Contender("a bare loop", bare, lambda: loads(environment("evals-bare", ["aiohttp"]), "aiohttp")),
    ]
    for name, requirements in PYTHON_PEERS.items():
        found.append(
            Contender(
                name,
                python_peer(name, requirements, install),
                lambda name=name, wants=requirements: loads(installed(f"evals-{name}", wants), name),  # type: ignore[misc]
            )
        )
    found.append(Contender("promptfoo", promptfoo(install), lambda: None))
    return found


def environ(start: Start, folder: Path) -> dict[str, str]:
    """As little of ours as a command needs. Byte code is kept, as it is where somebody has installed the package."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder.parent / "bytecode")} | start.env
