"""A second run beside a late one: the first to come wins, and nothing of the other is left."""

import asyncio

import pytest

from hone.gateway._race import LOST, NobodyLeft, race


class Runs:
    """Runs on a script: seconds, and what comes then."""

    def __init__(self, *script: tuple[float, object]) -> None:
        self.script = list(script)
        self.begun = 0
        self.cancelled: list[str] = []
        self.lost: list[object] = []

    async def run(self) -> object:
        seconds, outcome = self.script[self.begun]
        self.begun += 1
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError as error:
            self.cancelled.append(str(error))
            raise
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def lose(self, brought: object) -> None:
        self.lost.append(brought)

    async def race(self, after: float = 0.05) -> object:
        return await race(self.run, after, lost=self.lose, final=lambda error: isinstance(error, KeyError))


async def test_who_is_quick_runs_alone() -> None:
    runs = Runs((0.0, "a"), (0.0, "b"))
    assert await runs.race() == "a"
    assert runs.begun == 1


async def test_the_second_may_win_and_the_first_is_told_why_it_ends() -> None:
    runs = Runs((30, "a"), (0.0, "b"))
    assert await runs.race() == "b"
    assert runs.cancelled == [LOST]


async def test_the_first_may_win_all_the_same() -> None:
    runs = Runs((0.1, "a"), (30, "b"))
    assert await runs.race() == "a"
    assert runs.cancelled == [LOST]


async def test_one_that_fails_leaves_the_race_to_the_other() -> None:
    assert await Runs((0.08, ValueError()), (0.15, "b")).race() == "b"
    assert await Runs((0.15, "a"), (0.0, ValueError())).race() == "a"
    assert await Runs((0.1, "a"), (0.0, NobodyLeft())).race() == "a"


async def test_when_both_have_failed_the_last_error_is_that_of_the_race() -> None:
    with pytest.raises(ValueError, match="b"):
        await Runs((0.08, ValueError("a")), (0.2, ValueError("b"))).race()
    with pytest.raises(ValueError, match="a"):
        await Runs((0.08, ValueError("a")), (0.2, NobodyLeft())).race()


async def test_a_final_error_ends_both() -> None:
    runs = Runs((0.08, KeyError("a")), (30, "b"))
    with pytest.raises(KeyError):
        await runs.race()
    assert runs.cancelled == [LOST]


async def test_what_the_loser_brought_in_the_same_moment_is_not_forgotten() -> None:
    gate = asyncio.Event()
    lost: list[int] = []
    count = 0

    async def run() -> int:
        nonlocal count
        count += 1
        mine = count
        await gate.wait()
        return mine

    async def lose(brought: int) -> None:
        lost.append(brought)

    asyncio.get_running_loop().call_later(0.1, gate.set)
    won = await race(run, 0.02, lost=lose, final=lambda _: True)
    assert sorted([won, *lost]) == [1, 2]


async def test_who_leaves_takes_both_along() -> None:
    runs = Runs((30, "a"), (30, "b"))
    task = asyncio.ensure_future(runs.race(0.01))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert runs.cancelled == ["", ""]
    assert len(asyncio.all_tasks()) == 1
