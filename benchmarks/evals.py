"""What evaluating 1,000 cases costs, beside promptfoo, inspect_ai, DeepEval, pydantic-evals and a bare loop.

    python benchmarks/evals.py                      everything, some minutes
    python benchmarks/evals.py --quick              under a minute, hone and the bare loop
    python benchmarks/evals.py --only hone deepeval those alone
    python benchmarks/evals.py --json FILE          the same numbers as a list of rows

Every case is one call of a model server (`_upstream.py`), 50 at once, and two assertions: does the answer contain a
text, and how long did it take. CPU is user and system time of the whole process and all that it starts, from its start
to its end; memory the largest resident size of one process. hone and the bare loop are run five times, and a figure is
the median; the others, which take minutes, run once and cold, while hone's byte code was written before. hone runs as
`hone evals run`, in a project that was opened before: every result is committed; spans and scores of every call are
spooled, as workers of `hone up` do it, and whoever reads them next takes them in, which is a row of its own. The bare
loop keeps one file of results.

The wall time at 100 ms is that of the run itself, as hone says it, beside the least that so many calls can take. The
best of the runs stands beside their median.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _contenders import Contender, Start, cases, contenders, environ

HERE = Path(__file__).resolve().parent
AT_ONCE = 50
OURS = ("hone", "a bare loop")


class Model:
    """The mock, and how often it was asked."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"

    def asked(self) -> int:
        with urllib.request.urlopen(self.url) as answer:
            return int(answer.read())


