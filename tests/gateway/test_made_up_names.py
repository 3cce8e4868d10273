"""Callers may invent as many names of models as they like: nothing grows without end."""

from hone.core import Usage
from hone.core._bounded import MOST
from hone.gateway._breaker import Breakers
from hone.gateway._estimate import Usual
from hone.models import Prices


def test_what_is_known_of_models_is_bounded_and_keeps_the_newest() -> None:
    breakers, usual, prices = Breakers(lambda: 0), Usual(), Prices()
    for number in range(MOST + 50):
        breakers.failed(f"openai/{number}", stay_away=10)
        usual.learn(f"openai/{number}", 7)
    assert len(breakers.open()) == MOST
    assert not breakers.allows(f"openai/{MOST + 49}")
    assert breakers.allows("openai/0")
    assert usual.output(f"openai/{MOST + 49}") == 7
    assert usual.output("openai/0") > 7
    for number in range(MOST + 5):
        assert prices.cost("openai", f"made-up-{number}", Usage(input=1, output=1)) is None
    assert len(prices._found) == MOST
