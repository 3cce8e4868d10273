"""The data plane in a process that keeps no store: its spans go to the outbox."""

from pathlib import Path
from typing import Self

from hone.local._edition import files_of
from hone.local._plane import Plane, cassette_of
from hone.project import load
from hone.store import Outbox, open_database


class Serving(Plane):
    """What a worker opens. Another process of the same project takes in what it records."""

    outbox: Outbox

    @classmethod
    def open(cls, folder: Path) -> Self:
        """
        Raises:
            ProjectError: a file of the project is wrong.
            StoreError: the database cannot be opened.
        """
        project = load(folder)
        outbox = Outbox(project.state / "spool")
        plane = cls(files_of(project), open_database(project.database_url), outbox, cassette=cassette_of(None))
        plane.outbox = outbox
        for name in project.knowledge:
            plane.knowledge(name)  # read before the first call
        return plane

    def close(self) -> None:
        """Write what budgets have spent, and leave what was recorded to be taken in."""
        super().close()
        self.outbox.close()
