"""Building knowledge where somebody watches."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from hone.cli._say import talk
from hone.knowledge import Build
from hone.local import House


def build_with_progress(house: House, name: str) -> Build:
    """Build one knowledge; a bar shows how far its sources have been read, and goes away at the end."""
    columns = (TextColumn("knowledge {task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=talk, transient=True) as progress:
        bar = progress.add_task(name, total=None)
        return house.build_knowledge(name, lambda at: progress.update(bar, total=at.sources, completed=at.done))
