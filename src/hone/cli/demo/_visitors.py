"""The application's users: they ask through the official SDK, and say whether the answer names what it should.

Nobody sits in front of a demonstration, so the known answers stand in for their judgement.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from hone.client import Remote
from hone.core import text_in, to_json
from hone.datasets import Example
from hone.errors import MissingExtra, StoreBusy, UpstreamError
from hone.evals import whole_name

_AT_ONCE = 4
_TRIES = 30


def correct(example: Example, output: str) -> bool:
    """Does the answer name one of the functions that do it, or say that it does not know where none does?"""
    return any(whole_name(name, output) for name in example.expected)


class Visitors:
    """They ask the server at `url`; their calls carry the tags `demo` and RUN-PHASE."""

    def __init__(self, url: str, run: str) -> None:
        """
        Raises:
            MissingExtra: the official SDK is not installed.
        """
        try:
            from openai import OpenAI
        except ModuleNotFoundError:
            raise MissingExtra("the demonstration", "demo") from None
        self._client = OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
        self._feedback = Remote(url)
        self._run = run
        self._answered = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._feedback.close()

    def ask(self, examples: Sequence[Example], phase: str, progress: Callable[[int, int], None]) -> None:
        """Ask every question once.

        Raises:
            UpstreamError: the very first call of all fails, so that no other would go better.
        """
        from openai import APIError

        first, *rest = examples
        try:
            self._one(first, phase)
        except APIError as problem:
            if not self._answered:
                raise UpstreamError(f"the first question could not be answered: {problem.message}") from None
        self._answered = True
        with ThreadPoolExecutor(_AT_ONCE, "visitor") as visitors:
            for done, _ in enumerate(visitors.map(lambda each: self._try(each, phase), rest), 2):
                progress(done, len(examples))

    def _thumb(self, score: dict[str, Any]) -> None:
        """A store that is busy asks to come again."""
        for attempt in range(_TRIES):
            try:
                self._feedback.score(score)
            except StoreBusy:
                if attempt + 1 == _TRIES:
                    raise
                time.sleep(1)
            else:
                return

    def _try(self, example: Example, phase: str) -> None:
        """A call that fails later is what an error rate is for: its span tells."""
        from openai import APIError

        try:
            self._one(example, phase)
        except APIError:
            return

    def _one(self, example: Example, phase: str) -> None:
        tag = f"{self._run}-{phase}"
        answer = self._client.chat.completions.with_raw_response.create(
            model="answer",
            messages=[{"role": "user", "content": text_in(to_json(example.input))}],
            # Whoever asks keeps their variant, so the same questions in another phase are other visitors.
            extra_headers={"x-hone-session": f"{tag}-{example.id}", "x-hone-tags": f"demo,{tag}"},
        )
        text = answer.parse().choices[0].message.content or ""
        self._thumb(
            {
                "target": {"span": answer.headers["x-hone-span-id"]},
                "name": "correct",
                "value": correct(example, text),
                "by": "code",
                "comment": "the known answer stands in for a user's thumb",
            }
        )
