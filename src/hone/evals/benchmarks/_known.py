"""The benchmarks that hone knows."""

import difflib

from hone.errors import CallError
from hone.evals.benchmarks._benchmark import Benchmark
from hone.evals.benchmarks._choice import CHOICE
from hone.evals.benchmarks._mtbench import MTBENCH
from hone.evals.benchmarks._questions import GSM8K, NQ_OPEN
from hone.evals.benchmarks._squad import SQUAD

_KNOWN = {each.name: each for each in (SQUAD, GSM8K, NQ_OPEN, CHOICE, MTBENCH)}
_ALIASES = {
    "squad1": "squad", "squad2": "squad", "squad-v2": "squad", "nq": "nq-open", "nq_open": "nq-open", "mmlu": "choice",
    "arc": "choice", "multiple-choice": "choice", "mtbench": "mt-bench", "mt_bench": "mt-bench",
}  # fmt: skip
_CODE = ("humaneval", "human-eval", "mbpp", "apps", "swe-bench", "livecodebench")


def names() -> list[str]:
    return list(_KNOWN)


def benchmark(name: str) -> Benchmark:
    """
    Raises:
        CallError: there is none of that name.
    """
    wanted = name.lower()
    if wanted in _CODE:
        raise CallError(
            f"{name} runs code that a model wrote, and there is no sandbox for that here",
            hint="run it with a harness that has one",
        )
    wanted = _ALIASES.get(wanted, wanted)
    if wanted not in _KNOWN:
        near = difflib.get_close_matches(wanted, [*_KNOWN, *_ALIASES], n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(_KNOWN)}"
        raise CallError(f"no benchmark {name!r}", hint=hint)
    return _KNOWN[wanted]
