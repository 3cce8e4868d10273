"""Building knowledge where somebody watches."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from hone.cli._say import talk
from hone.knowledge import Build
from hone.local import House


def build_with_progress(house: House, name: str) -> Build:
    """Build one knowledge; bars show how far its sources are read and embedded, and go away at the end."""
    columns = (TextColumn("knowledge {task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=talk, transient=True) as progress:
        reading = progress.add_task(name, total=None)
        embedding = progress.add_task(f"{name}, embedding", total=None, visible=False)
        return house.build_knowledge(
            name,
            lambda at: progress.update(reading, total=at.sources, completed=at.done),
            lambda at: progress.update(embedding, total=at.texts, completed=at.done, visible=True),
        )
