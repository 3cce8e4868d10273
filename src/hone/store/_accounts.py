"""Accounts: what budgets have used, exact for any number of processes that spend from them at once.

A process holds a part of what is free and spends it without asking; used and all the holds never pass the limit.
"""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Engine, Table, delete, func, insert, select, update

from hone.store._catalog import one_at_a_time
from hone.store._catalog_text import storable, stored
from hone.store._database import reading, writing
from hone.store._schema import accounts, holds

DEAD_NS = 60_000_000_000
"""A process that has not renewed its hold for so long is gone. What it held counts as used: nobody knows better."""

_LEAST = 1e-12


class AccountName(Struct, frozen=True):
    """`who` is the value that the budget is counted by; empty where one account serves all."""

    budget: str
    who: str
    measure: str


class Ask(Struct, frozen=True, kw_only=True):
    """`spent` since the last time, and the hold that is `wanted` from now on; both in dollars, calls or tokens.

    A limit on a period has its start and end. One on a rate leaks: `leak` is what becomes free in a nanosecond.
    """

    account: AccountName
    limit: float
    spent: float = 0.0
    wanted: float = 0.0
    start: int = 0  # ns
    end: int  # ns; of a leaking one, when it will be empty at the latest
    leak: float = 0.0


class Held(Struct, frozen=True, kw_only=True):
    """What the process holds now, what is used, and what other processes hold."""

    hold: float
    used: float
    others: float


class Used(Struct, frozen=True, kw_only=True):
    """One account as it stands in the database; of a leaking one, as it stood at `since`."""

    account: AccountName
    since: int
    used: float
    held: float


class Accounts:
    """One project's accounts. Safe to use from many threads and processes."""

    def __init__(self, engine: Engine, project: str) -> None:
        self._engine = engine
        self._project = project

    def renew(self, process: str, asks: Sequence[Ask], now: int) -> list[Held]:
        """Write what was spent, and hold what is wanted as far as it is free; one answer for each ask.

        Raises:
            StoreError: the database failed, and nothing has changed.
        """
        with writing(self._engine) as connection:
            # In one order, so that two processes never wait for each other in a circle.
            order = sorted(range(len(asks)), key=lambda at: _sortable(asks[at].account))
            found = {at: self._renew(connection, process, asks[at], now) for at in order}
        return [found[at] for at in range(len(asks))]

    def standing(self) -> list[Used]:
        """Every account that says something, by name."""
        with reading(self._engine) as connection:
            held = {
                AccountName(row.budget, row.who, row.measure): float(row.amount)
                for row in connection.execute(
                    select(holds.c.budget, holds.c.who, holds.c.measure, func.sum(holds.c.amount).label("amount"))
                    .where(holds.c.project == self._project)
                    .group_by(holds.c.budget, holds.c.who, holds.c.measure)
                )
            }
            rows = connection.execute(select(accounts).where(accounts.c.project == self._project)).all()
        found = []
        for row in rows:
            name = AccountName(row.budget, row.who, row.measure)
            plain = AccountName(name.budget, stored(name.who), name.measure)
            found.append(Used(account=plain, since=row.since, used=row.used, held=held.get(name, 0.0)))
        return sorted(found, key=lambda each: _sortable(each.account))

    def forget(self, now: int) -> None:
        """Drop the accounts of periods that are over."""
        with writing(self._engine) as connection:
            mine = accounts.c.project == self._project
            connection.execute(delete(accounts).where(mine, accounts.c.until < now))

    def _renew(self, connection: Connection, process: str, ask: Ask, now: int) -> Held:
        name = ask.account
        one_at_a_time(connection, "account", self._project, name.budget, name.who, name.measure)
        mine = self._is(accounts, name)
        row = connection.execute(select(accounts.c.since, accounts.c.used, accounts.c.until).where(*mine)).first()
        used = ask.spent + (_left(row.since, row.used, ask, now) if row is not None else 0.0)
        dead, others = self._others(connection, process, name, now)
        used += dead
        hold = max(0.0, min(ask.wanted, ask.limit - used - others))
        since, until = (now if ask.leak else ask.start), ask.end
        if row is not None:
            # Whoever waited long for this commit comes with an earlier time, and what has leaked must not leak twice.
            since, until = max(since, row.since), max(until, row.until)
        values = {"since": since, "used": used, "until": until}
        if row is None:
            connection.execute(insert(accounts).values(**self._key(name), **values))
        else:
            connection.execute(update(accounts).where(*mine).values(**values))
        self._hold(connection, process, name, hold, now)
        return Held(hold=hold, used=used, others=others)

    def _others(self, connection: Connection, process: str, name: AccountName, now: int) -> tuple[float, float]:
        """What dead processes held, and what living ones hold."""
        rows = connection.execute(
            select(holds.c.process, holds.c.amount, holds.c.seen).where(*self._is(holds, name))
        ).all()
        dead = [row for row in rows if row.process != process and row.seen < now - DEAD_NS]
        for row in dead:
            connection.execute(delete(holds).where(*self._is(holds, name), holds.c.process == row.process))
        gone = {row.process for row in dead}
        alive = sum(row.amount for row in rows if row.process != process and row.process not in gone)
        return float(sum(row.amount for row in dead)), float(alive)

    def _hold(self, connection: Connection, process: str, name: AccountName, amount: float, now: int) -> None:
        own = (*self._is(holds, name), holds.c.process == process)
        if amount <= _LEAST:
            connection.execute(delete(holds).where(*own))
        elif connection.execute(update(holds).where(*own).values(amount=amount, seen=now)).rowcount == 0:
            row = {**self._key(name), "process": process, "amount": amount, "seen": now}
            connection.execute(insert(holds).values(**row))

    def _key(self, name: AccountName) -> dict[str, str]:
        return {"project": self._project, "budget": name.budget, "who": storable(name.who), "measure": name.measure}

    def _is(self, table: Table, name: AccountName) -> list[ColumnElement[bool]]:
        return [table.c[column] == value for column, value in self._key(name).items()]


def _left(since: int, used: float, ask: Ask, now: int) -> float:
    """What was used and still counts."""
    if ask.leak:
        return max(0.0, used - max(0, now - since) * ask.leak)
    return float(used) if since >= ask.start else 0.0


def _sortable(name: AccountName) -> tuple[str, str, str]:
    return name.budget, name.who, name.measure
