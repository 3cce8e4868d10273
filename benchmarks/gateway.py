"""What a call through the gateway costs, beside LiteLLM, Portkey, nginx and FastAPI with httpx.

    python benchmarks/gateway.py                      everything, about a quarter of an hour
    python benchmarks/gateway.py --quick              under a minute, with the peers that are installed; no ratios
    python benchmarks/gateway.py --only hone nginx    those alone
    python benchmarks/gateway.py --json FILE          the same numbers as a list of rows

All stand before the same model server (`_upstream.py`), are asked by the same callers (`_load.py`) and run on one
core; callers and model share another one. A request is 1 kB and its answer 0.6 kB; a chunk of a stream comes alone,
one about every 10 ms, in 64 streams at a time. Every gateway is started, warmed and measured in each of three rounds,
and a figure is the median of the rounds. A single answer that is not the model's ends the benchmark.

hone runs as `hone up --workers 1`: a worker answers, and the main process keeps spans and pages on the same core. The
caller has a key of its own with a budget, two more budgets hold for every call, each call is priced and its span kept.
CPU is user and system time, what a gateway does after the last answer included; that of streams
is divided by their chunks, 200 to a call, so the cost of the call itself is in it. What is added is the gateway's
quantile less that of the model asked directly. The start is that of a project that was opened before. Requests a second
near those of the model alone are a limit of callers and model, not of the gateway. Memory is that of one moment; hone's
goes up and down by some 40 MB as telemetry is sealed.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _gateways import PEERS, Gateway, Start, hone
from _served import OTHERS, Served, first_answer, serving

HERE = Path(__file__).resolve().parent
QUESTION = (
    "Our service keeps a queue of jobs in PostgreSQL. Each worker takes the oldest job that nobody else has, works on "
    "it for up to a minute and marks it as done. Since last week some jobs are done twice: the log shows two workers "
    "with the same job within the same second. The query is SELECT id FROM jobs WHERE state = 'new' ORDER BY created "
    "LIMIT 1, and then UPDATE jobs SET state = 'taken' WHERE id = $1. We run PostgreSQL 16 with the default isolation "
    "level, behind a pool that shares connections between transactions. What goes wrong, which lock would you take, "
    "and how can a job come back when its worker has died?"
)
BODY = {
    "model": "mock",
    "messages": [
        {"role": "system", "content": "You are a careful engineer. Answer briefly, and say what you are not sure of."},
        {"role": "user", "content": QUESTION},
    ],
    "temperature": 0.2,
}
US = 1_000_000


@dataclass
class Sizes:
    """How much is measured."""

    rounds: int
    share: float  # of the requests that a gateway is meant to get
    chunks: int  # of a stream
    memory: int  # requests until memory is read, of those that are fast enough
    more: int  # requests after that, for hone


FULL, QUICK = Sizes(3, 1, 200, 100_000, 400_000), Sizes(1, 0.1, 80, 0, 0)


class Model:
    """The mock, and the callers: where each is asked."""

    def __init__(self, ports: dict[str, int]) -> None:
        self.url = f"http://127.0.0.1:{ports['http']}/v1"
        self.tls_url = f"https://localhost:{ports['https']}/v1" if "https" in ports else None


@contextmanager
def model_server(folder: Path) -> Iterator[Model]:
    """The mock in a process of its own, with TLS when openssl can make a certificate."""
    command = [sys.executable, str(HERE / "_upstream.py"), *(["--tls", str(folder)] if certificate(folder) else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Model(json.loads(process.stdout.readline()))
        process.stdin.close()


def certificate(folder: Path) -> bool:
    """Sign one for localhost ourselves; whether that went well."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print("the TLS row is left out: openssl made no certificate", file=sys.stderr)
        return False
    return True


