"""Budgets under concurrency: many threads, several processes' worth of holds, one database of each kind."""

import asyncio
import random
import threading
from functools import partial

import pytest
from sqlalchemy import Engine

from hone.gateway._account import Account, Limit
from hone.gateway._admission import Admission, Grant
from hone.gateway._budgets import Counted
from hone.gateway._period import LENGTH, SECOND, calendar
from hone.store import AccountName, Accounts, Ask
from hone.store._accounts import DEAD_NS

NOON = 1_700_049_600 * SECOND  # 2023-11-15 12:00 UTC
SPEND = AccountName("trial", "", "spend")
CALLS = AccountName("trial", "", "calls")
A_DAY = Limit(10.0, "day", leaks=False)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(engine: Engine) -> Accounts:
    return Accounts(engine, "parcels")


def ask(spent: float = 0.0, wanted: float = 0.0, limit: float = 10.0) -> Ask:
    start, end = calendar("day", NOON)
    return Ask(account=SPEND, limit=limit, spent=spent, wanted=wanted, start=start, end=end)


def test_used_and_holds_never_pass_the_limit(accounts: Accounts) -> None:
    (mine,) = accounts.renew("a", [ask(wanted=6.0)], NOON)
    (theirs,) = accounts.renew("b", [ask(wanted=6.0)], NOON)
    assert (mine.hold, theirs.hold, theirs.others) == (6.0, 4.0, 6.0)
    (mine,) = accounts.renew("a", [ask(spent=5.0, wanted=1.0)], NOON)
    assert (mine.used, mine.hold, mine.others) == (5.0, 1.0, 4.0)
    (theirs,) = accounts.renew("b", [ask(wanted=0.0)], NOON)
    (mine,) = accounts.renew("a", [ask(wanted=100.0)], NOON)
    assert mine.hold == 5.0


def test_what_a_dead_process_held_counts_as_used(accounts: Accounts) -> None:
    accounts.renew("dead", [ask(wanted=4.0)], NOON)
    (soon,) = accounts.renew("alive", [ask(wanted=10.0)], NOON + DEAD_NS - 1)
    assert (soon.hold, soon.used) == (6.0, 0.0)
    (later,) = accounts.renew("alive", [ask(wanted=10.0)], NOON + DEAD_NS + 1)
    assert (later.hold, later.used, later.others) == (6.0, 4.0, 0.0)


def test_a_new_period_begins_with_nothing_used(accounts: Accounts) -> None:
    accounts.renew("a", [ask(spent=9.0)], NOON)
    start, end = calendar("day", NOON + LENGTH["day"])
    (next_day,) = accounts.renew(
        "a", [Ask(account=SPEND, limit=10.0, wanted=10.0, start=start, end=end)], NOON + LENGTH["day"]
    )
    assert (next_day.used, next_day.hold) == (0.0, 10.0)


def test_a_rate_frees_evenly(accounts: Accounts) -> None:
    leak = 60 / LENGTH["minute"]

    def of(spent: float, wanted: float, now: int) -> float:
        one = Ask(account=CALLS, limit=60.0, spent=spent, wanted=wanted, end=now + LENGTH["minute"], leak=leak)
        return accounts.renew("a", [one], now)[0].hold

    assert of(60.0, 60.0, NOON) == 0.0
    assert of(0.0, 60.0, NOON + 15 * SECOND) == pytest.approx(15.0)


def test_accounts_of_past_periods_are_forgotten(accounts: Accounts) -> None:
    accounts.renew("a", [ask(spent=1.0)], NOON)
    accounts.forget(NOON)
    assert [each.used for each in accounts.standing()] == [1.0]
    accounts.forget(NOON + LENGTH["day"])
    assert accounts.standing() == []


