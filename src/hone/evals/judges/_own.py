"""Judges of a project: `[judges.NAME]` of hone.toml, with a prompt file of its own."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from hone.errors import CallError, ProjectError
from hone.evals._case import Answer, Direction, Evaluator, Given
from hone.evals.judges._making import Making
from hone.evals.judges._material import passages, text_of
from hone.evals.judges._pairwise import SIDES, duel, rival
from hone.evals.judges._panel import Reducer, Verdict
from hone.evals.judges._scales import scale_of
from hone.evals.judges._seat import REASON, Seat, one_of
from hone.store import Metric

if TYPE_CHECKING:
    from hone.datasets import Example
    from hone.prompts import Prompt

Kind = Literal["boolean", "number", "category", "pairwise"]


class Own(Struct, frozen=True, kw_only=True):
    """What hone.toml says of a judge, and its prompt."""

    name: str
    prompt: "Prompt"
    models: tuple[str, ...]
    kind: Kind = "boolean"
    scale: tuple[float, float] = (1, 5)
    categories: tuple[str, ...] = ()
    votes: int = 1
    reducer: Reducer | None = None
    parameters: Mapping[str, Any] = {}
    direction: Direction = "up"


def own_judge(own: Own) -> Callable[[Given], Evaluator]:
    """The factory of a project's judge.

    Its prompt may use `question` (the input as one text), `input`, `answer`, `output` (the same), `expected`,
    `reference`, `previous`, `context`, `metadata`, and `first` and `second` where it compares. Each text in them comes
    between marks; `raw` has the same without, for conditions.
    """

    def factory(given: Given) -> Evaluator:
        usual: dict[str, Any] = {"models": list(own.models), "votes": own.votes, "parameters": dict(own.parameters)}
        if own.reducer is not None:
            usual["reducer"] = own.reducer
        if "model" in given.settings:
            del usual["models"]
        making = Making(replace(given, settings={**usual, **given.settings}), own.name)
        making.type = f"judge:{own.name}:{own.kind}"
        if own.kind == "pairwise":
            return making.own_prompt(_compare(own), own.prompt, Metric(kind="number"), 0.0, SIDES)
        metric = Metric(kind=own.kind, direction=own.direction)
        making.own = {"scale": own.scale, "categories": own.categories}
        return making.own_prompt(_rate(own), own.prompt, metric, _worst(own))

    return factory


def _rate(own: Own) -> Callable[[Seat, "Example", Answer], Any]:
    fields = {"reason": REASON, "verdict": _schema(own)}

    async def once(seat: Seat, example: "Example", answer: Answer) -> Verdict:
        texts = _texts(example, answer)
        told = await seat.put(own.prompt, texts, fields, {"raw": texts})
        value = told.value["verdict"]
        return Verdict(values={"": float(value) if own.kind == "number" else value}, reason=told.value["reason"])

    return once


def _compare(own: Own) -> Callable[[Seat, "Example", Answer], Any]:
    async def once(seat: Seat, example: "Example", answer: Answer) -> Verdict | None:
        other = rival(example, None)
        if other is None:
            return None
        texts = {name: text for name, text in _texts(example, answer).items() if name not in ("answer", "output")}
        return (await duel(seat, own.prompt, texts, answer.text, other, {"raw": texts})).verdict

    return once


def _schema(own: Own) -> dict[str, Any]:
    """
    Raises:
        ProjectError: the scale or the categories are none.
    """
    if own.kind == "category":
        if len(set(own.categories)) < 2:
            raise ProjectError(
                f"[judges.{own.name}] chooses among categories, and has none", hint='categories = ["..."]'
            )
        return one_of([*own.categories])
    if own.kind == "boolean":
        return {"type": "boolean"}
    try:
        low, high = scale_of(own.scale)
    except CallError as problem:
        raise ProjectError(f"[judges.{own.name}]: {problem.message}", hint=problem.hint) from None
    if float(low).is_integer() and float(high).is_integer() and high - low > 1:
        return one_of(list(range(int(low), int(high) + 1)))
    return {"type": "number", "minimum": low, "maximum": high}


def _worst(own: Own) -> bool | float | None:
    up = own.direction == "up"
    if own.kind == "number":
        return float(own.scale[0] if up else own.scale[1])
    return not up if own.kind == "boolean" else None


def _texts(example: "Example", answer: Answer) -> dict[str, Any]:
    return {
        "question": text_of(example.input),
        "input": example.input,
        "answer": answer.text,
        "output": answer.text,
        "expected": example.expected,
        "reference": example.reference,
        "previous": example.previous,
        "context": passages(example, answer),
        "metadata": example.metadata,
    }
