"""Which budgets a call comes under: those of hone.toml whose `match` fits, and that of its key."""

import hashlib
from collections.abc import Callable, Iterable

from msgspec import Struct

from hone.gateway._account import Limit
from hone.gateway._call import Call
from hone.gateway._route import Route
from hone.project import Budget, Project
from hone.store import AccountName

_LONGEST = 100  # characters of a value that an account is named by; a longer one is named by its hash


class Counted(Struct, frozen=True):
    """One limit that a call comes under."""

    account: AccountName
    limit: Limit


_OF_A_CALL: dict[str, Callable[[Call, Route], str | None]] = {
    "key": lambda call, _: call.key.name if call.key else None,
    "user": lambda call, _: call.user,
    "session": lambda call, _: call.session,
    "environment": lambda _, route: route.environment,
    "task": lambda _, route: route.task.name if route.task else None,
    # As it was asked for: which deployment answers is nobody's plan.
    "model": lambda _, route: route.chain[0].balanced or route.chain[0].alias if route.chain else None,
}


class Budgets:
    """The budgets of one edition of a project."""

    def __init__(self, project: Project) -> None:
        self._all = list(project.budgets.values())

    def of(self, call: Call, route: Route) -> list[Counted]:
        """Every limit that holds for the call, in the order of the file; the key's own last."""
        if not self._all and call.key is None:
            return []
        found = [
            counted
            for budget in self._all
            if all(value in _values(name, call, route) for name, value in budget.match.items())
            for counted in counted_by(budget, _who(budget, call, route))
        ]
        own = call.key.budget if call.key else None
        return found + (list(counted_by(own, "")) if own else [])


def counted_by(budget: Budget, who: str) -> Iterable[Counted]:
    if budget.rate is not None:
        limit = Limit(budget.rate.count, budget.rate.per, leaks=True)
        yield Counted(AccountName(budget.name, who, "calls"), limit)
    if budget.tokens is not None:
        limit = Limit(budget.tokens.count, budget.tokens.per, leaks=True)
        yield Counted(AccountName(budget.name, who, "tokens"), limit)
    if budget.spend is not None:
        limit = Limit(budget.spend.dollars, budget.spend.per, leaks=False)
        yield Counted(AccountName(budget.name, who, "spend"), limit)


def _who(budget: Budget, call: Call, route: Route) -> str:
    """Calls without a value of `per` share one account."""
    if budget.per is None:
        return ""
    who = next(iter(_values(budget.per, call, route)), "")
    return who if len(who) <= _LONGEST else hashlib.sha256(who.encode("utf-8", "surrogatepass")).hexdigest()


def _values(name: str, call: Call, route: Route) -> list[str]:
    """What a call says of `key`, `user` and so on, of `tag`, or of a tag with a value, such as `tier:trial`."""
    if (read := _OF_A_CALL.get(name)) is not None:
        value = read(call, route)
        return [] if value is None else [value]
    if name == "tag":
        return list(call.tags)
    return [tag[len(name) + 1 :] for tag in call.tags if tag.startswith(f"{name}:")]