def ask(url: str, headers: dict[str, str], requests: int, connections: int, chunks: int | None = None) -> Any:
    """So many requests by the callers; streams of `chunks` when that is given."""
    body = BODY if chunks is None else BODY | {"stream": True, "max_tokens": chunks}
    order = {
        "url": f"{url}/chat/completions",
        "headers": headers,
        "body": json.dumps(body),
        "requests": max(requests, connections),
        "connections": connections,
    }
    done = subprocess.run([sys.executable, HERE / "_load.py", json.dumps(order)], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    return json.loads(done.stdout)


class Asked:
    """A running gateway, or the model itself, and the callers who know its address."""

    def __init__(self, url: str, headers: dict[str, str], served: Served | None = None) -> None:
        self.url, self.headers, self.served = url, headers, served

    def ask(self, requests: int, connections: int, chunks: int | None = None) -> Any:
        found = ask(self.url, self.headers, requests, connections, chunks)
        if self.served is not None:
            self.served.answered += max(requests, connections)
        return found

    def cpu(self, requests: int, connections: int, chunks: int | None = None) -> tuple[float, float, Any]:
        """CPU microseconds a request of the process that answers and of all, and what the callers saw."""
        if self.served is None:
            return 0.0, 0.0, self.ask(requests, connections, chunks)
        self.served.settle()
        before = self.served.cpu(serving=True), self.served.cpu()
        found = self.ask(requests, connections, chunks)
        self.served.settle()
        after = self.served.cpu(serving=True), self.served.cpu()
        serving, total = ((b - a) / max(requests, connections) * US for a, b in zip(before, after, strict=True))
        return serving, total, found


@contextmanager
def started(gateway: Gateway, folder: Path, model: str, env: dict[str, str]) -> Iterator[tuple[Asked, float]]:
    """The gateway, answering, and the seconds that took."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder.mkdir(exist_ok=True)
    start: Start = gateway.start(folder, port, model)
    log = folder / "log"
    begin = time.perf_counter()
    with serving(start.command, start.env | env, start.cwd or folder, log, start.worker) as served:
        try:
            first_answer(port, start.headers, json.dumps(BODY))
            took = time.perf_counter() - begin
            yield Asked(f"http://127.0.0.1:{port}/v1", start.headers, served), took
        except SystemExit:
            print(f"{gateway.name} said last:\n{log.read_text(errors='replace')[-2000:]}", file=sys.stderr)
            raise


def measure(asked: Asked, requests: int, streams: int, chunks: int) -> dict[str, float]:
    """One round: warm up, then every figure of a process that goes on serving."""
    asked.ask(requests // 5, 16)
    asked.ask(16, 16, 2)
    found = {}
    found["serving"], found["cpu"], sixteen = asked.cpu(requests, 16)
    one = asked.ask(requests // 10, 1)
    many = asked.ask(requests // 2, 64)
    per_stream, of_all, _ = asked.cpu(streams, 64, chunks)
    found["chunk"], found["chunk of all"] = per_stream / chunks, of_all / chunks
    found["first"] = asked.ask(100, 1, 2)["first"]["p50"] * 1000
    found["rate"] = max(requests // 2, 64) / many["wall"]
    for name, seen in (("1", one), ("16", sixteen)):
        for quantile, seconds in seen["took"].items():
            found[f"{quantile} at {name}"] = seconds * 1000
    return found


DIRECT = "the model alone"
ADDED = ("first", "p50 at 1", "p99 at 1", "p50 at 16", "p99 at 16")


def one_round(gateways: list[Gateway], model: Model, folder: Path, sizes: Sizes, last: bool) -> dict[str, dict]:
    """Every gateway once. Memory is read in the last round, hone's long run is there too."""
    found: dict[str, dict[str, float]] = {}
    say(DIRECT)
    found[DIRECT] = measure(Asked(model.url, {}), int(50_000 * sizes.share), 64, sizes.chunks)
    for gateway in gateways:
        say(gateway.name)
        count = int(gateway.requests * sizes.share)
        place = folder / gateway.name.replace(" ", "")
        with started(gateway, place, model.url, {}) as (asked, took):
            figures = measure(asked, count, int(gateway.streams * sizes.share), sizes.chunks)
            found[gateway.name] = {"start": took} | figures
            if last:
                found[gateway.name] |= memory(asked, gateway, sizes)
        if gateway.name == "hone" and model.tls_url:
            say("hone, TLS to the model")
            env = {"SSL_CERT_FILE": str(folder / "cert.pem")}
            with started(gateway, folder / "tls", model.tls_url, env) as (asked, _):
                asked.ask(count // 5, 16)
                found["hone"]["tls"] = asked.cpu(count, 16)[0]
    return found


def memory(asked: Asked, gateway: Gateway, sizes: Sizes) -> dict[str, float]:
    """Memory after many requests; for hone also after many more, and what those cost."""
    assert asked.served is not None
    if gateway.requests > 20_000 and (left := sizes.memory - asked.served.answered) > 0:
        asked.ask(left, 16)
    asked.served.settle()
    found = {
        "memory": asked.served.memory(serving=True),
        "memory of all": asked.served.memory(),
        "answered": float(asked.served.answered),
    }
    if gateway.name == "hone" and sizes.more:
        say(f"hone, {sizes.more:,} requests more")
        found["long"], _, _ = asked.cpu(sizes.more, 16)
        found["growth"] = (asked.served.memory(serving=True) / found["memory"] - 1) * 100
        found["growth of all"] = (asked.served.memory() / found["memory of all"] - 1) * 100
    return found


def say(name: str) -> None:
    print(f"{name}, load {os.getloadavg()[0]:.1f} ...", file=sys.stderr, flush=True)


def medians(rounds: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Figures of several rounds as one, latencies as what was added to the model's own of the same round."""
    for found in rounds:
        for name, figures in found.items():
            if name != DIRECT:
                for added in ADDED:
                    figures[added] -= found[DIRECT][added]
    return {
        name: {key: statistics.median(one[name][key] for one in rounds if key in one[name]) for key in figures}
        for name, figures in rounds[-1].items()
    }


ROWS = [
    ("serving", "CPU per request, the process that answers", "us", "<= 100"),
    ("cpu", "CPU per request, all processes", "us", None),
    ("chunk", "CPU per chunk, 64 streams, the process that answers", "us", "<= 15"),
    ("chunk of all", "CPU per chunk, 64 streams, all processes", "us", None),
    ("rate", "requests a second, 64 connections", "1/s", None),
    ("p50 at 1", "added by the median, 1 connection", "ms", None),
    ("p99 at 1", "added at p99, 1 connection", "ms", None),
    ("p50 at 16", "added by the median, 16 connections", "ms", None),
    ("p99 at 16", "added at p99, 16 connections", "ms", "<= 8"),
    ("first", "added to the first token", "ms", None),
    ("start", "start to the first answer", "s", "<= 0.8"),
    ("memory", "memory after {answered} requests, the process that answers", "MB", "<= 100"),
    ("memory of all", "memory after them, all processes", "MB", None),
    ("growth", "growth of memory over {more} more, the process that answers", "%", "< 5"),
    ("growth of all", "growth of memory over {more} more, all processes", "%", None),
    ("long", "CPU per request over {more} more", "us", "<= 100"),
    ("tls", "CPU per request, TLS to the model", "us", None),
]
RATIOS = [("LiteLLM", "hone", ">= 60"), ("Portkey", "hone", ">= 10"), ("hone", "nginx", "<= 6")]


def rows(found: dict[str, dict[str, float]], gateways: list[Gateway], sizes: Sizes) -> list[dict[str, Any]]:
    versions = {one.name: f"{one.name} {one.about}" for one in gateways if one.name != "hone"} | {DIRECT: DIRECT}
    made = []
    for key, name, unit, goal in ROWS:
        peers = {versions[peer]: figures[key] for peer, figures in found.items() if peer != "hone" and key in figures}
        if key != "rate":
            peers.pop(DIRECT, None)
        if key in found.get("hone", {}):
            title = name.format(answered=answered(found), more=f"{sizes.more:,}")
            made.append({"name": title, "value": found["hone"][key], "unit": unit, "goal": goal, "peers": peers})
    for over, under, goal in RATIOS:
        if (
            sizes.rounds > 1 and over in found and under in found
        ):  # in a quick run nobody's just-in-time compiler is warm
            ratio = found[over]["cpu"] / found[under]["cpu"]
            title = f"CPU per request, {over} / {under}"
            made.append({"name": title, "value": ratio, "unit": "ratio", "goal": goal, "peers": {}})
    return made


def answered(found: dict[str, dict[str, float]]) -> str:
    """How many requests each had answered when its memory was read: hone's, and of the others where it differs."""
    counts = {name: int(figures["answered"]) for name, figures in found.items() if "answered" in figures}
    ours = counts.pop("hone", 0)
    others = ", ".join(f"{name} {count:,}" for name, count in counts.items() if count != ours)
    return f"{ours:,} ({others})" if others else f"{ours:,}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round, fewer requests, nothing large is installed")
    parser.add_argument("--only", nargs="+", metavar="NAME", help=f"of hone, {', '.join(PEERS)}")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    if not hasattr(os, "sched_setaffinity"):
        raise SystemExit("this benchmark reads /proc and pins processes to cores: it needs Linux")
    if set(options.only or ()) - {"hone", *PEERS}:
        parser.error(f"--only knows hone, {', '.join(PEERS)}")
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("this benchmark needs two cores: one for the gateway, one for callers and model")
    sizes = QUICK if options.quick else FULL
    made = [make(not options.quick) for name, make in PEERS.items() if not options.only or name in options.only]
    gateways = [hone(), *(one for one in made if one is not None)]
    os.sched_setaffinity(0, OTHERS)
    with tempfile.TemporaryDirectory(prefix="hone-bench-") as where, model_server(Path(where)) as model:
        rounds = [
            one_round(gateways, model, Path(where), sizes, last=number == sizes.rounds)
            for number in range(1, sizes.rounds + 1)
        ]
    published = rows(medians(rounds), gateways, sizes)
    for row in published:
        peers = ", ".join(f"{name}: {value:,.4g}" for name, value in row["peers"].items())
        print(f"{row['name']:<60} {row['value']:>10,.4g} {row['unit']:<6} {row['goal'] or '':<8} {peers}")
    if options.json:
        options.json.write_text(json.dumps(published, indent=2) + "\n")


if __name__ == "__main__":
    main()
