"""Runs every benchmark and writes docs/benchmarks.md: `python benchmarks/run.py [--quick]`.

A benchmark is a file of this folder with a `--json FILE` option that writes a list of
`{name, value, unit, goal, peers: {name: value}}` rows, and a docstring whose first line says what it measures.
"""

import argparse
import ast
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
BENCHMARKS = ["imports.py", "embed.py", "evaluators.py", "telemetry.py", "evals.py", "gateway.py", "soak.py"]
# Alone, a soak takes ten minutes; beside the others two have to do.
OPTIONS = {"soak.py": ["--minutes", "2"]}

HEAD = """# Benchmarks

Made by `make bench`{quick} on {day}: {cores} cores, Python {python}, {system}, load average {load:.1f} at its end
(about 1 when nothing else runs). Each table can be made again alone, by the command under its title. A goal is what
we promised ourselves; compare it with the first column.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, under a minute each; writes no page")
    quick = parser.parse_args().quick
    sections = [section(HERE / name, quick) for name in BENCHMARKS]
    head = HEAD.format(
        quick=" --quick" if quick else "",
        day=datetime.datetime.now(datetime.UTC).date(),
        cores=os.cpu_count(),
        python=platform.python_version(),
        system=platform.system(),
        load=os.getloadavg()[1],
    )
    page = "\n".join([head, *sections])
    if quick:
        print(page)
    else:
        PAGE.write_text(page, encoding="utf-8")
        print(f"wrote {PAGE}")


def section(script: Path, quick: bool) -> str:
    """The Markdown of one benchmark, run now."""
    about = (ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or "").splitlines()[0]
    options = ["--quick"] if quick else OPTIONS.get(script.name, [])
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "rows.json"
        subprocess.run([sys.executable, script, *options, "--json", result], check=True)
        rows = json.loads(result.read_text(encoding="utf-8"))
    return f"## {about}\n\n    python benchmarks/{' '.join([script.name, *options])}\n\n{table(rows)}\n"


def table(rows: list[dict]) -> str:
    peers = list(dict.fromkeys(name for row in rows for name in row["peers"]))
    lines = [f"| | hone | unit | goal | {' | '.join(peers)}".rstrip(" |") + " |"]
    lines.append("|" + "---|" * (4 + len(peers)))
    for row in rows:
        goal = "" if row["goal"] is None else str(row["goal"])
        others = [number(row["peers"].get(name)) for name in peers]
        lines.append("| " + " | ".join([row["name"], number(row["value"]), row["unit"], goal, *others]) + " |")
    return "\n".join(lines)


def number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()
