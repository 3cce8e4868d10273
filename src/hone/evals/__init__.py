"""Judging: evaluators, experiments over datasets, and comparisons that say how sure they are."""

from typing import TYPE_CHECKING

from hone.core import lazily
from hone.evals._ask import Ask, Embed, Question, Told
from hone.evals._auto import AUTO, Choice, choose
from hone.evals._case import Answer, Evaluator, Figure, Given, Judged, Measure
from hone.evals._registry import evaluators, make
from hone.evals.judges._card import Card, Cards, cards_in, judges_in
from hone.evals.judges._corrected import corrected_by
from hone.evals.metrics._promptfoo import PROMPTFOO
from hone.evals.metrics.agents._simulate import Simulated, simulate
from hone.evals.metrics.retrieval._trec import Scored, read_qrels, read_run, score_run
from hone.evals.metrics.safety._honest import honest_examples
from hone.evals.metrics.text._contains import whole_name
from hone.evals.runs._broken import Broken
from hone.evals.runs._cells import Cell, matrix, plain
from hone.evals.runs._earlier import Overall, anchored, earlier, overall
from hone.evals.runs._early import Early
from hone.evals.runs._kept import kept_pair
from hone.evals.runs._plan import Case, Plan
from hone.evals.runs._report import Run, Summary
from hone.evals.runs._rescore import cells_of, rescore
from hone.evals.runs._rig import TAG, Call, Progress, Rig, Stopping
from hone.evals.runs._run import arun, load, run
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
    "AUTO",
    "PROMPTFOO",
    "TAG",
    "Answer",
    "Ask",
    "Broken",
    "Call",
    "Card",
    "Cards",
    "Case",
    "Cell",
    "Choice",
    "Comparison",
    "Decision",
    "Early",
    "EarlyStop",
    "Embed",
    "Estimate",
    "Evaluator",
    "Figure",
    "Gate",
    "Given",
    "Judged",
    "Measure",
    "Overall",
    "Plan",
    "Progress",
    "Question",
    "Rig",
    "Run",
    "Scored",
    "Simulated",
    "Slice",
    "Stopping",
    "Summary",
    "Told",
    "Verdict",
    "anchored",
    "apart_always",
    "arun",
    "cards_in",
    "cases_needed",
    "cells_of",
    "choose",
    "compare_paired",
    "compare_slices",
    "corrected_by",
    "earlier",
    "estimate",
    "evaluators",
    "gate",
    "honest_examples",
    "judged",
    "judges_in",
    "kept_pair",
    "load",
    "make",
    "matrix",
    "mean",
    "mean_always",
    "means_apart",
    "means_differ",
    "overall",
    "plain",
    "rate",
    "rate_always",
    "rates_apart",
    "rates_differ",
    "read_qrels",
    "read_run",
    "rescore",
    "run",
    "score_run",
    "sentence",
    "shown",
    "sight",
    "simulate",
    "whole_name",
]
