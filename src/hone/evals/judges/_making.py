"""From what is asked of a judge to an evaluator: its settings, its panel, and the key that tells it from others."""

import asyncio
import difflib
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from hone.core import ScoreKind, to_json
from hone.errors import CallError
from hone.evals._ask import Ask
from hone.evals._case import NOBODYS_ANSWER, Answer, Direction, Evaluator, Given, Measure
from hone.evals._reach import reaches
from hone.evals._verdict import PASSES
from hone.evals.judges._panel import Panel, Reducer, Value, Verdict, reduced
from hone.evals.judges._seat import Seat, prompt_of
from hone.store import Judgement, Metric

if TYPE_CHECKING:
    from hone.datasets import Example
    from hone.prompts import Prompt

Once = Callable[[Seat, "Example", Answer], Awaitable[Verdict | None]]
"""One judge's verdict on an answer; None where the example gives it no ground to judge."""

_SAMPLED = 1.0  # the temperature of repeats: at 0 they would all say the same


class Common(Struct, frozen=True, forbid_unknown_fields=True):
    """What every judge may be told. `models` is a jury; `votes` asks each of them so often."""

    model: str | None = None
    models: tuple[str, ...] = ()
    votes: Annotated[int, Meta(ge=1, le=100)] = 1
    reducer: Reducer | None = None
    parameters: dict[str, Any] = {}


class Side(Struct, frozen=True):
    """A metric beside the main one; `ending` follows the name, as in `groundedness.contradicted`."""

    ending: str
    kind: ScoreKind = "number"
    direction: Direction = "up"
    worst: bool | float | None = None


