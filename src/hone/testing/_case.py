"""`@hone.case`: a test function that runs once for each example of a dataset, and is judged by evaluators."""

import asyncio
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from hone.datasets import Example
    from hone.evals import Evaluator

F = TypeVar("F", bound=Callable[..., Any])

ATTRIBUTE = "__hone_case__"
FIRST = ""
"""Stands for a function's first metric, where a criterion names none."""


class Spec(Struct, frozen=True, kw_only=True):
    """What a decorated function says."""

    data: Any
    evaluators: tuple[Any, ...] = ()
    split: Literal["dev", "held-out"] | None = None
    limit: int | None = None
    at_least: Mapping[str, float] = {}
    at_most: Mapping[str, float] = {}
    strict: bool = False

    @property
    def together(self) -> bool:
        """The cases are judged together: a wrong one fails nothing by itself."""
        return bool(self.at_least or self.at_most)


def case(
    data: "str | Sequence[Mapping[str, Any] | Example]",
    *,
    evaluators: "Sequence[str | Mapping[str, Any] | Callable[..., Any] | Evaluator]" = (),
    split: Literal["dev", "held-out"] | None = None,
    limit: int | None = None,
    at_least: float | Mapping[str, float] | None = None,
    at_most: float | Mapping[str, float] | None = None,
    strict: bool = False,
) -> Callable[[F], F]:
    """One test for each example; what the function returns is the answer that evaluators judge.

        @hone.case("refunds", evaluators=["contains"], at_least=0.8)
        def test_refunds(example):
            return my_application(example.input["question"])

    `data` is a dataset of the project, a path that ends in `.jsonl` (from the test file on), or a list of examples. The
    function takes `example`, and fixtures as it likes; it may be `async`. It returns a text, a reply of `hone.run`, an
    `Answer`, or any JSON. Examples' own evaluators judge too; without any, a case is right when nothing is raised.

    Without a criterion each wrong case is a failed test. With `at_least` or `at_most` (of the first metric, or by
    metric) the cases count together: PASS when even the worse end of the 95 % interval fulfils it, FAIL when even the
    better end does not, else CANNOT TELL, which fails the run only when `strict`.

    Raises:
        ValueError: a criterion is no number.
    """
    spec = Spec(
        data=data,
        evaluators=tuple(evaluators),
        split=split,
        limit=limit,
        at_least=_by_metric(at_least),
        at_most=_by_metric(at_most),
        strict=strict,
    )

    def decorated(function: F) -> F:
        made: Any = _waited(function) if inspect.iscoroutinefunction(function) else function
        setattr(made, ATTRIBUTE, spec)
        return made  # type: ignore[no-any-return]

    return decorated


def _waited(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run to its end by itself: plugins for coroutines forget what a test returns."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        return asyncio.run(function(*args, **kwargs))

    return run


def _by_metric(value: float | Mapping[str, float] | None) -> dict[str, float]:
    if value is None:
        return {}
    found = dict(value) if isinstance(value, Mapping) else {FIRST: value}
    for name, each in found.items():
        if isinstance(each, bool) or not isinstance(each, int | float):
            raise ValueError(f"the criterion {name or 'at_least'} is no number: {each!r}")
    return found