@pytest.mark.parametrize("limit", [A_DAY, Limit(10.0, "day", leaks=True)])
@pytest.mark.parametrize("processes", [1, 4])
def test_two_hundred_at_once_against_ten_pass_ten(
    accounts: Accounts, clock: Clock, limit: Limit, processes: int
) -> None:
    made = [Account(SPEND, limit, clock) for _ in range(processes)]
    passed = []

    def call(number: int) -> None:
        account, renewal = made[number % processes], partial(accounts.renew, f"p{number % processes}")
        if not account.reserve(1.0):
            account.renew(renewal, 1.0)
            if not account.reserve(1.0):
                return
        passed.append(number)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 10


def test_no_order_of_events_passes_the_limit(accounts: Accounts, clock: Clock) -> None:
    """Reservations, settlements for less, ticks and renewals of three processes in a random order."""
    chance = random.Random(7)
    counted = Counted(SPEND, Limit(50.0, "day", leaks=False))
    made = [Admission(partial(accounts.renew, f"p{number}"), clock) for number in range(3)]
    going: list[tuple[Account, float]] = []
    spent = refused = 0.0
    for _ in range(600):
        clock.now += chance.randrange(SECOND)
        admission = chance.choice(made)
        account = admission.account(counted)
        event = chance.random()
        if event < 0.6:
            amount = chance.choice([0.1, 0.5, 2.0])
            if not account.reserve(amount):
                admission.renew(account, amount)
                if not account.reserve(amount):
                    refused += 1
                    continue
            going.append((account, amount))
        elif event < 0.9 and going:
            account, amount = going.pop(chance.randrange(len(going)))
            real = amount * chance.random()
            account.settle(amount, real)
            spent += real
        else:
            admission.tick()
        assert spent + sum(amount for _, amount in going) <= 50.0 + 1e-6
    assert refused, "the budget was never short, so nothing was shown"
    for account, amount in going:
        account.settle(amount, 0.0)
    for admission in made:
        admission.tick()
        admission.tick()
    (standing,) = accounts.standing()
    assert standing.used == pytest.approx(spent)
    assert spent > 35.0, "most of the budget could be spent"


def test_a_busy_process_asks_the_database_seldom_and_an_idle_one_holds_nothing(
    accounts: Accounts, clock: Clock
) -> None:
    renewals = []

    def counting(asks: list[Ask], now: int) -> list:
        renewals.append(len(asks))
        return accounts.renew("a", asks, now)

    admission = Admission(counting, clock)
    counted = Counted(SPEND, Limit(1_000_000.0, "day", leaks=False))
    for number in range(2000):
        clock.now += SECOND // 200
        account = admission.account(counted)
        if not account.reserve(1.0):
            admission.renew(account, 1.0)
            assert account.reserve(1.0)
        account.settle(1.0, 1.0)
        if number % 200 == 199:
            admission.tick()
    assert len(renewals) < 250, "the first second asks for each call, the others hold what they need"
    assert accounts.standing()[0].held > 100
    for _ in range(12):
        clock.now += SECOND
        admission.tick()
    (standing,) = accounts.standing()
    assert (standing.used, standing.held) == (2000.0, 0.0)


def test_what_a_renewal_brings_is_not_taken_by_those_who_came_later(accounts: Accounts, clock: Clock) -> None:
    """Under load, a call could lose twenty races in a row and was told that a budget of a trillion tokens was spent."""
    account = Account(SPEND, Limit(1_000_000.0, "day", leaks=False), clock)
    account.queue(1.0)
    account.queue(2.0)
    account.renew(partial(accounts.renew, "a"), 1.0)
    assert accounts.standing()[0].held == 3.0, "one renewal brings what all who wait need"
    assert not account.reserve(1.0)
    assert account.reserve_queued(1.0)
    account.leave(1.0)
    assert not account.reserve(1.0)
    assert account.reserve_queued(2.0)
    account.leave(2.0)


