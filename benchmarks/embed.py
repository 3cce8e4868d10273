"""What MiniLM without torch costs: loading, memory, texts, one question.

Each figure is of a fresh process, since a model is loaded once and memory never shrinks. Texts are openings of the
standard library's docstrings, as knowledge embeds them.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

CHILD = """
import json, os, resource, time
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does
import builtins, inspect
texts = [f"{name}\\n{inspect.getdoc(thing) or ''}"[:200] for name, thing in sorted(vars(builtins).items())]
for module in ("os", "asyncio", "pathlib", "subprocess", "logging", "datetime", "socket"):
    things = sorted(vars(__import__(module)).items())
    texts += [f"{name}\\n{inspect.getdoc(thing) or ''}"[:200] for name, thing in things]
texts = list(dict.fromkeys(texts))[:COUNT]
start = time.perf_counter()
from hone.providers._minilm import minilm
model = minilm()
load = time.perf_counter() - start
model.embed(["warm"])
begin, cpu = time.perf_counter(), time.process_time()
model.embed(texts)
rate, per_cpu = (len(texts) / spent for spent in (time.perf_counter() - begin, time.process_time() - cpu))
queries = []
for _ in range(20):
    begin = time.perf_counter()
    model.embed(["How do I parse JSON from a string?"])
    queries.append(time.perf_counter() - begin)
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if os.uname().sysname == "Linux" else 1024**2)
print(json.dumps([load, rss, rate, per_cpu, sorted(queries)[10] * 1000]))
"""


def measure(count: int) -> list[float]:
    """Seconds to load, peak MiB, texts a second, texts a CPU second, ms for one question."""
    command = [sys.executable, "-c", CHILD.replace("COUNT", str(count))]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer texts and repeats")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    runs = [measure(150 if options.quick else 600) for _ in range(3 if options.quick else 5)]
    load, rss, rate, per_cpu, query = (statistics.median(figures) for figures in zip(*runs, strict=True))
    named = [
        ("load, weights verified", load, "s", "< 0.5"),
        ("peak memory of the process", rss, "MiB", "<= 200"),
        ("texts of 200 characters", rate, "1/s", None),
        ("texts of 200 characters", per_cpu, "1/CPU s", None),
        ("one question", query, "ms", None),
    ]
    rows = [
        {"name": name, "value": value, "unit": unit, "goal": goal, "peers": {}} for name, value, unit, goal in named
    ]
    for row in rows:
        print(f"{row['name']}: {row['value']:.3g} {row['unit']}")
    if options.json:
        options.json.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
