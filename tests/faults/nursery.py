"""A process that has everything imported and forks children who write telemetry until somebody kills them.

Reads one JSON order a line: {"folder", "url", "seed", "log", "die_at"}; answers with the child's process id. The child
notes every acknowledged record in the log with one write(), which a kill cannot take back. With `die_at`, it kills
itself at the n-th rename, removal, file opened or database opened from then on: the steps between which a crash hurts.
"""

import itertools
import json
import os
import random
import signal
import sys
import traceback
from pathlib import Path

from hone.core import Score, Span, Target, to_json
from hone.errors import StoreBusy
from hone.store import Limits, Telemetry, open_database

LIMITS = Limits(
    queue_rows=60,
    group_rows=10,
    group_seconds=0.001,
    hot_bytes=200_000,
    seal_rows=40,
    seal_seconds=0.1,
    fan_in=3,
    grace_seconds=0.05,
    spool_bytes=6000,
    maintain_seconds=0.01,
)
_EVENTS = {"os.rename", "os.remove", "open", "sqlite3.connect", "os.truncate"}
NOON = 1_790_000_000 * 1_000_000_000


def span(seed: int, n: int) -> Span:
    start = NOON + n * 1000 + seed
    return Span(
        project="p", trace_id=f"{seed:016x}{n // 4 + 1:016x}", span_id=f"{seed + 1:08x}{n + 1:08x}", name=f"{seed}-{n}",
        start=start, end=start + 1, input=to_json(f"number{n} " + "words " * (n % 50)),
        attributes={"seed": seed, "n": n},
    )  # fmt: skip


def score(seed: int, n: int) -> Score:
    target = Target("span", span(seed, n).span_id)
    return Score(
        project="p", id=f"{seed}-{n}", time=NOON + n, target=target, name="good", value=float(n), kind="number"
    )


def die_at(count: int) -> None:
    left = itertools.count(count, -1)

    def hook(event: str, _: object) -> None:
        if event in _EVENTS and next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def write(order: dict) -> None:
    """Put, repeat and spool records for ever."""
    folder, seed = Path(order["folder"]), order["seed"]
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    engine = open_database(order["url"])
    chance = random.Random(seed)
    if order["die_at"] is not None:
        die_at(order["die_at"])
    store = Telemetry(engine, folder / "blobs", spool=folder / "spool", limits=LIMITS)
    os.write(log, b"ready\n")
    for n in itertools.count(0, 6):
        numbers = range(n, n + chance.randrange(1, 7))
        if chance.random() < 0.4:
            store.spool([make(seed, k) for k in numbers for make in (span, score)])
        else:
            again = [span(seed, chance.randrange(n))] if n else []
            try:
                store.put([make(seed, k) for k in numbers for make in (span, score)] + again).wait(60)
            except StoreBusy:
                continue
        os.write(log, "".join(f"{k}\n" for k in numbers).encode())


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                write(order)
            except BaseException:
                Path(order["log"] + ".error").write_text(traceback.format_exc())
            os._exit(1)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
