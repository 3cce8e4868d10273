"""The output of a batch: one line for each answer, in OpenAI's form."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw, Struct

from hone.batches._lines import Line, read
from hone.batches._usage import Total
from hone.core import new_id
from hone.store import Answered, BatchUsage, Upload


class _Response(Struct):
    status_code: int
    request_id: str
    body: Raw


class _Output(Struct):
    id: str
    custom_id: str
    response: _Response | None
    error: dict[str, Any] | None


def answered(line: Line, status: int, request_id: str, body: bytes) -> Answered:
    """The answer to a line. The trace id of the call is its `request_id`."""
    response = _Response(status, request_id, Raw(_one_line(body)))
    return Answered(line=line.number, succeeded=status < 400, answer=_encoded(line, response, None))


def write(answers: Iterable[Answered], good: Upload, bad: Upload) -> tuple[set[int], BatchUsage]:
    """Write answers to the file they belong to. The lines that had one, and their tokens."""
    seen, total = set(), Total()
    for each in answers:
        (good if each.succeeded else bad).write(each.answer + b"\n")
        seen.add(each.line)
        if each.succeeded:
            total.add(each.answer)
    return seen, total.usage


def write_expired(path: Path, seen: set[int], bad: Upload) -> int:
    """Say of each other line of the input that there was no time for it. How many there were."""
    error = {"code": "batch_expired", "message": "there was no time for this call before the batch expired"}
    late = 0
    for line in read(path, seen):
        bad.write(_encoded(line, None, error) + b"\n")
        late += 1
    return late


def _encoded(line: Line, response: _Response | None, error: dict[str, Any] | None) -> bytes:
    return msgspec.json.encode(_Output(f"batch_req_{new_id()}", line.custom_id, response, error))


def _one_line(body: bytes) -> bytes:
    # Inside of JSON's strings a line break is escaped, so any that is here stands between tokens.
    return body.replace(b"\r", b" ").replace(b"\n", b" ")
