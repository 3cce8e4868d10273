"""The same evaluation in the words of each peer: `python _evaluations.py PEER CASES URL CONCURRENCY`.

Each is written as its documentation shows it, with as little around it as it allows. It runs in the peer's environment.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any


def read(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def inspect_ai(cases: list[dict[str, Any]], url: str, concurrency: int) -> None:
    from inspect_ai import Task
    from inspect_ai import eval as evaluate
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import get_model
    from inspect_ai.scorer import Score as Scored
    from inspect_ai.scorer import includes, mean, scorer
    from inspect_ai.solver import generate

    @scorer(metrics=[mean()])
    def latency() -> Any:
        async def score(state: Any, _target: Any) -> Any:
            return Scored(value=state.output.time or 0.0)

        return score

    samples = [Sample(input=each["input"]["question"], target=each["expected"], id=each["id"]) for each in cases]
    task = Task(dataset=MemoryDataset(samples), solver=generate(), scorer=[includes(), latency()])
    model = get_model("openai/mock", base_url=url, api_key="none", responses_api=False)
    evaluate(
        task, model=model, max_connections=concurrency, max_samples=concurrency, display="none", log_dir="logs",
        log_level="error",
    )  # fmt: skip


def client(url: str) -> Any:
    from openai import AsyncOpenAI

    return AsyncOpenAI(base_url=url, api_key="none", max_retries=0)


async def answers(cases: list[dict[str, Any]], url: str, concurrency: int) -> list[tuple[str, float]]:
    """For those who leave the calls to their user."""
    openai, turns = client(url), asyncio.Semaphore(concurrency)

    async def ask(case: dict[str, Any]) -> tuple[str, float]:
        async with turns:
            begin = time.perf_counter()
            messages = [{"role": "user", "content": case["input"]["question"]}]
            found = await openai.chat.completions.create(model="mock", messages=messages)
            return found.choices[0].message.content, time.perf_counter() - begin

    return await asyncio.gather(*map(ask, cases))


def deepeval(cases: list[dict[str, Any]], url: str, concurrency: int) -> None:
    from deepeval import evaluate
    from deepeval.evaluate import AsyncConfig, DisplayConfig
    from deepeval.metrics import BaseMetric
    from deepeval.test_case import LLMTestCase

    class Contains(BaseMetric):
        threshold = 0.5
        async_mode = True

        def measure(self, case: Any, *_: Any, **__: Any) -> float:
            self.score = float(case.expected_output.lower() in case.actual_output.lower())
            self.success = self.score >= self.threshold
            return self.score

        async def a_measure(self, case: Any, *_: Any, **__: Any) -> float:
            return self.measure(case)

        def is_successful(self) -> bool:
            return bool(self.success)

        @property
        def __name__(self) -> str:
            return "Contains"

    class Latency(Contains):
        def measure(self, case: Any, *_: Any, **__: Any) -> float:
            self.score = float(case.completion_time < 60)
            self.success = True
            return self.score

        @property
        def __name__(self) -> str:
            return "Latency"

    found = asyncio.run(answers(cases, url, concurrency))
    tested = [
        LLMTestCase(
            input=case["input"]["question"], actual_output=text, expected_output=case["expected"],
            completion_time=seconds,
        )
        for case, (text, seconds) in zip(cases, found, strict=True)
    ]  # fmt: skip
    evaluate(
        tested, [Contains(), Latency()], async_config=AsyncConfig(max_concurrent=concurrency),
        display_config=DisplayConfig(show_indicator=False, print_results=False),
    )  # fmt: skip


def pydantic_evals(cases: list[dict[str, Any]], url: str, concurrency: int) -> None:
    from pydantic_evals import Case, Dataset
    from pydantic_evals.evaluators import Evaluator, EvaluatorContext, MaxDuration

    class Contains(Evaluator):
        def evaluate(self, context: EvaluatorContext) -> bool:
            return context.expected_output.lower() in context.output.lower()

    openai = client(url)

    async def ask(question: str) -> str:
        messages = [{"role": "user", "content": question}]
        found = await openai.chat.completions.create(model="mock", messages=messages)
        return found.choices[0].message.content

    dataset = Dataset(
        name="cases",
        cases=[
            Case(name=each["id"], inputs=each["input"]["question"], expected_output=each["expected"]) for each in cases
        ],
        evaluators=[Contains(), MaxDuration(seconds=60)],
    )
    asyncio.run(dataset.evaluate(ask, max_concurrency=concurrency, progress=False))


if __name__ == "__main__":
    peer, path, url, concurrency = sys.argv[1:5]
    globals()[peer](read(path), url, int(concurrency))
