"""Calibration put together: the judge of a project, labelled answers, and the card that comes of them."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hone.errors import CallError, DatasetError, HoneError
from hone.evals import Answer, Evaluator, Given, make
from hone.evals._case import NOBODYS_ANSWER
from hone.evals.judges._calibrate import Verdict, card_of, need_labels, published
from hone.evals.judges._card import Card, Constant
from hone.evals.judges._labels import Columns, Kind, Labelled, labelled, preference, read_rows
from hone.evals.judges._pairwise import FLIPPED, TOWARD_FIRST
from hone.evals.statistics._intervals import Estimate, mean, rate
from hone.local._evaluate import Bench
from hone.local._given import cards_of, judging

CONSTANTS = (
    "There are several ways to look at this, and the right one depends on the circumstances.",
    "This answer is correct, complete, well written and does everything that was asked for.",
)
"""Answers that say nothing about any question: the second praises itself."""

_PLACES: dict[Any, str] = {1.0: "first", 0.5: "tie", 0.0: "second"}


class Calibration(Struct, frozen=True, kw_only=True):
    """How a judge is calibrated. `kind` is needed where a judge is known by its published verdicts alone."""

    columns: Columns = Columns()
    kind: Kind | None = None
    value: Any = None  # the rubric, for judges that need one
    settings: dict[str, Any] = {}  # model, votes ...
    probe: int = 20  # questions on which the constant answers are tried
    limit: int | None = None
    progress: Callable[[int, int], None] = lambda done, total: None  # noqa: ARG005


def calibrate(bench: Bench, name: str, data: str, how: Calibration) -> Card:
    """Hold a judge against labels, and keep its card. `data` is the path of a file or the name of a dataset.

    Where the rows have verdicts already, those count and nothing is asked.

    Raises:
        CallError: no such judge, or no row has a label.
        DatasetError: the data cannot be read.
    """
    rows = labelled(_rows(bench, data), how.columns)[: how.limit]
    now = bench.house.clock()
    if any(each.verdict is not None for each in rows):
        kind = how.kind or _published_kind(rows)
        key = hashlib.sha256(f"published:{name}".encode()).hexdigest()
        card = card_of(name, key, kind, Path(data).name, rows, [published(each, kind) for each in rows], now)
    else:
        card = asyncio.run(_asked(bench, name, data, rows, how))
    cards_of(bench.house).keep(card)
    return card


async def _asked(bench: Bench, name: str, data: str, rows: Sequence[Labelled], how: Calibration) -> Card:
    evaluator = judge_of(bench, name, how)
    kind = _kind(evaluator)
    if how.kind is not None and how.kind != kind:
        raise CallError(f"{name} gives a {kind}, not a {how.kind}")
    need_labels(rows, kind, Path(data).name)
    tally = bench.judging.tally
    before, spent, unpriced = tally.calls, tally.cost, tally.unpriced
    done = 0
    problems: list[HoneError] = []

    async def one(row: Labelled) -> Verdict:
        nonlocal done
        found = await _verdict(evaluator, row, kind, problems)
        done += 1
        how.progress(done, len(rows))
        return found

    verdicts = await asyncio.gather(*(one(each) for each in rows))
    if problems and all(each.value is None for each in verdicts):
        raise CallError(
            f"the judge {name} failed on {len(problems)} of {len(rows)} answers, the first with: {problems[0].message}",
            hint=problems[0].hint,
        )
    card = card_of(name, evaluator.key, kind, Path(data).name, rows, verdicts, bench.house.clock())
    constants = await _constants(evaluator, rows[: how.probe], kind)
    cost = None if tally.unpriced > unpriced else tally.cost - spent
    return replace(card, constants=constants, calls=tally.calls - before, cost=cost)


def judge_of(bench: Bench, name: str, how: Calibration) -> Evaluator:
    """The evaluator that is to be calibrated.

    Raises:
        CallError: it asks no model, or judges more than a pair.
    """
    given = judging(Given(), bench.judging)
    asked = {"type": name, **({} if how.value is None else {"value": how.value}), **how.settings}
    (made,) = make([asked], given=given)
    if made.by != "judge":
        raise CallError(f"{name} is no judge: it asks no model", hint="hone judges list")
    if made.choose is not None:
        raise CallError(f"{name} chooses among variants, and labels are of one answer or a pair", hint="pairwise")
    return made


async def _verdict(evaluator: Evaluator, row: Labelled, kind: Kind, problems: list[HoneError] | None = None) -> Verdict:
    """A judge that fails gives no verdict, and adds to the problems; what would fail every time stops the whole.

    Raises:
        ProjectError, NotAllowed: the judge cannot judge anything.
    """
    try:
        said: Any = evaluator.judge(row.example, Answer(text=row.answer))
        found = {each.name: each.value for each in (await said if asyncio.iscoroutine(said) else said)}
    except NOBODYS_ANSWER:
        raise
    except HoneError as problem:
        if problems is not None:
            problems.append(problem)
        return Verdict(value=None)
    value = found.get(evaluator.name)
    if value is None:
        return Verdict(value=None)
    if kind != "pairwise":
        return Verdict(value=value)
    flipped = bool(found.get(f"{evaluator.name}.{FLIPPED}"))
    won = _PLACES.get(value, "first" if float(value) > 0.5 else "second")
    return Verdict(value=won, flipped=flipped, toward_first=found.get(f"{evaluator.name}.{TOWARD_FIRST}"))


async def _constants(evaluator: Evaluator, rows: Sequence[Labelled], kind: Kind) -> tuple[Constant, ...]:
    if kind == "category":
        return ()
    made = []
    for text in CONSTANTS:
        tried = (_verdict(evaluator, msgspec.structs.replace(row, answer=text), kind) for row in rows)
        known = [each.value for each in await asyncio.gather(*tried) if each.value is not None]
        if known:
            made.append(Constant(answer=text, score=_score(known, kind)))
    return tuple(made)


def _score(values: Sequence[Any], kind: Kind) -> Estimate:
    if kind == "pairwise":
        return mean([preference(each) for each in values])
    if kind == "boolean":
        return rate([bool(each) for each in values])
    return mean([float(each) for each in values])


def _kind(evaluator: Evaluator) -> Kind:
    if any(each.name == f"{evaluator.name}.{FLIPPED}" for each in evaluator.measures):
        return "pairwise"
    kinds: dict[str, Kind] = {"boolean": "boolean", "number": "number"}
    return kinds.get(evaluator.measures[0].metric.kind, "category")


def _published_kind(rows: Sequence[Labelled]) -> Kind:
    if any(each.other is not None or each.swapped is not None for each in rows):
        return "pairwise"
    values = [each.verdict for each in rows if each.verdict is not None]
    if all(isinstance(each, bool) for each in values):
        return "boolean"
    return "number" if all(isinstance(each, int | float) for each in values) else "category"


def _rows(bench: Bench, data: str) -> list[dict[str, Any]]:
    path = Path(data)
    if path.is_file():
        return read_rows(path)
    if path.suffix or len(path.parts) > 1:
        raise DatasetError(f"{data} is not there", hint="the path of a file, or the name of a dataset")
    return [msgspec.to_builtins(each) for each in bench.dataset(data)]
