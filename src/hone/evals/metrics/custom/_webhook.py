"""`webhook`: a service of the user's own that judges answers over HTTP."""

import asyncio
import hashlib
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from hone.core import from_json, to_json
from hone.datasets import Example
from hone.errors import CallError, NotAllowed, UpstreamGarbage, UpstreamRefused, UpstreamTimeout, UpstreamUnreachable
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._measured import no_option, only
from hone.evals.metrics.custom._made import made
from hone.evals.metrics.custom._result import Result, result_of

_SECONDS = 30.0
_LONGEST = 1_000_000  # bytes of an answer
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Answers go where the project says, and nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def webhook(given: Given) -> Evaluator:
    """What the service at the URL in `value` says: POST of `{"output", "context": {"vars", "expected", "metadata"}}`,
    answered by `{"pass": true, "score": 0.5, "reason": "..."}`, of which score and reason may be left out.

    It says right or wrong, a number with the setting `"number": true`. Settings: `timeout` in seconds (30), `headers`,
    in which `${NAME}` is an environment variable. The text of every answer leaves this machine for that service.

    What an example of a dataset brings along is data, which may come from anywhere: it asks URLs that hone.toml has
    among its `webhooks` alone, and reads no variable.

    Raises:
        CallError: the URL or a setting is wrong.
        NotAllowed: the task is private, or a dataset asks for what only the project may.
    """
    no_option("webhook", given)
    only("webhook", given, "timeout", "headers", "number")
    url, seconds = given.value, given.settings.get("timeout", _SECONDS)
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise CallError(f"webhook needs a URL, not {to_json(url)}", hint='"value": "http://localhost:9000/judge"')
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        raise CallError(f"the timeout of webhook is no number of seconds: {to_json(seconds)}")
    _check_allowed(given, url)
    headers = _headers(given.settings.get("headers") or {})

    async def find(example: Example, answer: Answer) -> Result:
        context = {
            "vars": example.input if isinstance(example.input, dict) else {"input": example.input},
            "expected": example.expected,
            "metadata": example.metadata,
        }
        body = json.dumps({"output": answer.text, "context": context}).encode()
        try:
            async with asyncio.timeout(seconds):  # of all of it; a socket counts each read alone
                value = await asyncio.to_thread(_post, url, body, headers, float(seconds))
        except TimeoutError:
            raise _late(url, seconds) from None
        if not isinstance(value, Mapping) or not isinstance(value.get("pass"), bool):
            raise UpstreamGarbage(f"{_shown(url)} did not say whether it passed: {to_json(value)[:200]}")
        return result_of(value, _shown(url))

    return made(
        "webhook",
        given,
        find,
        number=given.settings.get("number") is True,
        key=hashlib.sha256(url.encode()).hexdigest()[:16],
    )


def _post(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Any:
    """
    Raises:
        UpstreamError: no answer, not in time, not with status 2xx, or none that is JSON.
    """
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers}, method="POST")  # noqa: S310 - http alone
    try:
        with _OPENER.open(request, timeout=seconds) as response:
            text = response.read(_LONGEST + 1)
    except urllib.error.HTTPError as problem:
        with problem:
            raise UpstreamRefused(f"{_shown(url)} answered {problem.code}", status=problem.code) from None
    except TimeoutError:
        raise _late(url, seconds) from None
    except OSError as problem:  # URLError among them
        reason = getattr(problem, "reason", problem)
        if isinstance(reason, TimeoutError):
            raise _late(url, seconds) from None
        raise UpstreamUnreachable(f"{_shown(url)} cannot be reached: {reason}") from None
    if len(text) > _LONGEST:
        raise UpstreamGarbage(f"{_shown(url)} answered with more than {_LONGEST} bytes")
    try:
        return from_json(text)
    except ValueError as problem:
        raise UpstreamGarbage(f"{_shown(url)} answered with no JSON: {problem}") from None


def _late(url: str, seconds: float) -> UpstreamTimeout:
    return UpstreamTimeout(f"{_shown(url)} did not answer in {seconds:g} s")


def _shown(url: str) -> str:
    """Without what may be a secret."""
    parts = urlsplit(url)
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def _check_allowed(given: Given, url: str) -> None:
    if given.mark is not None:
        raise NotAllowed(
            f"the task is {given.mark}, and a webhook would send its answers to {_shown(url)}",
            hint='judge it in this process: {"type": "python", "value": "grade.py:grade"}',
        )
    if given.webhooks is None:
        return
    if url not in given.webhooks:
        raise NotAllowed(
            f"an example of the dataset asks {_shown(url)}, which hone.toml does not name",
            hint=f"if you trust it, write above all tables: webhooks = [{to_json(url)}]",
        )
    if _VARIABLE.search(to_json(given.settings.get("headers"))):
        raise NotAllowed(
            f"an example of the dataset sends a variable of the environment to {_shown(url)}",
            hint="a dataset reads no secrets: leave the header out, or ask for the evaluator in Python",
        )


def _headers(given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping) or not all(isinstance(each, str) for pair in given.items() for each in pair):
        raise CallError("the headers of webhook are names and texts", hint='{"Authorization": "Bearer ${KEY}"}')
    return {name: _VARIABLE.sub(_variable, value) for name, value in given.items()}


def _variable(match: re.Match[str]) -> str:
    if match[1] not in os.environ:
        raise CallError(f"the environment has no variable {match[1]}", hint="a header of webhook names it")
    return os.environ[match[1]]
