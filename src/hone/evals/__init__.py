"""Judging: evaluators, experiments over datasets, and comparisons that say how sure they are."""

from hone.evals._ask import Ask, Embed, Question, Told
from hone.evals._case import Answer, Evaluator, Figure, Given, Judged, Measure
from hone.evals._registry import evaluators, make
from hone.evals.metrics._promptfoo import PROMPTFOO
from hone.evals.metrics.agents._simulate import Simulated, simulate
from hone.evals.metrics.retrieval._trec import Scored, read_qrels, read_run, score_run
from hone.evals.metrics.text._contains import whole_name
from hone.evals.runs._kept import kept_pair
from hone.evals.runs._report import Run, Summary
from hone.evals.runs._run import TAG, Call, Plan, Rig, load, run
from hone.evals.statistics._always import apart_always, mean_always, rate_always
from hone.evals.statistics._compare import Comparison, Verdict, compare_paired, judged, sentence, shown
from hone.evals.statistics._intervals import Estimate, mean, means_apart, rate, rates_apart
from hone.evals.statistics._tests import means_differ, rates_differ

__all__ = [
    "PROMPTFOO",
    "TAG",
    "Answer",
    "Ask",
    "Call",
    "Comparison",
    "Embed",
    "Estimate",
    "Evaluator",
    "Figure",
    "Given",
    "Judged",
    "Measure",
    "Plan",
    "Question",
    "Rig",
    "Run",
    "Scored",
    "Simulated",
    "Summary",
    "Told",
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
    "read_qrels",
    "read_run",
    "run",
    "score_run",
    "sentence",
    "shown",
    "simulate",
    "whole_name",
]
