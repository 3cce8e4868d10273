"""How the budgets stand now: what of each is used and held, by whom."""

from collections.abc import Iterable

from msgspec import Struct

from hone.gateway._budgets import Counted, counted_by
from hone.gateway._key import Key
from hone.gateway._period import LENGTH, calendar
from hone.project import Period, Project
from hone.store import Used


class Standing(Struct, frozen=True, kw_only=True):
    """In dollars, calls or tokens. `held` is reserved for calls that are going on or are soon to come."""

    budget: str
    who: str  # the value that the budget is counted by; empty where one serves all
    measure: str  # spend | calls | tokens
    limit: float
    per: Period
    used: float
    held: float
    left: float

    @property
    def full(self) -> float:
        """The share of the limit that is used or held."""
        return (self.used + self.held) / self.limit if self.limit else 1.0


def standings(project: Project, keys: Iterable[Key], accounts: Iterable[Used], now: int) -> list[Standing]:
    """Every account that something was used of in its present period, and every limit that nobody has touched."""
    budgets = [*project.budgets.values(), *(key.budget for key in keys if key.budget is not None)]
    limits = {(each.account.budget, each.account.measure): each for one in budgets for each in counted_by(one, "")}
    found = [
        _standing(limits[account.account.budget, account.account.measure], account, now)
        for account in accounts
        if (account.account.budget, account.account.measure) in limits
    ]
    touched = {(each.budget, each.measure) for each in found}
    for name, counted in limits.items():
        if name not in touched:
            nothing = Used(account=counted.account, since=now, used=0.0, held=0.0)
            found.append(_standing(counted, nothing, now))
    return sorted(found, key=lambda each: (each.budget, each.measure, each.who))


def _standing(counted: Counted, account: Used, now: int) -> Standing:
    limit, name = counted.limit, account.account
    if limit.leaks:
        used = max(0.0, account.used - (now - account.since) * limit.amount / LENGTH[limit.per])
    else:
        used = account.used if account.since >= calendar(limit.per, now)[0] else 0.0
    return Standing(
        budget=name.budget, who=name.who, measure=name.measure, limit=limit.amount, per=limit.per, used=used,
        held=account.held, left=max(0.0, limit.amount - used - account.held),
    )  # fmt: skip
