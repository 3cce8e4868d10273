"""Admission: whether a call may be made at all. What it may use is reserved before, and settled after."""

import asyncio
import math
import threading
from collections.abc import Callable, Sequence

from hone.core import Clock
from hone.errors import BudgetSpent, CallError, RateLimited
from hone.gateway._account import Account, Renewal
from hone.gateway._budgets import Counted
from hone.gateway._period import SECOND
from hone.store import AccountName

_IDLE = 60 * SECOND
_MOST_RENEWALS = 20  # for one call


class Grant:
    """What one call has reserved. `settle` it when the call is over, whatever became of it."""

    def __init__(self, counted: Sequence[Counted], admission: "Admission") -> None:
        self._counted = counted
        self._admission = admission
        self._once: list[tuple[Counted, float]] = []  # what one attempt may use
        self._reserved: list[tuple[Account, float]] = []

    async def enter(self) -> None:
        """Count the call itself.

        Raises:
            RateLimited: there have been too many.
        """
        counted: list[Account] = []
        try:
            for each in self._counted:
                if each.account.measure == "calls":
                    counted.append(await self._reserve(each, 1.0))
        except BaseException:
            _book(counted, 0.0)
            raise
        _book(counted, 1.0)  # a call that was begun has been made

    async def reserve(self, dollars: float | None, tokens: int) -> None:
        """Reserve what the call may use; `dollars` are given where a budget counts them.

        Raises:
            BudgetSpent, RateLimited: there is not so much left. Nothing is reserved then.
        """
        try:
            for counted in self._counted:
                if counted.account.measure == "tokens":
                    self._once.append((counted, float(tokens)))
                elif counted.account.measure == "spend":
                    assert dollars is not None
                    self._once.append((counted, dollars))
            await self.reserve_again()
        except BaseException:
            self.settle(0.0, 0)
            raise

    async def reserve_again(self) -> None:
        """Reserve as much once more, because a model that was paid is asked again.

        Raises:
            BudgetSpent, RateLimited: there is not so much left. What was reserved before stays so.
        """
        for counted, amount in self._once:
            account = await self._reserve(counted, amount)
            self._reserved.append((account, amount))  # at once, for another attempt of the call may reserve meanwhile

    def settle(self, dollars: float, tokens: int) -> None:
        """Book what the call has used. Done twice, the second does nothing."""
        reserved, self._reserved = self._reserved, []
        held: dict[Account, float] = {}
        for account, amount in reserved:
            held[account] = held.get(account, 0.0) + amount
        for account, amount in held.items():
            account.settle(amount, dollars if account.name.measure == "spend" else float(tokens))

    @property
    def counts_dollars(self) -> str | None:
        """The name of a budget that needs to know what the call may cost."""
        return next((each.account.budget for each in self._counted if each.account.measure == "spend"), None)

    def headers(self) -> dict[str, str]:
        """`RateLimit` and `RateLimit-Policy` of every limit on calls and tokens (IETF httpapi-ratelimit-headers-10)."""
        policies, limits = [], []
        for counted in self._counted:
            if counted.account.measure != "spend":
                policy, limit = self._admission.account(counted).described()
                policies.append(policy)
                limits.append(limit)
        return {"ratelimit-policy": ", ".join(policies), "ratelimit": ", ".join(limits)} if policies else {}

    async def _reserve(self, counted: Counted, amount: float) -> Account:
        account = self._admission.account(counted)
        if not account.reserve(amount):
            account.queue(amount)
            try:
                await self._renewed(account, amount)
            finally:
                account.leave(amount)
        return account

    async def _renewed(self, account: Account, amount: float) -> None:
        renewed = 0
        while not account.reserve_queued(amount):
            # What a renewal has brought, another call may take first; as long as there is more, that is no refusal.
            if renewed == _MOST_RENEWALS or (renewed and not account.may_have(amount)):
                raise self._refusal(account, amount)
            await asyncio.to_thread(self._admission.renew, account, amount)
            renewed += 1

    def _refusal(self, account: Account, amount: float) -> CallError:
        name, limit = account.name, account.limit
        whose = f" of {name.who!r}" if name.who else ""
        if name.measure == "spend":
            return BudgetSpent(
                f"the budget {name.budget!r}{whose} is ${limit.amount:g} a {limit.per}: ${account.left():.4g} is left, "
                f"and this call may cost ${amount:.4g}",
                hint=f"it begins anew in {_said(account.wait(amount))}; calls that are going on hold a part of it",
            )
        if amount > limit.amount:
            return CallError(
                f"this call may use {amount:.0f} {name.measure}, "
                f"and the budget {name.budget!r} allows {limit.amount:g} a {limit.per}"
            )
        error = RateLimited(f"the budget {name.budget!r}{whose} allows {limit.amount:g} {name.measure} a {limit.per}")
        error.details = {"retry_after": max(1, math.ceil(account.wait(amount))), **self.headers()}
        return error


class Admission:
    """The accounts of this process. `tick` it about once a second."""

    def __init__(self, renewal: Renewal, clock: Clock) -> None:
        self.clock = clock
        self._renewal = renewal
        self._accounts: dict[AccountName, Account] = {}
        self._lock = threading.Lock()
        self.first: Callable[[], None] = lambda: None
        """Called once, when the first account is opened."""

    def account(self, counted: Counted) -> Account:
        found = self._accounts.get(counted.account)
        if found is None:
            with self._lock:
                first, self.first = self.first, lambda: None
                first()
                found = self._accounts.setdefault(counted.account, Account(counted.account, counted.limit, self.clock))
        found.touched = self.clock()
        if found.limit != counted.limit:
            found.limit = counted.limit  # hone.toml was edited
        return found

    def renew(self, account: Account, need: float) -> None:
        account.renew(self._renewal, need)

    def tick(self, *, last: bool = False) -> None:
        """Write what was spent, all of it in one commit, and give back what is not needed; the `last` one, all.

        Raises:
            StoreError: the database failed; the next tick tries again.
        """
        with self._lock:
            accounts = list(self._accounts.values())
            for account in accounts:
                if account.idle and account.touched < self.clock() - _IDLE:
                    del self._accounts[account.name]
        held = [account for account in accounts if not account.idle and account.renewing.acquire(blocking=False)]
        try:
            asks = [account.ask(last=last) for account in held]
            if asks:
                for account, ask, answer in zip(held, asks, self._renewal(asks, self.clock()), strict=True):
                    account.take(ask, answer)
        finally:
            for account in held:
                account.renewing.release()


def _book(accounts: Sequence[Account], calls: float) -> None:
    for account in accounts:
        account.settle(1.0, calls)


def _said(seconds: float) -> str:
    for length, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
