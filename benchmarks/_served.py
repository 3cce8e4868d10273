"""A server under measurement: a process on a core of its own, with what it and its children use (Linux only)."""

import http.client
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
SERVER, OTHERS = {0}, {1}  # cores


class Served:
    """A running server; figures are sums over its process and all that it started, or over those that answer alone."""

    def __init__(self, pid: int, worker: str | None = None) -> None:
        """`worker` stands on the command line of those that answer, where others stand behind them."""
        self.pid = pid
        self.answered = 0
        self._worker = worker

    def cpu(self, *, serving: bool = False) -> float:
        """Seconds of CPU, user and system, since it started; children that have ended are counted in."""
        return sum(sum(map(int, fields[11:15])) for fields in self._family(serving)) / TICK

    def memory(self, *, serving: bool = False) -> float:
        """Resident memory in MB (10^6 bytes)."""
        return sum(int(fields[21]) for fields in self._family(serving)) * PAGE / 1e6

    def settle(self) -> None:
        """Wait until what it does behind the answers is done: it is part of their cost."""
        end = time.monotonic() + 10
        used = self.cpu()
        while time.monotonic() < end:
            time.sleep(0.5)
            now = self.cpu()
            if now - used <= 0.02:
                return
            used = now

    def _family(self, serving: bool = False) -> list[list[str]]:
        """The fields of /proc/PID/stat behind the name, for the process and its descendants."""
        found: dict[int, list[str]] = {}
        for path in Path("/proc").iterdir():
            if path.name.isdigit():
                try:
                    found[int(path.name)] = (path / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue  # it has ended
        wanted = [self.pid]
        for pid in wanted:
            wanted += [child for child, fields in found.items() if int(fields[1]) == pid]
        if serving and self._worker is not None:
            wanted = [pid for pid in wanted if self._worker.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()]
        return [found[pid] for pid in wanted if pid in found]


@contextmanager
def serving(
    command: list[str], env: dict[str, str], cwd: Path, log: Path, worker: str | None = None
) -> Iterator[Served]:
    """A server on its core, stopped at the end. Of our environment it gets as little as it needs."""
    environ = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | env
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, SERVER)  # children inherit it
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=environ, cwd=cwd, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    os.sched_setaffinity(0, ours)
    try:
        yield Served(process.pid, worker)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def first_answer(port: int, headers: dict[str, str], body: str, within: float = 120.0) -> None:
    """Ask until the first 200."""
    end, last = time.monotonic() + within, "nothing"
    while time.monotonic() < end:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json", **headers})
            answer = connection.getresponse()
            last = f"{answer.status} {answer.read(500)!r}"
            if answer.status == 200:
                return
        except (OSError, http.client.HTTPException) as problem:
            last = str(problem)
        finally:
            connection.close()
        time.sleep(0.005)
    raise SystemExit(f"no answer within {within:g} s; the last was: {last}")
