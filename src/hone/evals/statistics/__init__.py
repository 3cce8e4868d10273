"""The statistics: intervals, tests and decisions. Numbers in, numbers out; no example, call or file is known here."""

from typing import TYPE_CHECKING

from hone.core import lazily

if TYPE_CHECKING:
    from hone.evals.statistics._agreement import agreement, cohen_kappa, fleiss_kappa
    from hone.evals.statistics._alpha import krippendorff_alpha
    from hone.evals.statistics._always import apart_always, mean_always, rate_always
    from hone.evals.statistics._anchors import anchors, by_earlier_runs
    from hone.evals.statistics._betting import Betting, mean_betting
    from hone.evals.statistics._bootstrap import bootstrap
    from hone.evals.statistics._calibration import Bin, Calibration, brier, calibration
    from hone.evals.statistics._clusters import clustered_mean, clustered_rate
    from hone.evals.statistics._compare import Comparison, Verdict, compare_paired, judged, sentence, shown
    from hone.evals.statistics._corrected import prediction_powered, rogan_gladen
    from hone.evals.statistics._corrections import benjamini_hochberg, holm
    from hone.evals.statistics._designs import OneRate, PairedMeans, PairedRates
    from hone.evals.statistics._early import Decision, EarlyStop
    from hone.evals.statistics._estimate import Parts, estimate, parts
    from hone.evals.statistics._evidence import combined, evidence, mean_asymptotic, p_of
    from hone.evals.statistics._gates import Gate, gate
    from hone.evals.statistics._intervals import Estimate, mean, means_apart, paired_rates, rate, rates_apart
    from hone.evals.statistics._labels import Labels, LabelScore, f1_of, labels
    from hone.evals.statistics._leanings import Position, length_slope, position
    from hone.evals.statistics._power import Sight, cases_by_group, cases_needed, from_pilot, sight
    from hone.evals.statistics._ranking import Bout, Place, rank
    from hone.evals.statistics._ranks import kendall, spearman
    from hone.evals.statistics._scores import average_precision, roc_auc
    from hone.evals.statistics._slices import Slice, compare_slices
    from hone.evals.statistics._tests import mcnemar, means_differ, rates_differ, sign_flip
    from hone.evals.statistics._weighted import hajek

_HOMES = {
    "_agreement": ("agreement", "cohen_kappa", "fleiss_kappa"),
    "_alpha": ("krippendorff_alpha",),
    "_always": ("apart_always", "mean_always", "rate_always"),
    "_anchors": ("anchors", "by_earlier_runs"),
    "_betting": ("Betting", "mean_betting"),
    "_bootstrap": ("bootstrap",),
    "_calibration": ("Bin", "Calibration", "brier", "calibration"),
    "_clusters": ("clustered_mean", "clustered_rate"),
    "_compare": ("Comparison", "Verdict", "compare_paired", "judged", "sentence", "shown"),
    "_corrected": ("prediction_powered", "rogan_gladen"),
    "_corrections": ("benjamini_hochberg", "holm"),
    "_designs": ("OneRate", "PairedMeans", "PairedRates"),
    "_early": ("Decision", "EarlyStop"),
    "_estimate": ("Parts", "estimate", "parts"),
    "_evidence": ("combined", "evidence", "mean_asymptotic", "p_of"),
    "_gates": ("Gate", "gate"),
    "_intervals": ("Estimate", "mean", "means_apart", "paired_rates", "rate", "rates_apart"),
    "_labels": ("LabelScore", "Labels", "f1_of", "labels"),
    "_leanings": ("Position", "length_slope", "position"),
    "_power": ("Sight", "cases_by_group", "cases_needed", "from_pilot", "sight"),
    "_ranking": ("Bout", "Place", "rank"),
    "_ranks": ("kendall", "spearman"),
    "_scores": ("average_precision", "roc_auc"),
    "_slices": ("Slice", "compare_slices"),
    "_tests": ("mcnemar", "means_differ", "rates_differ", "sign_flip"),
    "_weighted": ("hajek",),
}

__getattr__ = lazily(__name__, {name: home for home, names in _HOMES.items() for name in names})

__all__ = [
    "Betting",
    "Bin",
    "Bout",
    "Calibration",
    "Comparison",
    "Decision",
    "EarlyStop",
    "Estimate",
    "Gate",
    "LabelScore",
    "Labels",
    "OneRate",
    "PairedMeans",
    "PairedRates",
    "Parts",
    "Place",
    "Position",
    "Sight",
    "Slice",
    "Verdict",
    "agreement",
    "anchors",
    "apart_always",
    "average_precision",
    "benjamini_hochberg",
    "bootstrap",
    "brier",
    "by_earlier_runs",
    "calibration",
    "cases_by_group",
    "cases_needed",
    "clustered_mean",
    "clustered_rate",
    "cohen_kappa",
    "combined",
    "compare_paired",
    "compare_slices",
    "estimate",
    "evidence",
    "f1_of",
    "fleiss_kappa",
    "from_pilot",
    "gate",
    "hajek",
    "holm",
    "judged",
    "kendall",
    "krippendorff_alpha",
    "labels",
    "length_slope",
    "mcnemar",
    "mean",
    "mean_always",
    "mean_asymptotic",
    "mean_betting",
    "means_apart",
    "means_differ",
    "p_of",
    "paired_rates",
    "parts",
    "position",
    "prediction_powered",
    "rank",
    "rate",
    "rate_always",
    "rates_apart",
    "rates_differ",
    "roc_auc",
    "rogan_gladen",
    "sentence",
    "shown",
    "sight",
    "sign_flip",
    "spearman",
]
