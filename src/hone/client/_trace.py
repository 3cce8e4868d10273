"""`@hone.trace`: every call of a function as a span."""

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, overload

from hone.client._spans import Step

P = ParamSpec("P")
R = TypeVar("R")

MOST_ITEMS = 1_000


@overload
def trace(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def trace(*, name: str | None = None, kind: str = "step") -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def trace(function: Any = None, /, *, name: str | None = None, kind: str = "step") -> Any:
    """Record every call of a function as a span: its arguments as input, what it returns or yields as output.

    `@hone.trace` or `@hone.trace(name="retrieve", kind="tool")`; for functions, coroutines and generators. Of what a
    generator yields, the first 1,000 items are kept; the attribute `hone.more_items` counts the others.
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
    def yielded(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with _whole(step_for(args, kwargs)) as step:
            return (yield from _relayed(step, function(*args, **kwargs)))

    return yielded


def _relayed(step: Step, inner: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """What `inner` yields and returns; it gets what is sent or thrown in. Its caller's code is not inside the step."""
    move: Callable[[], Any] = functools.partial(next, inner)
    try:
        while True:
            with step.active():
                try:
                    item = move()
                except StopIteration as stop:
                    return stop.value
            _keep(step, item)
            try:
                move = functools.partial(inner.send, (yield item))
            except GeneratorExit:
                raise
            except BaseException as error:
                move = functools.partial(inner.throw, error)
    finally:
        with step.active():
            inner.close()


def _async_generator(function: Any, step_for: Any) -> Any:
    async def yielded(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        with _whole(step_for(args, kwargs)) as step:
            inner = function(*args, **kwargs)
            move: Callable[[], Any] = inner.__anext__
            try:
                while True:
                    with step.active():
                        try:
                            item = await move()
                        except StopAsyncIteration:
                            return
                    _keep(step, item)
                    try:
                        move = functools.partial(inner.asend, (yield item))
                    except GeneratorExit:
                        raise
                    except BaseException as error:
                        move = functools.partial(inner.athrow, error)
            finally:
                with step.active():
                    await inner.aclose()

    return yielded


@contextmanager
def _whole(step: Step) -> Iterator[Step]:
    """A step from the first item asked for to the last one, or to the end of interest."""
    step.begin()
    step.output = []
    try:
        yield step
    except BaseException as error:
        step.end(error)
        raise
    step.end(None)


def _keep(step: Step, item: Any) -> None:
    if len(step.output) < MOST_ITEMS:
        step.output.append(item)
    else:
        step.attributes["hone.more_items"] = step.attributes.get("hone.more_items", 0) + 1


def _arguments(signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Arguments by name. A call that does not fit the signature fails on its own, with its own message."""
    try:
        bound = signature.bind(*args, **kwargs).arguments
    except TypeError:
        return {"args": args, "kwargs": kwargs}
    return {name: value for name, value in bound.items() if name not in ("self", "cls")} or None
