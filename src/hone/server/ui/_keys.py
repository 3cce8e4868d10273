"""Keys and budgets: who may call, what each may ask for, and how much of each limit is used by whom."""

from collections.abc import Callable, Iterable
from itertools import groupby

from msgspec import Struct

from hone.gateway import Listed, Standing
from hone.local import House
from hone.project import Period
from hone.server.ui._face import Asked

_SHOWN = 10  # accounts of one limit


class KeyRow(Struct, frozen=True, kw_only=True):
    """`acts` is false where another row of the same name is the one to rotate or revoke."""

    key: Listed
    acts: bool


class BudgetRow(Struct, frozen=True, kw_only=True):
    """One limit and its accounts, the fullest first; `more` accounts are not shown."""

    budget: str
    measure: str  # spend | calls | tokens
    limit: float
    per: Period
    each: str | None  # what it is counted by; None where all share it
    accounts: list[Standing]
    more: int


class KeysPage(Struct, frozen=True, kw_only=True):
    """`enforced` says whether callers must show a key at all."""

    enforced: bool
    keys: list[KeyRow]
    budgets: list[BudgetRow]
    tasks: list[str]
    models: list[str]
    environments: list[str]


def keys(house: House, *, enforced: bool) -> Callable[[Asked], KeysPage]:
    def view(_: Asked) -> KeysPage:
        return KeysPage(
            enforced=enforced,
            keys=_key_rows(house.keys.listed()),
            budgets=_budget_rows(house, house.budgets()),
            tasks=list(house.project.tasks),
            models=list(house.project.models),
            environments=house.project.environments,
        )

    return view


def _key_rows(found: Iterable[Listed]) -> list[KeyRow]:
    """Valid ones first, then as they were made, the newest first."""
    rows, named = [], set()
    for key in sorted(found, key=lambda key: key.state != "valid"):
        acts = key.state == "valid" and key.name not in named
        named.add(key.name)
        rows.append(KeyRow(key=key, acts=acts))
    return rows


def _budget_rows(house: House, found: Iterable[Standing]) -> list[BudgetRow]:
    """The limit that is nearest to its end first."""
    rows = []
    for (budget, measure), accounts in groupby(found, key=lambda each: (each.budget, each.measure)):
        ordered = sorted(accounts, key=lambda each: (-each.full, each.who))
        config = house.project.budgets.get(budget)
        rows.append(
            BudgetRow(
                budget=budget,
                measure=measure,
                limit=ordered[0].limit,
                per=ordered[0].per,
                each=config.per if config else None,
                accounts=ordered[:_SHOWN],
                more=max(0, len(ordered) - _SHOWN),
            )
        )
    return sorted(rows, key=lambda row: -row.accounts[0].full)
