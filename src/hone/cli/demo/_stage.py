"""How the demonstration speaks while it runs: a line for each step, and a bar while it lasts. All on stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hone.cli._say import talk


class Stage:
    """Counts the steps."""

    def __init__(self) -> None:
        self._step = 0

    @contextmanager
    def bar(self, doing: str) -> Iterator[Callable[[int, int], None]]:
        """A bar that is gone at the end; it is moved with (done, total)."""
        columns = (TextColumn("    {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=talk, transient=True, disable=not talk.is_terminal) as progress:
            task = progress.add_task(doing, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)

    def say(self, title: str, text: str, *more: str) -> None:
        """What a step has come to; `more` are lines that belong to it."""
        self._step += 1
        talk.print(f"{self._step:>3}. [bold]{title:<10}[/bold]", end=" ")
        talk.print(text, markup=False, soft_wrap=True)
        for line in more:
            talk.print(f"                {line}", markup=False, style="dim", soft_wrap=True)
