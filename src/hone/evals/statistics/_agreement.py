"""How far two or more who judge the same cases agree, beyond what chance would give."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from hone.errors import CallError
from hone.evals.statistics._bootstrap import DRAWS, Groups, bootstrap
from hone.evals.statistics._estimate import estimate
from hone.evals.statistics._intervals import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Weights = Literal["linear", "quadratic"]


def agreement(first: Sequence[Hashable], second: Sequence[Hashable], *, groups: Groups = None) -> Estimate:
    """The share of cases that both judge alike, with Wilson's interval; against a right answer it is the accuracy.

    Cases that share one of the `groups` count as what they are: `estimate`.
    """
    _same_length(first, second)
    return estimate([a == b for a, b in zip(first, second, strict=True)], groups)


def cohen_kappa(
    first: Sequence[Any],
    second: Sequence[Any],
    *,
    weights: Weights | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    groups: Groups = None,
) -> Estimate:
    """Cohen's kappa of two raters: 1 at full agreement, 0 at what their shares of labels give by chance.

    1 - sum(w o) / sum(w e), o observed and e expected shares, w how far two labels are apart: 1 for any two, or with
    `weights` the distance or squared distance of their ranks (J. Cohen, 1960, Educational and Psychological
    Measurement 20, pp. 37-46; 1968, Psychological Bulletin 70, pp. 213-220). Interval by bootstrap over cases,
    or over their `groups`.

    Raises:
        CallError: no cases, not as many of both, or only one label, which says nothing about agreement.
    """
    import numpy as np

    _same_length(first, second)
    labels = _labels([*first, *second])
    apart, size = _apart(len(labels), weights), len(labels)
    code = {label: at for at, label in enumerate(labels)}
    cells = np.array([code[a] * size + code[b] for a, b in zip(first, second, strict=True)])
    one_hot = np.zeros((len(first), size * size))
    one_hot[np.arange(len(first)), cells] = 1

    def kappa(weight: "Array") -> "Array":
        shares = (weight @ one_hot).reshape(-1, size, size) / weight.sum(axis=1)[:, None, None]
        expected = shares.sum(axis=2)[:, :, None] * shares.sum(axis=1)[:, None, :]
        return _ratio((shares * apart).sum(axis=(1, 2)), (expected * apart).sum(axis=(1, 2)))

    name = "Cohen's kappa" if weights is None else f"Cohen's kappa, {weights} weights"
    return bootstrap(len(first), kappa, name, draws=draws, seed=seed, groups=groups)


def fleiss_kappa(ratings: Sequence[Sequence[Any]], *, draws: int = DRAWS, seed: int = 0) -> Estimate:
    """Kappa of as many raters for each case, not always the same ones (J. L. Fleiss, 1971, Psychological Bulletin 76,
    pp. 378-382). `ratings` are the labels of each case; interval by bootstrap over cases.

    Raises:
        CallError: no cases, cases with unlike numbers of raters or with one, or only one label.
    """
    import numpy as np

    raters = len(ratings[0]) if ratings else 0
    if raters < 2 or any(len(case) != raters for case in ratings):
        raise CallError("Fleiss' kappa needs the same number of raters for each case, two or more")
    labels = _labels([label for case in ratings for label in case])
    counts = np.array([[list(case).count(label) for label in labels] for case in ratings], dtype=float)
    alike = (counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))

    def kappa(weight: "Array") -> "Array":
        n = weight.sum(axis=1)
        chance = ((weight @ counts / (n * raters)[:, None]) ** 2).sum(axis=1)
        return _ratio(1 - weight @ alike / n, 1 - chance)

    return bootstrap(len(ratings), kappa, "Fleiss' kappa", draws=draws, seed=seed)


def _apart(size: int, weights: Weights | None) -> "Array":
    import numpy as np

    ranks = np.arange(size, dtype=float)
    steps: Array = np.abs(ranks[:, None] - ranks[None, :])
    if weights is None:
        return np.sign(steps)
    return steps if weights == "linear" else np.square(steps)


def _ratio(observed: "Array", expected: "Array") -> "Array":
    """1 - observed / expected; nan where nothing is expected."""
    import numpy as np

    return 1 - np.divide(observed, expected, out=np.full_like(observed, np.nan), where=expected > 1e-12)


def _labels(seen: Sequence[Any]) -> list[Any]:
    distinct = list(dict.fromkeys(seen))
    if len(distinct) < 2:
        raise CallError(f"only one label was given, {distinct[0]!r}, which says nothing about agreement")
    try:
        return sorted(distinct)
    except TypeError:
        return distinct


def _same_length(first: Sequence[Any], second: Sequence[Any]) -> None:
    if len(first) != len(second) or not first:
        raise CallError(f"{len(first)} and {len(second)} judgements", hint="judge the same cases, one or more")
