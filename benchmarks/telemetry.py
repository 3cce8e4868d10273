"""How fast telemetry is written and asked, beside plain SQLite with FTS5 and a DuckDB file.

    python benchmarks/telemetry.py                  100,000 and 1,000,000 spans
    python benchmarks/telemetry.py --quick          20,000 spans, under a minute
    python benchmarks/telemetry.py --json FILE      the same numbers as a list of rows

Spans average 2.7 KB (1 to 8) of text with Zipf's frequencies and some system prompts that repeat, over seven days.
Everybody gets the same spans in batches of 500, one batch at a time, each durable before the next is sent.
"""

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from hone.core import Span, text_in, to_json
from hone.errors import StoreBusy
from hone.store import SpanQuery, Telemetry, Ticket, open_database
from hone.store._codec import SPAN, to_batch

BATCH = 500
HOUR = 3600 * 1_000_000_000
END = 1_790_000_000 * 1_000_000_000
WEEK = 7 * 24 * HOUR
COMMON, RARE, SCATTERED = "the", "xylograph", "zymurgy"
MODELS = ("gpt-5", "gpt-5-mini", "claude-sonnet", "gemini-flash", "qwen3-8b")


class Texts:
    """Random texts that compress and index like documentation: Zipf's frequencies, topics whose words recur."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
        weights = np.linspace(2, 0.2, len(letters))
        words = ["".join(self.random.choice(letters, size=n, p=weights / weights.sum()))
                 for n in self.random.integers(2, 10, 30_000)]  # fmt: skip
        words[0] = COMMON
        self.words = np.array(words, dtype=object)
        frequency = 1 / np.arange(1, len(words) + 1)
        self.frequency = frequency / frequency.sum()
        self.topics = [self._sentences(800) for _ in range(200)]
        self.systems = [" ".join(self.topics[n][:3]) for n in range(5)]

    def _sentences(self, count: int) -> list[str]:
        drawn = self.random.choice(len(self.words), size=(count, 40), p=self.frequency)
        topic = self.random.integers(50, len(self.words), 120)
        own = topic[self.random.choice(120, size=(count, 40), p=self.frequency[:120] / self.frequency[:120].sum())]
        mixed = np.where(self.random.random((count, 40)) < 0.5, own, drawn)
        return [" ".join(row) for row in self.words[mixed].tolist()]

    def spans(self, total: int) -> Iterator[list[Span]]:
        for first in range(0, total, BATCH):
            yield self._batch(first, total)

    def _batch(self, first: int, total: int) -> list[Span]:
        random = self.random
        lengths = np.clip(random.lognormal(1.92, 0.5, BATCH), 3, 30).astype(int).tolist()
        picks = random.integers(0, 800, (BATCH, 31)).tolist()
        numbers = random.integers(1, 1000, (BATCH, 3)).tolist()
        ids = random.bytes(8 * BATCH).hex()
        return [
            self._span(first + n, total, lengths[n], picks[n], numbers[n], ids[16 * n : 16 * n + 16])
            for n in range(BATCH)
        ]

    def _span(self, n: int, total: int, length: int, picks: Any, numbers: Any, span_id: str) -> Span:
        start = END - WEEK + n * (WEEK // total)
        topic = self.topics[picks[30] * 31 % 200]
        said = [topic[i] for i in picks[:length]]
        if n % 200_003 == 7:
            said.append(RARE)
        if n % (total // 50) == 9:
            said.append(SCATTERED)
        question, answer = " ".join(said[: length // 2]), " ".join(said[length // 2 :])
        messages = [{"role": "system", "content": self.systems[n % 5]}, {"role": "user", "content": question}]
        return Span(
            project="bench",
            trace_id=f"{n // 4 * 2654435761 % 2**64:032x}",
            span_id=span_id,
            parent_id=None if n % 4 == 0 else "00f067aa0ba902b7",
            kind="llm",
            name="chat",
            start=start,
            end=start + numbers[0] * 1_000_000,
            status="error" if n % 97 == 0 else "ok",
            environment="production",
            session=f"s{n // 12}",
            user=f"u{numbers[1] * numbers[2] % 5000}",
            task="answer",
            variant="baseline",
            model=MODELS[n % 5],
            provider="openai",
            input_tokens=length * 60,
            output_tokens=length * 30,
            cost=length * 1e-5,
            input=to_json(messages),
            output=to_json({"role": "assistant", "content": answer}),
            attributes={"temperature": 0.2},
        )


class Hone:
    name = "hone"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = open_database(f"sqlite:///{folder / 'hone.db'}")
        self.telemetry = Telemetry(self.engine, folder / "blobs")
        self.refused = 0.0  # seconds that the last write waited for room

    def write(self, spans: list[Span]) -> None:
        self._wait_for_room(spans).wait()

    def _wait_for_room(self, spans: list[Span]) -> Ticket:
        """A sender is told to try again while sealing is behind. That is waiting too, but not a commit."""
        begin = time.perf_counter()
        while True:
            try:
                ticket = self.telemetry.put(spans)
            except StoreBusy:
                time.sleep(0.01)
                continue
            self.refused = time.perf_counter() - begin
            return ticket

    def settle(self) -> dict[str, float]:
        unsealed = sum(hot.batch.num_rows for hot in self.telemetry._mirror.view().hot)
        begin = time.perf_counter()
        self.telemetry.seal()
        sealed = time.perf_counter()
        self.telemetry.compact()
        return {"unsealed": unsealed, "seal": sealed - begin, "compact": time.perf_counter() - sealed}

    def bytes(self) -> int:
        named = {segment.entry.id for segment in self.telemetry._mirror.view().segments}
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.stem in named)

    def questions(self, trace_id: str) -> dict[str, Callable[[], Any]]:
        store, week = self.telemetry, SpanQuery(project="bench", since=END - WEEK)
        return {
            "latest 50": lambda: store.spans(SpanQuery(project="bench")),
            "one trace": lambda: store.trace("bench", trace_id),
            "hourly percentiles by model": lambda: store.percentiles(week, by="model", bucket=HOUR),
            "top users": lambda: store.top("user", SpanQuery(project="bench", limit=20)),
            "word search, common": lambda: store.spans(SpanQuery(project="bench", words=COMMON)),
            "word search, rare": lambda: store.spans(SpanQuery(project="bench", words=RARE)),
            "word search, 50 far apart": lambda: store.spans(SpanQuery(project="bench", words=SCATTERED)),
        }

    def close(self) -> None:
        self.telemetry.close()
        self.engine.dispose()


COLUMNS = [name for name in SPAN.columns if name != "tags"]


class SQLite:
    """One row a span, the usual indexes, FTS5 in the same transaction."""

    name = "SQLite + FTS5"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.db = sqlite3.connect(folder / "spans.db", isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
            self.db.execute(f"PRAGMA {pragma}")
        columns = ", ".join(f'"{name}"' for name in COLUMNS)
        self.db.execute(f"CREATE TABLE spans ({columns}, UNIQUE (project, trace_id, span_id))")
        self.db.execute('CREATE INDEX by_start ON spans (project, "start")')
        self.db.execute("CREATE VIRTUAL TABLE words USING fts5(body, content='', detail=none, columnsize=0)")
        self.rows = 0

    def write(self, spans: list[Span]) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        values = [
            [to_json(span.attributes) if name == "attributes" else getattr(span, name) for name in COLUMNS]
            for span in spans
        ]
        self.db.executemany(f"INSERT OR IGNORE INTO spans VALUES ({', '.join('?' * len(COLUMNS))})", values)
        bodies = [(self.rows + n, f"{text_in(s.input)}\n{text_in(s.output)}") for n, s in enumerate(spans, 1)]
        self.db.executemany("INSERT INTO words(rowid, body) VALUES (?, ?)", bodies)
        self.rows += len(spans)
        self.db.execute("COMMIT")

    def settle(self) -> dict[str, float]:
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return {}

    def bytes(self) -> int:
        return (self.folder / "spans.db").stat().st_size

    def questions(self, trace_id: str) -> dict[str, Callable[[], Any]]:
        def ask(sql: str, *values: Any) -> Callable[[], Any]:
            return lambda: self.db.execute(sql, values).fetchall()

        words = (
            "SELECT * FROM spans WHERE rowid IN "
            "(SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT 50)"
        )
        ranked = (
            'WITH ranked AS (SELECT model, "start" / ?1 AS hour, "end" - "start" AS took, cost, row_number() OVER '
            '(PARTITION BY model, "start" / ?1 ORDER BY "end" - "start") AS place, count(*) OVER (PARTITION BY model, '
            '"start" / ?1) AS n FROM spans WHERE project = ?2 AND "start" >= ?3) SELECT model, hour, n, '
            "max(took) FILTER (WHERE place <= n * .5 + 1), max(took) FILTER (WHERE place <= n * .95 + 1), sum(cost) "
            "FROM ranked GROUP BY 1, 2"
        )
        return {
            "latest 50": ask('SELECT * FROM spans WHERE project = ? ORDER BY "start" DESC LIMIT 50', "bench"),
            "one trace": ask("SELECT * FROM spans WHERE project = ? AND trace_id = ?", "bench", trace_id),
            "hourly percentiles by model": ask(ranked, HOUR, "bench", END - WEEK),
            "top users": ask('SELECT "user", count(*), sum(cost) FROM spans GROUP BY 1 ORDER BY 2 DESC LIMIT 20'),
            "word search, common": ask(words, COMMON),
            "word search, rare": ask(words, RARE),
            "word search, 50 far apart": ask(words, SCATTERED),
        }

    def close(self) -> None:
        self.db.close()


class DuckDB:
    """One table in a DuckDB file, each batch appended from Arrow in a transaction of its own."""

    name = "DuckDB file"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.db = duckdb.connect(folder / "spans.duckdb", config={"threads": 2, "memory_limit": "1GB"})
        self.db.register("batch", pa.Table.from_batches([], schema=SPAN.schema))
        self.db.execute("CREATE TABLE spans AS SELECT * FROM batch")

    def write(self, spans: list[Span]) -> None:
        batch = to_batch(SPAN, [SPAN.row(span) for span in spans])
        self.db.register("batch", pa.Table.from_batches([batch]))
        self.db.execute("INSERT INTO spans SELECT * FROM batch")

    def settle(self) -> dict[str, float]:
        self.db.execute("CHECKPOINT")
        return {}

    def bytes(self) -> int:
        return (self.folder / "spans.duckdb").stat().st_size

    def questions(self, trace_id: str) -> dict[str, Callable[[], Any]]:
        def ask(sql: str, *values: Any) -> Callable[[], Any]:
            return lambda: self.db.execute(sql, values).fetchall()

        words = (
            r"SELECT * FROM spans WHERE regexp_matches(input, ?1, 'i') OR regexp_matches(output, ?1, 'i') "
            'ORDER BY "start" DESC LIMIT 50'
        )
        return {
            "latest 50": ask('SELECT * FROM spans WHERE project = ? ORDER BY "start" DESC LIMIT 50', "bench"),
            "one trace": ask("SELECT * FROM spans WHERE project = ? AND trace_id = ?", "bench", trace_id),
            "hourly percentiles by model": ask(
                'SELECT model, "start" // ?, count(*), sum(cost), quantile_disc("end" - "start", [.5, .95, .99]) '
                'FROM spans WHERE "start" >= ? GROUP BY 1, 2', HOUR, END - WEEK),
            "top users": ask('SELECT "user", count(*), sum(cost) FROM spans GROUP BY 1 ORDER BY 2 DESC LIMIT 20'),
            "word search, common": ask(words, rf"\b{COMMON}\b"),
            "word search, rare": ask(words, rf"\b{RARE}\b"),
            "word search, 50 far apart": ask(words, rf"\b{SCATTERED}\b"),
        }  # fmt: skip

    def close(self) -> None:
        self.db.close()


GOALS = {
    "durable spans/s": (10_000, "at least"),
    "longest commit": (250, "at most"),
    "bytes per span": (1000, "at most"),
    "latest 50": (50, "at most"),
    "one trace": (100, "at most"),
    "hourly percentiles by model": (60, "at most"),
    "word search, common": (70, "at most"),
    "word search, rare": (70, "at most"),
}
UNITS = {"durable spans/s": "spans/s", "bytes per span": "B", "CPU per 1,000 spans": "ms"}


def measure(kind: type[Hone] | type[SQLite] | type[DuckDB], total: int, where: Path) -> dict[str, float]:
    """Write `total` spans, let everything settle, ask every question nine times."""
    folder = Path(tempfile.mkdtemp(prefix="hone-bench-", dir=where))
    try:
        store = kind(folder)
        found = _write(store, total)
        found |= {f"{name} afterwards": value for name, value in store.settle().items()}
        found["bytes per span"] = store.bytes() / total
        store.write(Texts(99)._batch(total, total))  # some rows are always new
        for name, ask in store.questions(f"{total // 2 // 4 * 2654435761 % 2**64:032x}").items():
            found[name] = _median_ms(ask)
        store.close()
        return found
    finally:
        shutil.rmtree(folder)


def _write(store: Any, total: int) -> dict[str, float]:
    commits, refusals, making, making_cpu, size = [], [], 0.0, 0.0, 0
    texts = Texts(1)
    cpu = time.process_time()
    begin = last = time.perf_counter()
    last_cpu = time.thread_time()
    for spans in texts.spans(total):
        ready = time.perf_counter()
        making += ready - last
        making_cpu += time.thread_time() - last_cpu
        store.write(spans)
        last, last_cpu = time.perf_counter(), time.thread_time()
        refused = getattr(store, "refused", 0.0)
        refusals.append(refused * 1000)
        commits.append((last - ready - refused) * 1000)
        size += sum(len(span.input or "") + len(span.output or "") for span in spans)
    return {
        "durable spans/s": total / (last - begin - making),
        "with making them": total / (last - begin),
        "median commit": statistics.median(commits),
        "longest commit": max(commits),
        "longest wait for room": max(refusals),
        "CPU per 1,000 spans": (time.process_time() - cpu - making_cpu) / total * 1e6,
        "text bytes": size / total,
    }


def _median_ms(ask: Callable[[], Any]) -> float:
    took = []
    for _ in range(9):
        begin = time.perf_counter()
        assert len(ask()) > 0
        took.append((time.perf_counter() - begin) * 1000)
    return statistics.median(took)


def rows(total: int, results: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    ours = results["hone"]
    return [
        {
            "name": f"{name}, {total:,} spans",
            "value": round(value, 2),
            "unit": UNITS.get(name, "ms"),
            "goal": f"{GOALS[name][1]} {GOALS[name][0]:,}" if name in GOALS else None,
            "peers": {
                peer: round(found[name], 2) for peer, found in results.items() if peer != "hone" and name in found
            },
        }
        for name, value in ours.items()
        if "afterwards" not in name and name not in ("text bytes", "with making them")
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--quick", action="store_true", help="20,000 spans, under a minute")
    arguments.add_argument("--spans", type=int, help="this many spans alone")
    arguments.add_argument("--no-peers", action="store_true")
    arguments.add_argument("--json", type=Path, metavar="FILE")
    arguments.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    chosen = arguments.parse_args()
    sizes = [chosen.spans] if chosen.spans else [20_000] if chosen.quick else [100_000, 1_000_000]
    published: list[dict[str, Any]] = []
    for total in sizes:
        kinds = [Hone] if chosen.no_peers or total > 200_000 else [Hone, SQLite, DuckDB]
        results = {}
        for kind in kinds:
            print(f"{kind.name}, {total:,} spans, load {os.getloadavg()[0]:.1f} ...", file=sys.stderr, flush=True)
            results[kind.name] = measure(kind, total, chosen.folder)
            print(
                "  " + ", ".join(f"{name} {value:,.1f}" for name, value in results[kind.name].items()), file=sys.stderr
            )
        published += rows(total, results)
    for row in published:
        peers = ", ".join(f"{name} {value:,}" for name, value in row["peers"].items())
        print(f"{row['name']:<50} {row['value']:>12,} {row['unit']:<8} {row['goal'] or '':<18} {peers}")
    if chosen.json:
        chosen.json.write_text(json.dumps(published, indent=2) + "\n")


if __name__ == "__main__":
    main()
