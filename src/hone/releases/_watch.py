"""Should a release be taken back? A decision with its numbers, that may be asked for after every call.

Its intervals are confidence sequences: whoever looks a thousand times is still wrong with at most 5 % of releases that
are as they should be. Limits share that 5 % between them.
"""

from collections.abc import Mapping
from math import ceil
from typing import Any

from msgspec import Struct

from hone.evals import apart_always, mean_always, rate_always
from hone.project import Gate, Rollback
from hone.releases._live import ERRORS, LATENCY, Calls
from hone.store import Metric

ALPHA = 0.05
_SLOWEST = 0.05  # the share of calls that may take longer than a 95th percentile


class Check(Struct, frozen=True, kw_only=True):
    """One limit, and where the variant stands. `low` and `high` hold at every look at once; of p95 they are seconds'
    stand-ins: the share of calls over the limit, which may be 5 %."""

    name: str
    limit: float
    n: int
    value: float | None
    low: float | None
    high: float | None
    crossed: bool
    said: str


class Decision(Struct, frozen=True, kw_only=True):
    """What to do with the release of a task. `release` is its id; `variant` is the one that gained traffic by it."""

    task: str
    environment: str
    release: int
    variant: str | None
    roll_back: bool
    checks: list[Check]
    reason: str
    rolled_back_to: dict[str, float] | None = None


def checks(
    calls: Calls,
    variant: str,
    others: list[str],
    *,
    rollback: Rollback | None,
    gate: Gate | None,
    what: Metric | None,
    alpha: float = ALPHA,
) -> list[Check]:
    """Every limit that the project sets for the task. `what` describes the gate's metric; `others` are the variants it
    is compared with."""
    limits: list[tuple[Any, ...]] = []
    if rollback is not None and rollback.error_rate is not None:
        limits.append((_errors, calls, variant, rollback.error_rate))
    if rollback is not None and rollback.p95 is not None:
        limits.append((_slow, calls, variant, rollback.p95))
    if gate is not None and what is not None and others:
        limits.append((_metric, calls, variant, others, gate, what))
    return [check(*arguments, alpha / len(limits)) for check, *arguments in limits]


def _errors(calls: Calls, variant: str, limit: float, alpha: float) -> Check:
    failed = calls.values(variant, ERRORS)
    n, bad = len(failed), sum(bool(each) for each in failed)
    low, high = rate_always(bad, n, alpha)
    said = f"{bad} of {n} calls failed: at least {low:.1%}, and {limit:.1%} may"
    return Check(
        name=ERRORS, limit=limit, n=n, value=bad / n if n else None, low=low, high=high, crossed=low > limit, said=said
    )


def _slow(calls: Calls, variant: str, limit: float, alpha: float) -> Check:
    """p95 is over the limit exactly where more than 5 % of calls take longer than it, which is a rate."""
    seconds = sorted(float(each) for each in calls.values(variant, LATENCY))
    n, slow = len(seconds), sum(each > limit for each in seconds)
    low, high = rate_always(slow, n, alpha)
    value = seconds[ceil(0.95 * n) - 1] if n else None
    said = f"{slow} of {n} calls took more than {limit:g} s: at least {low:.1%}, and 5 % may"
    return Check(name="p95", limit=limit, n=n, value=value, low=low, high=high, crossed=low > _SLOWEST, said=said)


def _metric(calls: Calls, variant: str, others: list[str], gate: Gate, what: Metric, alpha: float) -> Check:
    ours = calls.values(variant, gate.metric)
    theirs = [value for other in others for value in calls.values(other, gate.metric)]
    limit, n = gate.not_worse_by, len(ours) + len(theirs)
    common: dict[str, Any] = {"name": gate.metric, "limit": limit, "n": n}
    if any(not 0 <= value <= 1 for value in (*ours, *theirs)):
        said = "not watched: only scores between 0 and 1 have bounds that hold at every look"
        return Check(**common, value=None, low=None, high=None, crossed=False, said=said)
    low, high = apart_always(_bounds(ours, what, alpha / 2), _bounds(theirs, what, alpha / 2))
    if what.direction == "down":
        low, high = -high, -low
    value = sum(ours) / len(ours) - sum(theirs) / len(theirs) if ours and theirs else None
    gain = None if value is None else (value if what.direction == "up" else -value)
    said = f"at best {-high:.3g} worse than the others ({n} scores), and {limit:g} is allowed"
    return Check(**common, value=gain, low=low, high=high, crossed=high < -limit, said=said)


def _bounds(values: list[bool | float], what: Metric, alpha: float) -> tuple[float, float]:
    if what.kind == "boolean":
        return rate_always(sum(bool(each) for each in values), len(values), alpha)
    return mean_always([float(each) for each in values], alpha)


def rising(now: Mapping[str, float], before: Mapping[str, float]) -> str | None:
    """The variant that gained most by a release, which is the one on trial."""
    gained = {variant: share - before.get(variant, 0.0) for variant, share in now.items()}
    most = max(gained, key=lambda variant: (gained[variant], variant), default=None)
    return most if most is not None and gained[most] > 0 else None
