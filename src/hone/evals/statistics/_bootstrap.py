"""The bootstrap: what a figure would be on other samples, guessed by drawing the cases again with replacement."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hone.evals.statistics._intervals import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

DRAWS = 1_000
_BLOCK = 100  # draws that are held at once
_FEWEST_GROUPS = 5
_FEWEST = 0.9  # of the draws must have a figure


Groups = Sequence[Hashable] | None
"""The group of each case; None where every case stands alone."""


def shared(groups: Groups) -> bool:
    """Whether two cases have one group."""
    return groups is not None and len(set(groups)) < len(groups)


def bootstrap(
    n: int,
    figure: Callable[["Array"], "Array"],
    method: str,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    groups: Groups = None,
) -> Estimate:
    """A figure of `n` cases with its percentile interval (B. Efron, 1979, Annals of Statistics 7, pp. 1-26).

    `figure` takes how often each case was drawn, an array of shape (draws, n), and gives one number for each draw, not
    a number (nan) where it has none. Without a figure in nine of ten draws there is no interval.

    Where cases share one of the `groups`, whole groups are drawn (A. C. Davison and D. V. Hinkley, 1997, Bootstrap
    Methods, section 3.8); fewer than five are too few to draw from.
    """
    import numpy as np

    whole = float(figure(np.ones((1, n)))[0])
    if groups is None or not shared(groups):
        drawn = np.concatenate([figure(weights) for weights in weighted(n, draws, seed)])
        low, high = middle(drawn)
        return Estimate(n=n, mean=whole, low=low, high=high, method=f"{method}, bootstrap")
    number = {group: at for at, group in enumerate(dict.fromkeys(groups))}
    which, count = np.array([number[group] for group in groups]), len(number)
    method = f"{method}, bootstrap of {count:,} groups"
    if count < _FEWEST_GROUPS:
        return Estimate(n=n, mean=whole, low=None, high=None, method=method)
    drawn = np.concatenate([figure(weights[:, which]) for weights in weighted(count, draws, seed)])
    low, high = middle(drawn)
    return Estimate(n=n, mean=whole, low=low, high=high, method=method)


def weighted(n: int, draws: int, seed: int) -> Iterator["Array"]:
    """How often each of `n` cases is drawn, in blocks of shape (draws, n)."""
    import numpy as np

    random = np.random.default_rng(seed)
    for start in range(0, draws, _BLOCK):
        block = min(_BLOCK, draws - start)
        picked = random.integers(0, n, size=(block, n)) + n * np.arange(block)[:, None]
        yield np.bincount(picked.ravel(), minlength=block * n).reshape(block, n).astype(float)


def middle(drawn: "Array") -> tuple[float, float] | tuple[None, None]:
    """The middle 95 % of what was drawn."""
    import numpy as np

    known = drawn[np.isfinite(drawn)]
    if len(known) < _FEWEST * len(drawn):
        return None, None
    low, high = np.quantile(known, (0.025, 0.975))
    return float(low), float(high)
