"""The strengths that explain best who beat whom: Bradley and Terry's model with Davidson's ties."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_STEPS = 50
_STRIDE = 2.0  # logits at most in one step, so that none runs away
_ENOUGH = 1e-9
_SPREAD = 3.0  # of the normal prior on a strength, in logits: who won all is not infinitely strong


def strengths_of(tables: "Array") -> "Array":
    """Strengths of shape (draws, names) with mean 0, from counts of shape (draws, wins or ties, names, names).

    P(a beats b) : P(b beats a) : P(tie) = u : v : w sqrt(u v) (R. A. Bradley and M. E. Terry, 1952, Biometrika 39, pp.
    324-345; R. R. Davidson, 1970, Journal of the American Statistical Association 65, pp. 317-328). With strengths b
    = log u and eta = log w the three outcomes have the logits b_a, b_b and eta + (b_a + b_b) / 2: a concave likelihood,
    climbed by Newton's method, under a normal prior with a standard deviation of 3 logits.
    """
    import numpy as np

    draws, _, size, _ = tables.shape
    counts, own = _pairs(tables)
    found, prior = np.zeros((draws, size + 1)), np.eye(size + 1) / _SPREAD**2
    for _ in range(_STEPS):
        slope, curve = _slope_and_curve(counts, own, found)
        step = np.linalg.solve(curve + prior, (slope - found @ prior)[:, :, None])[:, :, 0]
        found += step * np.minimum(1.0, _STRIDE / np.maximum(np.abs(step).max(axis=1), _ENOUGH))[:, None]
        if np.abs(step).max() < _ENOUGH:
            break
    strengths: Array = found[:, :size] - found[:, :size].mean(axis=1, keepdims=True)
    return strengths


def _pairs(tables: "Array") -> tuple["Array", "Array"]:
    """How often each pair that met ended in each of the three outcomes, (draws, pairs, 3), and the three unknowns that
    it depends on, (pairs, 3): its two strengths, and eta, which stands last."""
    import numpy as np

    size = tables.shape[2]
    first, second = np.triu_indices(size, 1)
    wins, ties = tables[:, 0], tables[:, 1] + tables[:, 1].transpose(0, 2, 1)
    counts = np.stack([wins[:, first, second], wins[:, second, first], ties[:, first, second]], axis=2)
    met = counts.sum(axis=(0, 2)) > 0
    return counts[:, met], np.stack([first[met], second[met], np.full(met.sum(), size)], axis=1)


def _slope_and_curve(counts: "Array", own: "Array", found: "Array") -> tuple["Array", "Array"]:
    """The gradient of the log likelihood and its negative Hessian, of every draw."""
    import numpy as np

    draws, unknowns = found.shape
    outcomes = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 1.0]])
    logits = found[:, own] @ outcomes.T
    chances = np.exp(logits - logits.max(axis=2, keepdims=True))
    chances /= chances.sum(axis=2, keepdims=True)
    totals = counts.sum(axis=2)
    pulls = (counts - totals[:, :, None] * chances) @ outcomes
    middle = chances @ outcomes
    spread = np.einsum("dpk,kc,ke->dpce", chances, outcomes, outcomes) - middle[:, :, :, None] * middle[:, :, None, :]
    slope, curve = np.zeros((draws, unknowns)), np.zeros((draws, unknowns, unknowns))
    every = np.arange(draws)
    np.add.at(slope, (every[:, None, None], own), pulls)
    np.add.at(curve, (every[:, None, None, None], own[:, :, None], own[:, None, :]), totals[:, :, None, None] * spread)
    return slope, curve