def test_the_last_tick_holds_nothing(accounts: Accounts, clock: Clock) -> None:
    admission = Admission(partial(accounts.renew, "a"), clock)
    account = admission.account(Counted(SPEND, Limit(1_000_000.0, "day", leaks=False)))
    for _ in range(300):
        clock.now += SECOND // 100
        if not account.reserve(1.0):
            admission.renew(account, 1.0)
            assert account.reserve(1.0)
        account.settle(1.0, 1.0)
    admission.tick()
    assert accounts.standing()[0].held > 0
    admission.tick(last=True)
    assert (accounts.standing()[0].used, accounts.standing()[0].held) == (300.0, 0.0)


async def test_a_call_that_one_budget_refuses_uses_nothing_of_the_others(accounts: Accounts, clock: Clock) -> None:
    wide = Counted(AccountName("wide", "", "calls"), Limit(100.0, "day", leaks=True))
    tight = Counted(AccountName("tight", "", "calls"), Limit(1.0, "day", leaks=True))
    admission = Admission(partial(accounts.renew, "a"), clock)
    await Grant([wide, tight], admission).enter()
    for _ in range(5):
        with pytest.raises(Exception, match="'tight' allows 1 calls a day"):
            await Grant([wide, tight], admission).enter()
    admission.tick()
    assert {each.account.budget: each.used for each in accounts.standing()} == {"tight": 1.0, "wide": 1.0}


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("second", NOON, NOON + SECOND),
        ("hour", NOON, NOON + 3600 * SECOND),
        ("day", NOON - 12 * 3600 * SECOND, NOON + 12 * 3600 * SECOND),
        ("week", NOON - 60 * 3600 * SECOND, NOON + 108 * 3600 * SECOND),  # the 15th was a Wednesday
        ("month", NOON - 348 * 3600 * SECOND, NOON + 372 * 3600 * SECOND),
    ],
)
def test_periods_of_money_follow_the_calendar(period, start, end) -> None:
    assert calendar(period, NOON) == (start, end)


def test_a_renewal_that_waited_for_another_lets_nothing_leak_twice(accounts: Accounts) -> None:
    leak = 10.0 / LENGTH["minute"]

    def leaking(spent: float = 0.0) -> Ask:
        return Ask(account=CALLS, limit=10.0, spent=spent, end=NOON + LENGTH["day"], leak=leak)

    accounts.renew("a", [leaking(spent=10.0)], NOON)
    accounts.renew("b", [leaking()], NOON + 30 * SECOND)
    (late,) = accounts.renew("a", [leaking()], NOON + 10 * SECOND)
    assert late.used == pytest.approx(5.0)
    (after,) = accounts.renew("b", [leaking()], NOON + 30 * SECOND)
    assert after.used == pytest.approx(5.0)


def test_a_renewal_from_the_day_before_does_not_empty_the_new_day(accounts: Accounts) -> None:
    start, end = calendar("day", NOON + LENGTH["day"])
    tomorrow = Ask(account=SPEND, limit=10.0, spent=7.0, start=start, end=end)
    accounts.renew("a", [tomorrow], start)
    accounts.renew("b", [ask(spent=1.0)], start + SECOND)  # asked before midnight, and waited
    (found,) = accounts.renew("a", [Ask(account=SPEND, limit=10.0, start=start, end=end)], start + SECOND)
    assert found.used == 8.0
    accounts.forget(start + SECOND)
    assert [each.used for each in accounts.standing()] == [8.0]


async def test_attempts_that_reserve_at_the_same_time_leak_nothing(accounts: Accounts, clock: Clock) -> None:
    admission = Admission(partial(accounts.renew, "a"), clock)
    grant = Grant([Counted(SPEND, A_DAY)], admission)
    await grant.reserve(1.0, 0)
    await asyncio.gather(*(grant.reserve_again() for _ in range(4)))
    grant.settle(2.5, 0)
    admission.tick(last=True)
    (standing,) = accounts.standing()
    assert (standing.used, standing.held) == (2.5, 0.0)
