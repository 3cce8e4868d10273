"""Many variants in one order: strengths from who beat whom, with ties, and how sure each place is."""

from collections.abc import Hashable, Sequence

from msgspec import Struct

from hone.errors import CallError
from hone.evals.statistics._bootstrap import weighted
from hone.evals.statistics._bradley_terry import strengths_of


class Bout(Struct, frozen=True):
    """Two answers to one prompt; `won` is 1 for `a`, 0 for `b`, .5 for a tie."""

    a: str
    b: str
    won: float
    prompt: Hashable = None


class Place(Struct, frozen=True, kw_only=True):
    """One name in the ranking. `strength` is in logits, with mean 0 over all: between two, the difference is the log
    odds to win, ties apart. `low` and `high` hold it, `best` and `worst` the place, in 95 % of the bootstrap."""

    name: str
    bouts: int
    strength: float
    low: float | None
    high: float | None
    place: int
    best: int
    worst: int


def rank(bouts: Sequence[Bout], *, draws: int = 500, seed: int = 0) -> list[Place]:
    """The strongest first.

    P(a beats b) : P(b beats a) : P(tie) = u : v : w sqrt(u v), the model of R. A. Bradley and M. E. Terry (1952,
    Biometrika 39, pp. 324-345) with the ties of R. R. Davidson (1970, Journal of the American Statistical Association
    65, pp. 317-328), fitted by Newton's method; a normal prior with a standard deviation of 3 logits keeps strengths
    finite. Bootstrap over prompts, whose bouts stay together; a bout without a prompt stands alone.

    Raises:
        CallError: no bout, one with itself, an outcome that is none, or names that no chain of bouts connects.
    """
    import numpy as np

    names = sorted({name for bout in bouts for name in (bout.a, bout.b)})
    _check(bouts, names)
    at, size = {name: k for k, name in enumerate(names)}, len(names)
    prompts = list(dict.fromkeys(_prompt(bout, k) for k, bout in enumerate(bouts)))
    row = {prompt: k for k, prompt in enumerate(prompts)}
    # Of each prompt: who won against whom, and then who tied with whom.
    tables = np.zeros((len(prompts), 2, size, size))
    for k, bout in enumerate(bouts):
        a, b = (at[bout.a], at[bout.b]) if bout.won >= 0.5 else (at[bout.b], at[bout.a])
        tables[row[_prompt(bout, k)], int(bout.won == 0.5), a, b] += 1
    flat = tables.reshape(len(prompts), -1)
    strengths = strengths_of(flat.sum(axis=0).reshape(1, 2, size, size))[0]
    drawn = np.concatenate(
        [strengths_of((w @ flat).reshape(-1, 2, size, size)) for w in weighted(len(prompts), draws, seed)]
    )
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    # One more than are stronger.
    places = 1 + (drawn[:, None, :] > drawn[:, :, None]).sum(axis=2)
    best, worst = np.quantile(places, (0.025, 0.975), axis=0, method="closest_observation")
    known = len(prompts) > 1
    order = sorted(range(size), key=lambda k: -strengths[k])
    return [
        Place(
            name=names[k],
            bouts=sum(names[k] in (bout.a, bout.b) for bout in bouts),
            strength=float(strengths[k]),
            low=float(low[k]) if known else None,
            high=float(high[k]) if known else None,
            place=place,
            best=int(best[k]) if known else 1,
            worst=int(worst[k]) if known else size,
        )
        for place, k in enumerate(order, 1)
    ]


def _prompt(bout: Bout, at: int) -> tuple[str, Hashable]:
    return ("bout", at) if bout.prompt is None else ("prompt", bout.prompt)


def _check(bouts: Sequence[Bout], names: Sequence[str]) -> None:
    if not bouts:
        raise CallError("there is no bout to rank by")
    for bout in bouts:
        if bout.won not in (0, 0.5, 1) or bout.a == bout.b:
            raise CallError(f"{bout.a} against {bout.b} with the outcome {bout.won} is no bout", hint="1, 0 or 0.5")
    known, reached = {bouts[0].a}, {bouts[0].a}
    while reached:
        reached = {other for bout in bouts for one, other in ((bout.a, bout.b), (bout.b, bout.a)) if one in reached}
        reached -= known
        known |= reached
    if apart := [name for name in names if name not in known]:
        raise CallError(f"no chain of bouts leads from {bouts[0].a} to {apart[0]}, so they cannot be compared")
