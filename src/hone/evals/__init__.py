"""Judging: evaluators, experiments over datasets, and comparisons that say how sure they are."""

from typing import TYPE_CHECKING

from hone.core import lazily
from hone.evals._ask import Ask, Embed, Question, Told
from hone.evals._case import Answer, Evaluator, Figure, Given, Judged, Measure
from hone.evals._registry import evaluators, make
from hone.evals.metrics.text._overlap import whole_name
from hone.evals.runs._kept import kept_pair
from hone.evals.runs._report import Run, Summary
from hone.evals.runs._run import TAG, Call, Plan, Rig, load, run
from hone.evals.statistics._always import apart_always, mean_always, rate_always
from hone.evals.statistics._compare import Comparison, Verdict, compare_paired, judged, sentence, shown
from hone.evals.statistics._intervals import Estimate, mean, means_apart, rate, rates_apart
from hone.evals.statistics._tests import means_differ, rates_differ

if TYPE_CHECKING:
    from hone.evals.statistics._early import Decision, EarlyStop
    from hone.evals.statistics._estimate import estimate
    from hone.evals.statistics._gates import Gate, gate
    from hone.evals.statistics._power import cases_needed, sight
    from hone.evals.statistics._slices import Slice, compare_slices

__getattr__ = lazily(
    __name__,
    {
        "Decision": "statistics._early",
        "EarlyStop": "statistics._early",
        "estimate": "statistics._estimate",
        "Gate": "statistics._gates",
        "gate": "statistics._gates",
        "cases_needed": "statistics._power",
        "sight": "statistics._power",
        "Slice": "statistics._slices",
        "compare_slices": "statistics._slices",
    },
)

__all__ = [
    "TAG",
    "Answer",
    "Ask",
    "Call",
    "Comparison",
    "Decision",
    "EarlyStop",
    "Embed",
    "Estimate",
    "Evaluator",
    "Figure",
    "Gate",
    "Given",
    "Judged",
    "Measure",
    "Plan",
    "Question",
    "Rig",
    "Run",
    "Slice",
    "Summary",
    "Told",
    "Verdict",
    "apart_always",
    "cases_needed",
    "compare_paired",
    "compare_slices",
    "estimate",
    "evaluators",
    "gate",
    "judged",
    "kept_pair",
    "load",
    "make",
    "mean",
    "mean_always",
    "means_apart",
    "means_differ",
    "rate",
    "rate_always",
    "rates_apart",
    "rates_differ",
    "run",
    "sentence",
    "shown",
    "sight",
    "whole_name",
]
