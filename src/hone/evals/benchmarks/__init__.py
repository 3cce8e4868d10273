"""Standard benchmarks: questions from files of theirs, their official metric, and a table of who did how well."""

from typing import TYPE_CHECKING

from hone.core import lazily

if TYPE_CHECKING:
    from hone.evals.benchmarks._benchmark import Benchmark, Settings
    from hone.evals.benchmarks._known import benchmark, names
    from hone.evals.benchmarks._leaderboard import Leaderboard, Standing, leaderboard

__getattr__ = lazily(
    __name__,
    {
        "Benchmark": "_benchmark",
        "Leaderboard": "_leaderboard",
        "Settings": "_benchmark",
        "Standing": "_leaderboard",
        "benchmark": "_known",
        "leaderboard": "_leaderboard",
        "names": "_known",
    },
)

__all__ = ["Benchmark", "Leaderboard", "Settings", "Standing", "benchmark", "leaderboard", "names"]
