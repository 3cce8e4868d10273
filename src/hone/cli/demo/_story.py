"""What the demonstration found, as structs: the terminal, the page and `--json` tell the same numbers."""

from collections.abc import Sequence

from msgspec import Struct

from hone.cli.demo._failures import KINDS, Call, Failure, Kind
from hone.core import wilson
from hone.evals import Comparison, Run
from hone.prompts import Change
from hone.store import Release


class Measured(Struct, frozen=True, kw_only=True):
    """How often a variant was right, with Wilson's 95 % interval; shares between 0 and 1."""

    name: str
    n: int
    mean: float
    low: float
    high: float


class Phase(Struct, frozen=True, kw_only=True):
    """Live traffic between two decisions: each variant that answered, counted from stored spans and scores."""

    name: str  # the calls carry the tag RUN-NAME
    variants: list[Measured]
    failed: int  # calls without an answer


class Pile(Struct, frozen=True, kw_only=True):
    """The failures of a phase by what failed; `shown` are some of them."""

    variant: str
    counts: dict[Kind, int]
    shown: list[Failure]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


class Case(Struct, frozen=True, kw_only=True):
    """A held-out question on which two variants differ."""

    question: str
    wanted: str
    a: str
    b: str
    a_is_right: bool


class Turn(Struct, frozen=True, kw_only=True):
    """One turn of the loop. `failures` is where it starts, `chosen` the variant that did best on the dev split."""

    failures: Pile
    dev: list[Measured]
    chosen: str
    against: str
    held_out: list[Measured]
    comparison: Comparison
    gate: str
    released: bool
    cases: list[Case]


class Watched(Struct, frozen=True, kw_only=True):
    """The canary that is bad on purpose: after how many calls of its own it was taken back, and why."""

    variant: str
    share: float
    rolled_back: bool
    calls: int  # of the canary
    of: int  # calls in all, until then
    reason: str
    right: list[tuple[bool, bool]]  # in the order of the calls until then: (was it the canary, was it right)


class Story(Struct, frozen=True, kw_only=True):
    run: str
    model: str
    generative: bool
    by_meaning: bool
    python: str
    chunks: int
    questions: int
    prompt: list[Change]
    turns: list[Turn]
    phases: list[Phase]
    ab: Comparison | None
    canary: Watched
    history: list[Release]
    seconds: float
    cost: float | None  # dollars of every model call; None where a price is unknown

    @property
    def variants(self) -> list[Measured]:
        """Every variant that answered held-out questions, once."""
        found: dict[str, Measured] = {}
        for one in (one for turn in self.turns for one in turn.held_out):
            found.setdefault(one.name, one)  # as the turn that judged it first found it
        return list(found.values())

    @property
    def released(self) -> str | None:
        """The variant that the gate let through last."""
        return next((turn.chosen for turn in reversed(self.turns) if turn.released), None)

    @property
    def rolled_back(self) -> str | None:
        return self.canary.variant if self.canary.rolled_back else None


def measured(name: str, right: int, n: int) -> Measured:
    if n == 0:
        return Measured(name=name, n=0, mean=0.0, low=0.0, high=1.0)  # nothing is known
    rate = wilson(right, n)
    return Measured(name=name, n=n, mean=rate.mean, low=rate.low, high=rate.high)


def of_run(run: Run, metric: str, names: Sequence[str]) -> list[Measured]:
    """The variants of an experiment."""
    values = {name: list(run.values(name, metric).values()) for name in names}
    return [measured(name, sum(map(bool, found)), len(found)) for name, found in values.items()]


def phase(name: str, calls: Sequence[Call]) -> Phase:
    scored: dict[str, list[bool]] = {}
    for call in calls:
        if call.right is not None:
            scored.setdefault(call.span.variant or "", []).append(call.right)
    return Phase(
        name=name,
        variants=[measured(variant, sum(found), len(found)) for variant, found in sorted(scored.items())],
        failed=sum(call.right is None for call in calls),
    )


def pile(variant: str, found: Sequence[Failure], most: int = 8) -> Pile:
    counts = {kind: sum(each.kind == kind for each in found) for kind in KINDS}
    return Pile(variant=variant, counts=counts, shown=list(found[:most]))