@contextmanager
def model(delay: float) -> Iterator[Model]:
    command = [sys.executable, str(HERE / "_upstream.py"), "--delay", str(delay)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Model(json.loads(process.stdout.readline())["http"])
        process.stdin.close()


# The child is waited for by a small process of its own, whose children it alone is.
_WATCH = """
import json, resource, subprocess, sys, time
begin = time.perf_counter()
done = subprocess.run(sys.argv[2:], stdout=subprocess.PIPE, stderr=open(sys.argv[1], "wb"))
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"rc": done.returncode, "wall": time.perf_counter() - begin, "cpu": used.ru_utime + used.ru_stime,
                  "memory": used.ru_maxrss * 1024 / 1e6, "out": done.stdout.decode(errors="replace")}))
"""


def watched(start: Start, folder: Path) -> dict[str, Any]:
    """Run it to its end; what it used."""
    log = folder / "log"
    command = [sys.executable, "-c", _WATCH, str(log), *start.command]
    said = subprocess.run(command, cwd=folder, env=environ(start, folder), check=True, stdout=subprocess.PIPE)
    found = json.loads(said.stdout)
    if found["rc"] not in (0, 100):  # promptfoo says with 100 that a case failed
        raise SystemExit(f"{start.command[:3]} ended with {found['rc']}:\n{log.read_text(errors='replace')[-2000:]}")
    return found


def measure(one: Contender, folder: Path, mock: Model, count: int, rounds: int, *, fresh: bool) -> dict[str, float]:
    """So many runs of one contender. An answer that was not asked for ends the benchmark."""
    folder.mkdir(parents=True, exist_ok=True)
    cases(folder, count)
    start = one.prepare(folder, mock.url, AT_ONCE)
    if start is None:
        return {}
    if one.name == "hone":
        watched(Start([sys.executable, "-m", "hone", "evals", "evaluators"]), folder)  # byte code
        subprocess.run(
            [sys.executable, "-m", "hone", "evals", "list"], cwd=folder, env=environ(start, folder), check=False,
            capture_output=True,
        )  # fmt: skip
        start.command += ["--fresh"] if fresh else []
    found = []
    for _ in range(rounds):
        before = mock.asked()
        found.append(watched(start, folder))
        asked = mock.asked() - before
        if asked != count:
            raise SystemExit(f"{one.name} made {asked} calls for {count} cases")
    figures = {name: statistics.median(each[name] for each in found) for name in ("cpu", "wall", "memory")}
    if one.name == "a bare loop":
        figures["run"] = statistics.median(float(json.loads(each["out"])["seconds"]) for each in found)
    return figures


def loading(one: Contender, folder: Path, rounds: int) -> float | None:
    command = one.imports()
    if command is None:
        return None
    used = [watched(Start(command), folder)["cpu"] for _ in range(rounds + 1)]
    return statistics.median(used[1:])


_INSIDE = """
import json, resource, sys, time
from pathlib import Path
from hone.local import Bench, Near, Options, Serving

house = Serving.open(Path("."))
near = Near(house)
bench = Bench(house, near)
options = Options(evaluators=["contains", "latency"], concurrency=50, fresh=sys.argv[1] == "fresh")
begin = time.perf_counter()
found = bench.evaluate(["answer"], "cases", options)
found.summaries()
print(json.dumps({"wall": time.perf_counter() - begin, "n": len(found.results)}))
near.stop()
house.close()
"""


def inside(folder: Path, fresh: bool) -> float:
    """Seconds of the run alone, without starting the process."""
    start = Start([sys.executable, "-c", _INSIDE, "fresh" if fresh else "again"])
    return float(json.loads(watched(start, folder)["out"])["wall"])


def taking_in(folder: Path, mock: Model) -> float:
    """CPU seconds more of the first reader of telemetry after a run than of the next."""
    start = Start([sys.executable, "-m", "hone", "traces", "list", "--limit", "1", "--json"])
    watched(start, folder)
    hone = next(each for each in contenders(install=False) if each.name == "hone").prepare(folder, mock.url, AT_ONCE)
    assert hone is not None
    watched(Start([*hone.command, "--fresh"]), folder)
    first, second = (watched(start, folder)["cpu"] for _ in range(2))
    return first - second


_ROUGE = """
import json, random, resource, sys
from hone.datasets import Example
from hone.evals import Answer, make

words = "the of and to in is that it was for on are as with his they at be this from have or by one had not but".split()
draw = random.Random(7)
pairs = [(" ".join(draw.choices(words, k=40)), " ".join(draw.choices(words, k=40))) for _ in range(int(sys.argv[2]))]

def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime

if sys.argv[1] == "hone":
    (rouge,) = make(["rouge"])
    examples = [(Example(id=str(n), input="", reference=a), Answer(text=b)) for n, (a, b) in enumerate(pairs)]
    rouge.judge(*examples[0])
    begin = cpu()
    total = sum(float(said.value) for each in examples for said in rouge.judge(*each))
else:
    from rouge_score.rouge_scorer import RougeScorer
    scorer = RougeScorer(["rougeL"], use_stemmer=True)
    scorer.score(*pairs[0])
    begin = cpu()
    total = sum(scorer.score(a, b)["rougeL"].fmeasure for a, b in pairs)
print(json.dumps({"cpu": cpu() - begin, "total": total}))
"""


def rouge(folder: Path, count: int) -> dict[str, Any]:
    """CPU seconds of ROUGE-L over so many pairs of 40 words: as the evaluator of hone, and by rouge-score alone."""
    found = {}
    for who in ("hone", "rouge-score"):
        start = Start([sys.executable, "-c", _ROUGE, who, str(count)])
        found[who] = json.loads(watched(start, folder)["out"])
    return found


def row(name: str, value: float, unit: str, goal: str | None, peers: dict[str, float] | None = None) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "goal": goal, "peers": peers or {}}


def compared(found: dict[str, dict[str, float]], key: str) -> dict[str, float]:
    return {name: figures[key] for name, figures in found.items() if name != "hone" and key in figures}