class Making:
    """A judge that is being made: what was given to its factory, read and checked."""

    def __init__(self, given: Given, name: str, *, own: Iterable[str] = (), takes_option: bool = False) -> None:
        """`name` is the evaluator's, `own` its settings beside those of every judge.

        Raises:
            CallError: there is no model to ask, or a setting is unknown or wrong.
        """
        if given.ask is None:
            raise CallError(f"{name} asks a model, and there is none here", hint="run it in a project with [models]")
        if given.option is not None and not takes_option:
            raise CallError(f"{name} has no option {given.option!r}")
        self.type = name
        self.name = given.name or name
        self.given = given
        self.ask: Ask = given.ask
        self.value = given.option if given.value is None else given.value
        own = tuple(own)
        _known(name, given.settings, own)
        self.own = {key: value for key, value in given.settings.items() if key in own}
        self.common = _common(name, {key: value for key, value in given.settings.items() if key not in own})
        models = self.common.models or (self.common.model,)
        self.panel = Panel(models=models, votes=self.common.votes, reducer=self.common.reducer)

    @property
    def parameters(self) -> dict[str, Any]:
        sampled = {"temperature": _SAMPLED} if self.panel.votes > 1 else {}
        return {**sampled, **self.common.parameters}

    def seats(self) -> list[Seat]:
        """Everybody who is asked."""
        return [
            Seat(ask=self.ask, name=self.name, model=model, repeat=repeat, parameters=self.parameters)
            for model, repeat in self.panel.seats
        ]

    def text(self, *, needs: str) -> str:
        """The value as one text: a rubric, a criterion.

        Raises:
            CallError: there is none.
        """
        value = self.value
        if isinstance(value, list):
            value = "\n".join(f"- {each}" for each in value)
        if not isinstance(value, str) or not value.strip():
            raise CallError(f"{self.type} needs {needs}", hint=f'{{"type": "{self.type}", "value": "..."}}')
        return value

    def setting(self, name: str, kind: Any, default: Any) -> Any:
        """One of the evaluator's own settings.

        Raises:
            CallError: it is of another kind.
        """
        if name not in self.own:
            return default
        try:
            return msgspec.convert(self.own[name], kind)
        except msgspec.ValidationError as problem:
            raise CallError(f"`{name}` of {self.type} is wrong: {problem}") from None

    def boolean(self, once: Once, *prompts: str, sides: Iterable[Side] = ()) -> Evaluator:
        """A judge that says right or wrong."""
        return self._judge(once, [prompt_of(each) for each in prompts], Metric(kind="boolean"), False, sides)

    def number(
        self, once: Once, *prompts: str, worst: float = 0.0, most: float = 1.0, sides: Iterable[Side] = ()
    ) -> Evaluator:
        """A judge that gives a number from `worst` to `most`; with a `threshold` also whether the number reaches it."""
        metric = Metric(kind="number", within=(worst, most))
        return self._judge(once, [prompt_of(each) for each in prompts], metric, worst, sides)

    def own_prompt(
        self, once: Once, prompt: "Prompt", metric: Metric, worst: Value | None, sides: Iterable[Side] = ()
    ) -> Evaluator:
        """A judge with a prompt of the project."""
        return self._judge(once, [prompt], metric, worst, sides)

    def key(self, prompts: Iterable["Prompt"]) -> str:
        """Equal for judges that would be asked the same: prompts, models and how they are asked. SHA-256."""
        models = self.given.models or (lambda name: name or "")
        parts = {
            "type": self.type,
            "prompts": [each.sha256 for each in prompts],
            "models": [models(each) for each in self.panel.models],
            "votes": self.panel.votes,
            "reducer": self.panel.reducer,
            "parameters": self.parameters,
            "value": self.value,
            "threshold": self.given.threshold,
            "own": self.own,
        }
        plain = msgspec.json.decode(to_json(parts))
        return hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()

    def _judge(
        self, once: Once, prompts: list["Prompt"], metric: Metric, worst: Value | None, sides: Iterable[Side]
    ) -> Evaluator:
        self.panel.check(metric.kind)
        threshold, several = self.given.threshold, len(self.panel.seats) > 1
        measures = [Measure(name=self.name, metric=metric, worst=None if isinstance(worst, str) else worst)]
        passes = metric.kind == "number" and threshold is not None
        if passes:
            measures.append(Measure(name=f"{self.name}{PASSES}", metric=Metric(kind="boolean"), worst=False))
        measures += [
            Measure(name=f"{self.name}.{side.ending}", metric=_metric(side), worst=side.worst) for side in sides
        ]
        if several:
            spread = Metric(kind="number", direction="down")
            measures.append(Measure(name=f"{self.name}.spread", metric=spread))

        async def judge(example: "Example", answer: Answer) -> list[Judgement]:
            found = await gathered(self.seats(), lambda seat: once(seat, example, answer))
            if not found:
                return []
            verdict, spread = (found[0], 0.0) if len(found) == 1 else reduced(found, self.panel.reducer)
            values = {f"{self.name}.{ending}" if ending else self.name: said for ending, said in verdict.values.items()}
            said = [Judgement(name, value, verdict.reason) for name, value in values.items()]
            if passes and threshold is not None:
                score = float(values[self.name])
                right = reaches(score, threshold, down=metric.direction == "down")
                reason = f"{score:.3g} where {threshold:g} is asked for: {verdict.reason}"
                said.insert(1, Judgement(f"{self.name}{PASSES}", right, reason))
            return [*said, Judgement(f"{self.name}.spread", spread)] if several else said

        key = self.key(prompts)
        card = self.given.card(key) if self.given.card else None
        return Evaluator(name=self.name, measures=tuple(measures), judge=judge, by="judge", key=key, card=card)


async def nothing(_seat: Seat, _example: "Example", _answer: Answer) -> None:
    """What a judge says of one answer alone that compares several."""


async def gathered(seats: list[Seat], ask: Callable[[Seat], Awaitable[Verdict | None]]) -> list[Verdict]:
    """The verdicts of all seats. Some may fail, as long as more than half of them answer.

    Raises:
        HoneError: what the first of them failed with.
    """
    found = await asyncio.gather(*(ask(seat) for seat in seats), return_exceptions=True)
    failed = [each for each in found if isinstance(each, BaseException)]
    final = [each for each in failed if isinstance(each, NOBODYS_ANSWER)]
    if final or (failed and (len(found) - len(failed)) * 2 <= len(found)):
        raise (final or failed)[0]
    return [each for each in found if isinstance(each, Verdict)]


def _metric(side: Side) -> Metric:
    return Metric(kind=side.kind, direction=side.direction)


def _common(name: str, settings: Mapping[str, Any]) -> Common:
    try:
        made = msgspec.convert(dict(settings), Common)
    except msgspec.ValidationError as problem:
        raise CallError(f"a setting of {name} is wrong: {problem}") from None
    if made.model and made.models:
        raise CallError(f"{name} has `model` and `models`", hint="`models` alone names a jury")
    return made


def _known(name: str, settings: Mapping[str, Any], own: tuple[str, ...]) -> None:
    known = [*own, *Common.__struct_fields__]
    for key in settings:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(known)}"
            raise CallError(f"{name} has no setting `{key}`", hint=hint)
