"""Whether a number reaches what is asked of it."""

from math import isclose


def reaches(value: float, threshold: float, *, down: bool = False) -> bool:
    """At least the threshold, or where less is better (`down`) at most.

    The sum of a few decimals may miss what it is by its last digits: .7499999999999999 is three quarters.
    """
    if isclose(value, threshold, rel_tol=1e-9, abs_tol=1e-12):
        return True
    return value <= threshold if down else value >= threshold