def rows(found: dict[str, dict[str, dict[str, float]]], extra: dict[str, Any], count: int) -> list[dict[str, Any]]:
    made = []
    for delay in ("0", "100"):
        at = found[delay]
        if "hone" not in at:
            continue
        made += [
            row(f"CPU, {count:,} cases at {delay} ms", at["hone"]["cpu"], "s", None, compared(at, "cpu")),
            row(f"memory, {count:,} cases at {delay} ms", at["hone"]["memory"], "MB", "<= 150", compared(at, "memory")),
            row(f"wall, {count:,} cases at {delay} ms, start included", at["hone"]["wall"], "s", None,
                compared(at, "wall")),
        ]  # fmt: skip
        if "a bare loop" in at:
            ratio = at["hone"]["cpu"] / at["a bare loop"]["cpu"]
            others = {
                name: each["cpu"] / at["a bare loop"]["cpu"]
                for name, each in at.items()
                if each and name not in ("hone", "a bare loop")
            }
            made.append(row(f"CPU / that of the bare loop, {delay} ms", ratio, "ratio", "<= 2", others))
    ideal = count / AT_ONCE * 0.1
    if "wall" in extra:
        bare = {"a bare loop": extra["bare wall"] / ideal} if "bare wall" in extra else {}
        made.append(row("wall of the run at 100 ms / the least", extra["wall"] / ideal, "ratio", "<= 1.15", bare))
        made.append(row("the same, the best of the runs", extra["wall at best"] / ideal, "ratio", None))
    if "again" in extra:
        made.append(row(f"{count:,} finished cases again", extra["again"], "s", "<= .5"))
        made.append(row("the same, with the start of the command", extra["again whole"], "s", None))
        made.append(row("calls that it makes", extra["again calls"], "calls", "0"))
        made.append(row(f"taking in the spans and scores of {count:,} cases", extra["taking in"], "CPU s", None))
    loads = extra["loads"]
    if "hone" in loads:
        others = {name: each for name, each in loads.items() if name != "hone" and each is not None}
        made.append(row("loading the package", loads["hone"], "CPU s", None, others))
    if "rouge" in extra:
        ours, theirs = extra["rouge"]["hone"]["cpu"], extra["rouge"]["rouge-score"]["cpu"]
        made.append(row(f"ROUGE-L of {extra['pairs']:,} pairs", ours, "CPU s", None, {"rouge-score": theirs}))
        made.append(row("rouge-score / hone", theirs / ours, "ratio", ">= 30"))
    return made


def say(text: str) -> None:
    print(f"{text}, load {os.getloadavg()[0]:.1f} ...", file=sys.stderr, flush=True)


def run(who: list[Contender], folder: Path, count: int, rounds: int, pairs: int) -> list[dict[str, Any]]:
    found: dict[str, dict[str, dict[str, float]]] = {"0": {}, "100": {}}
    extra: dict[str, Any] = {}
    for delay in ("0", "100"):
        with model(float(delay)) as mock:
            for one in who:
                say(f"{one.name}, {delay} ms")
                place = folder / f"{one.name.replace(' ', '-')}-{delay}"
                times = rounds if one.name in OURS else 1  # the others take minutes
                figures = measure(one, place, mock, count, times, fresh=True)
                if not figures:
                    continue
                found[delay][one.name] = figures
                if one.name == "a bare loop" and delay == "100":
                    extra["bare wall"] = figures["run"]
                if one.name == "hone" and delay == "100":
                    walls = [inside(place, fresh=True) for _ in range(rounds)]
                    extra["wall"], extra["wall at best"] = statistics.median(walls), min(walls)
                    before = mock.asked()
                    extra["again"] = statistics.median(inside(place, fresh=False) for _ in range(3))
                    again = one.prepare(place, mock.url, AT_ONCE)
                    assert again is not None
                    extra["again whole"] = statistics.median(watched(again, place)["wall"] for _ in range(3))
                    extra["again calls"] = mock.asked() - before
                    extra["taking in"] = taking_in(place, mock)
    extra["loads"] = {one.name: loading(one, folder, rounds) for one in who if one.name in found["0"]}
    if any(one.name == "hone" for one in who):
        say("ROUGE")
        extra["pairs"] = pairs
        extra["rouge"] = rouge(folder, pairs)
    return rows(found, extra, count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round, hone and the bare loop alone")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="of those that it names")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    who = contenders(install=not options.quick)
    names = [each.name for each in who]
    if set(options.only or ()) - set(names):
        parser.error(f"--only knows {', '.join(names)}")
    chosen = options.only or (["hone", "a bare loop"] if options.quick else names)
    with tempfile.TemporaryDirectory() as folder:
        wanted = [each for each in who if each.name in chosen]
        made = run(wanted, Path(folder), 1000, 1 if options.quick else 5, 1000 if options.quick else 10_000)
    for each in made:
        print(f"{each['name']}: {each['value']:.3g} {each['unit']}  {each['goal'] or ''}  {each['peers'] or ''}")
    if options.json:
        options.json.write_text(json.dumps(made))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    main()
