"""Whether a gateway that is called for long, in front of a bad model server, keeps its books and its size.

    python benchmarks/soak.py [--minutes 10] [--workers 2] [--callers 16] [--quick] [--json FILE]

`hone up` with its workers stands before a model server that answers, stalls, resets, cuts and talks garbage
(`_faulty.py`). The callers (`_callers.py`) have keys, one with a rate that they pass, and purses that they spend to the
end; some leave in mid-stream. Every 40 seconds a worker is killed, never the oldest, whose memory is looked at.

A token costs a dollar and a prompt nothing, so sums of costs are exact. A purse is exact when what is used is what its
spans have cost, to the dollar; of one that was in use when a worker was killed, what that worker held may count as used
on top, and is told apart. Growth is the mean of the last quarter over that of the third. Linux only.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from _books import PURSE, RATE, Books, books
from _callers import Caller, Group, Noted

HERE = Path(__file__).resolve().parent
PAGE = os.sysconf("SC_PAGE_SIZE")
PROJECT = """\
project = "soak"
[models.first]
use = "openai-compatible/faulty"
base_url = "http://127.0.0.1:{port}/v1"
price = {{ input = 0.0, output = 1_000_000.0 }}
[models.second]
use = "openai-compatible/faulty"
base_url = "http://127.0.0.1:{port}/v1"
price = {{ input = 0.0, output = 1_000_000.0 }}
retries = 1
[tasks.chain]
models = ["first", "second"]
timeout = "10s"
[budgets.purse]
per = "user"
spend = "{purse} USD / month"
"""


@dataclass
class Seen:
    """What was read from outside while the callers called."""

    memory: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))  # MB, by process
    files: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    kills: list[float] = field(default_factory=list)
    noted: list[Noted] = field(default_factory=list)
    busy: int = 0  # connections to the model that still had a call, when nobody called any more
    left_open: int = 0  # connections to the model after the end
    ended: int = 0  # exit status
    main: int = 0
    oldest: int = 0


@contextmanager
def model_server() -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, HERE / "_faulty.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.stdin.close()


def stats(port: int) -> dict[str, int]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats", timeout=10) as answer:
        return json.load(answer)


class Up:
    """A running `hone up`."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "hone", "up", "--port", "0", "--json", "--project", str(folder)]
        command += ["--workers", str(workers)] if workers else []
        with (folder / "up.log").open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ | {"HONE_API_KEY": "sesame"}
            )
        assert self.process.stdout is not None
        self.port = int(json.loads(self.process.stdout.readline())["url"].rpartition(":")[2])

    def workers(self) -> list[int]:
        """The oldest first."""
        files = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return sorted((int(pid) for file in files for pid in file.read_text().split()), key=started)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def started(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return 0


def key(folder: Path, name: str, *options: str) -> str:
    command = [sys.executable, "-m", "hone", "keys", "create", name, *options, "--json", "--project", str(folder)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["secret"]


# -- the run


async def soak(up: Up, groups: list[Group], callers: int, seconds: float, seen: Seen) -> None:
    end = time.monotonic() + seconds
    seen.main = up.process.pid
    seen.oldest = next(iter(up.workers()), 0)
    crowd = [
        Caller(up.port, groups[number % len(groups)], seen.noted, lambda: time.monotonic() > end)
        for number in range(callers)
    ]
    await asyncio.gather(
        watch(up, end, min(5.0, seconds / 20), seen),
        kill(up, end, min(40.0, seconds / 4), seen),
        *(caller.run() for caller in crowd),
    )


async def watch(up: Up, end: float, every: float, seen: Seen) -> None:
    while time.monotonic() < end:
        await asyncio.sleep(every)
        for pid in (seen.main, *up.workers()):
            try:
                megabytes, files = size(pid)
            except OSError:
                continue  # it has been killed
            seen.memory[pid].append(megabytes)
            seen.files[pid].append(files)


def size(pid: int) -> tuple[float, int]:
    """Resident memory in MB (10^6 bytes), and open files but for those of segments, which grow with the spans."""
    process = Path(f"/proc/{pid}")
    pages = int((process / "statm").read_text().split()[1])
    return pages * PAGE / 1e6, sum("/blobs/" not in str(file) for file in opened(process))


def opened(process: Path) -> Iterator[Path]:
    for file in (process / "fd").iterdir():
        with suppress(FileNotFoundError):  # it has been closed
            yield file.readlink()


async def kill(up: Up, end: float, every: float, seen: Seen) -> None:
    """The youngest, as long as there are two that serve."""
    while time.monotonic() + every < end:
        await asyncio.sleep(every)
        crew = up.workers()
        if len(crew) > 1:
            seen.kills.append(time.time())
            os.kill(crew[-1], signal.SIGKILL)


def run(folder: Path, minutes: float, workers: int, callers: int) -> Seen:
    seen = Seen()
    with model_server() as port:
        (folder / "hone.toml").write_text(PROJECT.format(port=port, purse=PURSE))
        groups = [
            Group("steady", key(folder, "steady")),
            Group("brisk", key(folder, "brisk", "--rate", f"{RATE} / minute")),
        ]
        up = Up(folder, workers)
        try:
            asyncio.run(soak(up, groups, callers, minutes * 60, seen))
            time.sleep(3)
            seen.busy = stats(port)["busy"]
        finally:
            seen.ended = up.stop()
        time.sleep(0.5)
        seen.left_open = stats(port)["open"]
    return seen


# -- the figures


def failed(call: Noted) -> bool:
    return call.status >= 500 or (call.status == 429 and not call.limited)


def growth(values: list[float]) -> float | None:
    """Per cent, of the last quarter over the third; None where there is too little."""
    quarter = len(values) // 4
    if quarter < 2:
        return None
    third, last = values[2 * quarter : 3 * quarter], values[3 * quarter :]
    return (statistics.mean(last) / statistics.mean(third) - 1) * 100


def rows(seen: Seen, found: Books, minutes: float) -> list[dict]:
    def row(name: str, value: float | None, unit: str, goal: str | None = None) -> dict:
        return {"name": name, "value": value, "unit": unit, "goal": goal, "peers": {}}

    statuses = Counter(call.status for call in seen.noted)
    return [
        row("calls", len(seen.noted), f"in {minutes:g} min"),
        row("of these refused by the rate", sum(call.limited for call in seen.noted), "calls"),
        row("of these refused by a spent budget", statuses[402], "calls"),
        row("of these failed by the model", sum(failed(call) for call in seen.noted), "calls"),
        row("of these left in mid-stream", sum(call.left for call in seen.noted), "calls"),
        row("workers killed", len(seen.kills), ""),
        row("without an answer in 30 s", statuses[-1], "calls", "0"),
        row("lost spans of answered calls", found.lost, "", "0"),
        row("lost spans of calls that were left", found.unseen, "", "0"),
        row("calls that died with a worker, without a span", found.killed, ""),
        row("doubled spans", found.doubled, "", "0"),
        row("purses", found.purses, ""),
        row("of these in use when a worker was killed", found.touched, ""),
        row("purses that are not exact", len(found.inexact), "", "0"),
        row("purses that were passed", len(found.passed), "", "0"),
        row("held by killed workers, and counted as used", found.on_top, "$"),
        row("spent in all", found.spent, "$"),
        row("the rate at its fullest", found.rate * 100, "% of the limit", "< 101"),
        *(row(*each) for each in sizes(seen, seen.main, "main process")),
        *(row(*each) for each in (sizes(seen, seen.oldest, "oldest worker") if seen.oldest else [])),
        row("calls at the model after the last caller", seen.busy, "", "0"),
        row("connections to the model after the end", seen.left_open, "", "0"),
        row("exit status", seen.ended, "", "0"),
    ]


def sizes(seen: Seen, pid: int, who: str) -> list[tuple[str, float | None, str, str | None]]:
    memory, files = seen.memory[pid], seen.files[pid]
    return [
        (f"memory of the {who}", memory[-1], "MB", None),
        (f"growth of the {who}", growth(memory), "%", "< 5"),
        (f"open files of the {who}", files[-1], "", None),
        (f"growth of open files of the {who}", growth(files), "%", "< 10"),
    ]


def said(value: float | None) -> str:
    if value is None:
        return "?"
    return f"{value:,.4g}" if value < 1000 else f"{value:,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=2, help="0: one process does all")
    parser.add_argument("--callers", type=int, default=16)
    parser.add_argument("--quick", action="store_true", help="half a minute")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", type=Path, help="a new folder for the project, which stays")
    options = parser.parse_args()
    minutes = 0.5 if options.quick else options.minutes
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        seen = run(folder, minutes, options.workers, options.callers)
        found = books(folder, seen.noted, seen.kills)
        made = rows(seen, found, minutes)
    for each in made:
        print(f"{each['name']:50} {said(each['value']):>10} {each['unit']:15} {each['goal'] or ''}")
    for user, (used, costs) in found.inexact.items():
        print(f"not exact: {user} used ${used:g}, and its spans cost ${costs:g}", file=sys.stderr)
    for user, used in found.passed.items():
        print(f"passed: {user} used ${used:g} of ${PURSE}", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps(made))


if __name__ == "__main__":
    main()
