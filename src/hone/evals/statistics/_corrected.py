"""A judge corrected by a few human labels: what the many cases that only the judge saw would be worth by human eyes."""

from collections.abc import Hashable, Sequence
from math import sqrt

from msgspec.structs import replace

from hone.errors import CallError
from hone.evals.statistics._clusters import clustered
from hone.evals.statistics._intervals import FEWEST_ALIKE, Estimate, cut
from hone.evals.statistics._normal import Z95
from hone.evals.statistics._student import t_quantile

_SHARE = 0.975
_HAIR = 1e-9


def rogan_gladen(judged: Sequence[bool], labelled: Sequence[tuple[bool, bool]]) -> Estimate:
    """The true share of passes from a judge's share, by its sensitivity and specificity.

    theta = (p + sp - 1) / (se + sp - 1) (W. J. Rogan and B. Gladen, 1978, American Journal of Epidemiology 107, pp.
    71-76). `judged` are verdicts over cases without a label, `labelled` pairs of (human, judge). The variance is that
    of the delta method, [p (1 - p) / n + theta² se (1 - se) / n1 + (1 - theta)² sp (1 - sp) / n0] / (se + sp - 1)²,
    moved and with added counts as Z. Lang and J. Reiczigel have it (2014, Preventive Veterinary Medicine 113, pp.
    13-22): without them too few labels give too narrow an interval. Cut at 0 and 1.

    Raises:
        CallError: no verdicts, no label of one kind, or a judge that tells the two apart no better than chance.
    """
    ones, zeros = [said for truth, said in labelled if truth], [said for truth, said in labelled if not truth]
    if not judged or not ones or not zeros:
        raise CallError(
            f"{len(judged)} verdicts, {len(ones)} labelled passes and {len(zeros)} labelled failures",
            hint="label some cases of both kinds",
        )
    n, n1, n0, z2 = len(judged), len(ones), len(zeros), Z95 * Z95
    p, se, sp = sum(judged) / n, sum(ones) / n1, 1 - sum(zeros) / n0
    if se + sp <= 1:
        raise CallError(
            f"the judge passes {se:.3g} of what is right and {1 - sp:.3g} of what is wrong: no correction is possible",
            hint="change the judge's prompt or model",
        )
    theta = (p + sp - 1) / (se + sp - 1)
    p2, se2, sp2 = (sum(judged) + z2 / 2) / (n + z2), (sum(ones) + 1) / (n1 + 2), (n0 - sum(zeros) + 1) / (n0 + 2)
    # With few labels the added counts may make a useful judge look useless; then nothing is known.
    if se2 + sp2 <= 1:
        return Estimate(n=n, mean=min(1.0, max(0.0, theta)), low=0.0, high=1.0, method="Rogan-Gladen")
    moved = (p2 + sp2 - 1) / (se2 + sp2 - 1)
    by_se, by_sp = se2 * (1 - se2) / (n1 + 2), sp2 * (1 - sp2) / (n0 + 2)
    variance = (p2 * (1 - p2) / (n + z2) + moved**2 * by_se + (1 - moved) ** 2 * by_sp) / (se2 + sp2 - 1) ** 2
    centre = moved + 2 * z2 * (moved * by_se - (1 - moved) * by_sp)
    low, high = centre - Z95 * sqrt(variance), centre + Z95 * sqrt(variance)
    cut = [min(1.0, max(0.0, each)) for each in (theta, low, high)]
    return Estimate(n=n, mean=cut[0], low=cut[1], high=cut[2], method="Rogan-Gladen")


def prediction_powered(
    human: Sequence[float],
    judge: Sequence[float],
    more: Sequence[float],
    *,
    groups: tuple[Sequence[Hashable], Sequence[Hashable]] | None = None,
    ends: tuple[float, float] | None = None,
) -> Estimate:
    """The human mean from n cases that both saw, sharpened by N `more` that only the judge saw: PPI++.

    theta = mean(human) - lambda (mean(judge) - mean(more)), lambda = Cov(human, judge) / (Var(judge) (1 + n / N)), of
    variance Var(human - lambda judge) / n + lambda² Var(more) / N (A. N. Angelopoulos, J. C. Duchi and T. Zrnic, 2023,
    "PPI++: Efficient Prediction-Powered Inference", arXiv 2311.01453). lambda lies in 0 to 1, so that a
    useless judge does no harm. Both sets must be random samples of the same cases. For two variants give paired
    differences. The t quantile with n - 1 degrees of freedom stands for z. `n` of the estimate is that of the labels.

    `groups` are those of the labelled and of the other cases: both variances are cluster-robust then, with G - 1
    degrees of freedom, G the groups with a label; a group should have cases on one side alone. `ends` are those of
    what is measured, 0 and 1 of a rate. A few labels that leave nothing unexplained give no interval.

    Raises:
        CallError: fewer than two labelled cases, or not as many of both, or fewer than two more.
    """
    n, count = len(human), len(more)
    if n < 2 or n != len(judge) or count < 2:
        raise CallError(f"{n} labels, {len(judge)} verdicts on them and {count} more", hint="two or more of each")
    both = [*judge, *more]
    spread = _variance(both)
    tuned = _covariance(human, judge) / (spread * (1 + n / count)) if spread > 0 else 0.0
    tuned = min(1.0, max(0.0, tuned))
    middle = _mean(human) - tuned * (_mean(judge) - _mean(more))
    left = [y - tuned * f for y, f in zip(human, judge, strict=True)]
    ours, others = groups or (range(n), range(count))
    first, second = clustered(left, ours), clustered(more, others)
    found = Estimate(n=n, mean=middle, low=None, high=None, method="PPI++")
    unseen = n < FEWEST_ALIKE and max(left) - min(left) < _HAIR  # a spread that so few do not show
    if unseen or first.error is None or second.error is None:
        return cut(found, ends)
    error = sqrt(first.error**2 + tuned * tuned * second.error**2)
    half = t_quantile(_SHARE, first.groups - 1) * error
    return cut(replace(found, low=middle - half, high=middle + half, freedom=first.groups - 1), ends)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    return _covariance(values, values)


def _covariance(first: Sequence[float], second: Sequence[float]) -> float:
    a, b = _mean(first), _mean(second)
    return sum((x - a) * (y - b) for x, y in zip(first, second, strict=True)) / (len(first) - 1)
