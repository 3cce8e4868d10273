"""The examples of the documentation say what they print."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "evals" / "statistics.md"


def test_the_examples_in_the_documentation_are_true() -> None:
    found = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert found.attempted > 10
    assert found.failed == 0
