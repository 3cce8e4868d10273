"""`@hone.trace`: every call of a function as a span."""

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any, ParamSpec, TypeVar, overload

from hone.client._spans import Step

P = ParamSpec("P")
R = TypeVar("R")


@overload
def trace(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def trace(*, name: str | None = None, kind: str = "step") -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def trace(function: Any = None, /, *, name: str | None = None, kind: str = "step") -> Any:
    """Record every call of a function as a span: its arguments as input, what it returns or yields as output.

    `@hone.trace` or `@hone.trace(name="retrieve", kind="tool")`; for functions, coroutines and generators.
    """

    def decorate(function: Any) -> Any:
        signature = inspect.signature(function)
        title: str = name or function.__qualname__

        def step(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Step:
            return Step(title, kind, _arguments(signature, args, kwargs))

        return functools.wraps(function)(_wrapper(function)(function, step))

    return decorate if function is None else decorate(function)


def _wrapper(function: Any) -> Callable[[Any, Any], Any]:
    if inspect.iscoroutinefunction(function):
        return _coroutine
    if inspect.isasyncgenfunction(function):
        return _async_generator
    return _generator if inspect.isgeneratorfunction(function) else _function


def _function(function: Any, step_for: Any) -> Any:
    def called(*args: Any, **kwargs: Any) -> Any:
        with step_for(args, kwargs) as step:
            step.output = function(*args, **kwargs)
            return step.output

    return called


def _coroutine(function: Any, step_for: Any) -> Any:
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        with step_for(args, kwargs) as step:
            step.output = await function(*args, **kwargs)
            return step.output

    return awaited


def _generator(function: Any, step_for: Any) -> Any:
    def yielded(*args: Any, **kwargs: Any) -> Generator[Any, None, Any]:
        step: Step = step_for(args, kwargs)
        step.begin()
        step.output = []
        try:
            items = function(*args, **kwargs)
            while True:
                with step.active():
                    try:
                        item = next(items)
                    except StopIteration as stop:
                        result = stop.value
                        break
                step.output.append(item)
                yield item
        except BaseException as error:
            step.end(error)
            raise
        step.end(None)
        return result

    return yielded


def _async_generator(function: Any, step_for: Any) -> Any:
    async def yielded(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        step: Step = step_for(args, kwargs)
        step.begin()
        step.output = []
        try:
            items = function(*args, **kwargs)
            while True:
                with step.active():
                    try:
                        item = await anext(items)
                    except StopAsyncIteration:
                        break
                step.output.append(item)
                yield item
        except BaseException as error:
            step.end(error)
            raise
        step.end(None)

    return yielded


def _arguments(signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Arguments by name. A call that does not fit the signature fails on its own, with its own message."""
    try:
        bound = signature.bind(*args, **kwargs).arguments
    except TypeError:
        return {"args": args, "kwargs": kwargs}
    return {name: value for name, value in bound.items() if name not in ("self", "cls")} or None
