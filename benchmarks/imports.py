"""What `import hone` costs, beside `import asyncio`.

CPU time of fresh interpreters, medians, as the difference to an interpreter that imports nothing. The peers are
installed in an environment of their own.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from _peers import environment

PEERS = {"openai": "openai==3.*", "langfuse": "langfuse", "mlflow-skinny": "mlflow-skinny"}
MODULES = {"openai": "openai", "langfuse": "langfuse", "mlflow-skinny": "mlflow"}
CHILD = "import resource, {module}; u = resource.getrusage(resource.RUSAGE_SELF); print(u.ru_utime + u.ru_stime)"


def cpu(python: str | Path, module: str, repeats: int) -> float:
    """Median CPU seconds of an interpreter that imports `module`, from a warm file cache."""
    command = [str(python), "-c", CHILD.format(module=module)]
    times = [
        float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(repeats + 1)
    ]
    return statistics.median(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, no peers")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    repeats = 7 if options.quick else 21
    nothing = cpu(sys.executable, "sys", repeats)
    hone, asyncio = (cpu(sys.executable, module, repeats) - nothing for module in ("hone", "asyncio"))
    peers = {}
    if not options.quick:
        python = environment("imports", list(PEERS.values()))
        base = cpu(python, "sys", repeats)
        peers = {name: (cpu(python, module, repeats) - base) * 1000 for name, module in MODULES.items()}
    rows = [
        {
            "name": "import hone",
            "value": hone * 1000,
            "unit": "CPU ms",
            "goal": None,
            "peers": {"asyncio": asyncio * 1000, **peers},
        },
        {"name": "import hone / import asyncio", "value": hone / asyncio, "unit": "ratio", "goal": "< 3", "peers": {}},
    ]
    for row in rows:
        print(f"{row['name']}: {row['value']:.3g} {row['unit']}  {row['peers']}")
    if options.json:
        options.json.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
