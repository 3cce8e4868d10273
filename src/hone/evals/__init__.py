"""Judging: evaluators, experiments over datasets, and comparisons that say how sure they are."""

from hone.evals._always import apart_always, mean_always, rate_always
from hone.evals._case import Answer, Evaluator, Given, Measure
from hone.evals._compare import Comparison, Verdict, compare_paired, judged, sentence, shown
from hone.evals._intervals import Estimate, mean, means_apart, rate, rates_apart
from hone.evals._kept import kept_pair
from hone.evals._registry import evaluators, make
from hone.evals._report import Run, Summary
from hone.evals._run import TAG, Call, Plan, Rig, load, run
from hone.evals._tests import means_differ, rates_differ
from hone.evals._text import whole_name

__all__ = [
    "TAG",
    "Answer",
    "Call",
    "Comparison",
    "Estimate",
    "Evaluator",
    "Given",
    "Measure",
    "Plan",
    "Rig",
    "Run",
    "Summary",
    "Verdict",
    "apart_always",
    "compare_paired",
    "evaluators",
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
    "whole_name",
]
