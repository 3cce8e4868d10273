"""Evaluators of conversations: how many turns they took, and whether the simulated user got what it came for."""

from hone.datasets import Example
from hone.evals._case import Answer, Evaluator, Given
from hone.evals.metrics._measured import Told, Verdict, no_option, number, only, verdict
from hone.evals.metrics.agents._simulate import VERDICT


def turns(given: Given) -> Evaluator:
    """How often the application answered; fewer is better. With a threshold: at most so often."""
    no_option("turns", given)
    only("turns", given)

    def find(_: Example, answer: Answer) -> Told:
        return (sum(each.get("role") == "assistant" for each in answer.messages), None) if answer.messages else None

    return number("turns", given, find, direction="down")


def goal_reached(given: Given) -> Evaluator:
    """The simulated user's own verdict: did it get what its instructions make it want? See `simulate`.

    It played the user, and may be too kind or too strict: `trajectory:goal-success` and `llm-rubric` ask another model.
    """
    no_option("goal-reached", given)
    only("goal-reached", given)

    def find(_: Example, answer: Answer) -> Verdict:
        said = next((each[VERDICT] for each in reversed(answer.messages) if VERDICT in each), None)
        return None if said is None else (bool(said["reached"]), said.get("why"))

    return verdict("goal-reached", given, find)
