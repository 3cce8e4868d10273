"""What evaluators are given in a project: a model to ask, the project's judges, and what is known of every judge."""

from collections.abc import Callable

from msgspec.structs import replace

from hone.evals import Cards, Evaluator, Given
from hone.evals.judges._own import Own, own_judge
from hone.local._judges import Judging
from hone.local._plane import Plane


def judging(given: Given, ask: Judging, *, mark: str | None = None) -> Given:
    """What evaluators are given, with the project's judges, a model to ask unless there is one, and every judge's card.

    `mark` is the task's, where it is private.
    """
    return replace(
        given, ask=given.ask or ask.cleared(mark), models=ask.identity, judges=judges_of(ask.house),
        card=cards_of(ask.house).sentence,
    )  # fmt: skip


def cards_of(house: Plane) -> Cards:
    """What calibration has found, beside the project's state."""
    return Cards(house.project.state / "judges")


def judges_of(house: Plane) -> dict[str, Callable[[Given], Evaluator]]:
    """The judges of hone.toml as evaluators, by name."""
    made: dict[str, Callable[[Given], Evaluator]] = {}
    for name, config in house.project.judges.items():
        metric = house.project.metrics.get(name)
        own = Own(
            name=name,
            prompt=house.prompts[config.prompt],
            models=config.models,
            kind=config.kind,
            scale=config.scale,
            categories=config.categories,
            votes=config.votes,
            reducer=config.reducer,
            parameters=config.parameters,
            direction=metric.direction if metric else "up",
        )
        made[name] = own_judge(own)
    return made
