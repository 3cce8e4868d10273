"""A telemetry store on each kind of database, and spans to put into it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from hone.core import Event, Score, Span, Target, to_json
from hone.store import Limits, Telemetry

MINUTE = 60 * 1_000_000_000
NOON = 1_790_000_000 * 1_000_000_000

MakeSpan = Callable[..., Span]
MakeScore = Callable[..., Score]
MakeEvent = Callable[..., Event]
Open = Callable[..., Telemetry]


@pytest.fixture
def span() -> MakeSpan:
    """Span number `n` of a quiet application: three to a trace, one a minute."""

    def make(n: int = 0, **changes: Any) -> Span:
        start = NOON + n * MINUTE
        usual: dict[str, Any] = {
            "project": "p",
            "trace_id": f"{n // 3 + 1:032x}",
            "span_id": f"{n + 1:016x}",
            "parent_id": None if n % 3 == 0 else f"{n // 3 * 3 + 1:016x}",
            "kind": "llm",
            "name": f"span {n}",
            "start": start,
            "end": start + 1000 + n,
            "model": ("small", "large")[n % 2],
            "user": f"u{n % 5}",
            "tags": ("blue",) if n % 4 == 0 else (),
            "input_tokens": 10,
            "output_tokens": 5,
            "cost": 0.25,
            "input": to_json([{"role": "user", "content": f"where is parcel number{n}?"}]),
            "output": to_json("It is on its way."),
            "attributes": {"n": n},
        }
        return Span(**usual | changes)

    return make


@pytest.fixture
def score() -> MakeScore:
    def make(n: int = 0, **changes: Any) -> Score:
        usual: dict[str, Any] = {
            "project": "p",
            "id": f"score-{n}",
            "time": NOON + n * MINUTE,
            "target": Target("span", f"{n + 1:016x}"),
            "name": "helpful",
            "value": n % 2 == 0,
            "kind": "boolean",
            "attributes": {"n": n},
        }
        return Score(**usual | changes)

    return make


@pytest.fixture
def event() -> MakeEvent:
    def make(n: int = 0, **changes: Any) -> Event:
        usual: dict[str, Any] = {
            "project": "p", "id": f"event-{n}", "time": NOON + n * MINUTE, "name": "release", "subject": "task:answer",
            "attributes": {"n": n},
        }  # fmt: skip
        return Event(**usual | changes)

    return make


@pytest.fixture
def open_store(engine: Engine, tmp_path: Path) -> Iterator[Open]:
    """Open the store of this test, once more each time; nothing is sealed unless the test asks."""
    opened: list[Telemetry] = []

    def open_it(*, durable: bool = False, **limits: Any) -> Telemetry:
        chosen = Limits(**{"background": False, "grace_seconds": 0.0} | limits)
        store = Telemetry(engine, tmp_path / "blobs", spool=tmp_path / "spool", durable=durable, limits=chosen)
        opened.append(store)
        return store

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Open) -> Telemetry:
    return open_store()


@pytest.fixture
def block_writer() -> Callable[[Telemetry], AbstractContextManager[None]]:
    """Keep the writer from committing for the length of a block, as a slow disk would."""

    @contextmanager
    def block(store: Telemetry) -> Iterator[None]:
        # The writer must look at the mirror before it commits.
        with store._mirror._lock:
            yield

    return block
