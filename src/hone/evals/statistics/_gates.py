"""One answer of several gates: a variant that must not be worse on this metric nor on that one."""

from collections.abc import Sequence

from msgspec import Struct

from hone.errors import CallError
from hone.evals.statistics._compare import Comparison, Verdict
from hone.evals.statistics._corrections import holm
from hone.evals.statistics._normal import Z95, z_below
from hone.evals.statistics._student import t_below, t_quantile

_SHARE = 0.975


class Gate(Struct, frozen=True, kw_only=True):
    """`worse` are Holm's adjusted one-sided p values that each metric is beyond its margin, None where unknown."""

    verdict: Verdict
    reason: str
    comparisons: tuple[Comparison, ...]
    worse: tuple[float | None, ...]


def gate(comparisons: Sequence[Comparison]) -> Gate:
    """The verdict over several metrics of the same two variants.

    Pass: every metric passes. That needs no correction: to be let through wrongly, the metric that is truly too bad
    must pass by itself (R. L. Berger, 1982, Technometrics 24, pp. 295-300, the intersection-union test). Fail: some
    metric is beyond its margin even after Holm's correction, so that many metrics do not make more false alarms than
    one. Else it cannot tell.

    Raises:
        CallError: no comparison.
    """
    if not comparisons:
        raise CallError("a gate needs at least one comparison")
    ps = [worse_p(each) for each in comparisons]
    # A metric that knows nothing still counts as a question that was asked.
    adjusted = holm([1.0 if p is None else p for p in ps])
    worse = tuple(None if p is None else q for p, q in zip(ps, adjusted, strict=True))
    verdict, reason = _said(comparisons, adjusted)
    return Gate(verdict=verdict, reason=reason, comparisons=tuple(comparisons), worse=worse)


def _said(comparisons: Sequence[Comparison], adjusted: Sequence[float]) -> tuple[Verdict, str]:
    failed = [
        each.metric for each, q in zip(comparisons, adjusted, strict=True) if q < 1 - _SHARE and each.verdict == "fail"
    ]
    if failed:
        return "fail", f"worse on {', '.join(failed)}"
    unsure = [each.metric for each in comparisons if each.verdict != "pass"]
    if unsure:
        return "cannot_tell", f"not sure of {', '.join(unsure)}"
    return "pass", f"passes on {', '.join(each.metric for each in comparisons)}"


def worse_p(found: Comparison) -> float | None:
    """The one-sided p of "not beyond the margin"; under .025 where the verdict of this one metric is fail.

    Read off the interval: the end that faces the margin is t or z standard errors away. None without an interval. Where
    the interval is beyond the margin and the cases are too few for it to be believed, .025.
    """
    p = _read_off(found)
    return p if p is None or found.verdict == "fail" else max(p, 1 - _SHARE)


def _read_off(found: Comparison) -> float | None:
    if found.difference is None or found.low is None or found.high is None:
        return None
    margin = -found.not_worse_by if found.direction == "up" else found.not_worse_by
    beyond = margin - found.difference if found.direction == "up" else found.difference - margin
    reach = _reach(found, beyond)
    if reach == 0:
        return 0.0 if beyond > 0 else 1.0
    if found.freedom is not None:
        return t_below(-beyond / reach * t_quantile(_SHARE, found.freedom), found.freedom)
    return z_below(-beyond / reach * Z95)


def _reach(found: Comparison, beyond: float) -> float:
    """From the difference to the end of its interval that lies towards the margin."""
    assert found.difference is not None and found.low is not None and found.high is not None
    upper = (found.direction == "up") == (beyond > 0)
    return found.high - found.difference if upper else found.difference - found.low
