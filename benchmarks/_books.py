"""The books of the soak: what callers saw, beside what the store and the budgets say of it."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from _callers import Noted
from hone.core import Span
from hone.local import House
from hone.store import SpanQuery

PURSE, RATE = 3000, 600  # dollars of a purse; calls a minute of the key "brisk"
KILL_SPAN = 3.0  # seconds around a kill in which a purse is touched by it


def cost(span: Span) -> float:
    """What an attempt counts: what its usage costs, else what of its answer has come, estimated as budgets do."""
    if span.status == "error" and span.output is None:
        return 0.0
    if span.output_tokens is not None:
        return float(span.output_tokens)
    return float(-(-len(span.output or "") // 3))


@dataclass
class Books:
    lost: int
    unseen: int  # calls that ended in their midst, away from a kill, and have no span
    killed: int  # the same, near one
    doubled: int
    inexact: dict[str, tuple[float, float]]
    passed: dict[str, float]
    purses: int
    touched: int  # purses in use when a worker was killed
    on_top: float  # dollars that killed workers held
    spent: float
    rate: float  # the fullest that the leaking limit was, as a part of it


def books(folder: Path, noted: list[Noted], kills: list[float]) -> Books:
    house = House.open(folder)
    house.telemetry.flush()
    spans = house.telemetry.spans(SpanQuery(project="soak", limit=100_000_000))
    standing = {each.account.who: each for each in house.accounts.standing() if each.account.budget == "purse"}
    house.close()
    ids = Counter((span.trace_id, span.span_id) for span in spans)
    roots = Counter(span.trace_id for span in spans if span.parent_id is None)
    recorded = {span.trace_id for span in spans}
    cut = [near(call, kills) for call in noted if call.status > 0 and not call.whole and call.trace not in recorded]
    found = Books(
        lost=sum(call.whole and call.trace not in recorded for call in noted),
        unseen=cut.count(False),
        killed=cut.count(True),
        doubled=sum(count > 1 for count in (*ids.values(), *roots.values())),
        inexact={}, passed={}, purses=0, touched=0, on_top=0.0, spent=0.0, rate=fullest(noted),
    )  # fmt: skip
    costs: dict[str, float] = defaultdict(float)
    for span in spans:
        if span.kind == "llm" and span.user:
            costs[span.user] += cost(span)
    touched = {call.user for call in noted if near(call, kills)}
    found.purses, found.touched = len(costs), len(touched)
    for user in costs.keys() | standing.keys():
        used = standing[user].used + standing[user].held if user in standing else 0.0
        more = used - costs[user]
        found.spent += costs[user]
        if max(used, costs[user]) > PURSE + 1e-6:
            found.passed[user] = max(used, costs[user])
        if more < -1e-6 or (more > 1e-6 and user not in touched):
            found.inexact[user] = (used, costs[user])
        elif user in touched:
            found.on_top += more
    return found


def near(call: Noted, kills: list[float]) -> bool:
    return any(call.start - KILL_SPAN < at < call.end + KILL_SPAN for at in kills)


def fullest(noted: list[Noted]) -> float:
    """The bucket of the rate, filled by the calls that were let in, as far as their callers can tell the time."""
    level = most = last = 0.0
    for call in sorted(noted, key=lambda call: call.end):
        if call.key == "brisk" and not call.limited:
            level = max(0.0, level - (call.end - last) * RATE / 60) + 1
            most, last = max(most, level), call.end
    return most / RATE
