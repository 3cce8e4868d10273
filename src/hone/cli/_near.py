"""The hone a command works on: the server at HONE_URL, or the project of a folder, opened in this process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hone import client
from hone.errors import ProjectError
from hone.local import Bench, Hone, House
from hone.project import find
from hone.traces import Traces


@contextmanager
def opened(folder: Path | None) -> Iterator[House]:
    """The rooms of the project in `folder`, or of the nearest one upwards from here."""
    house = House.open(folder or find(Path.cwd()))
    try:
        yield house
    finally:
        house.close()


@contextmanager
def reading(folder: Path | None) -> Iterator[Traces]:
    """The traces of a project. A server that is up meanwhile does not mind: the store is shared."""
    with opened(folder) as house:
        yield house.traces


@contextmanager
def benched(folder: Path | None) -> Iterator[Bench]:
    """The rooms of a project, and what calls go through: this process, or the server at HONE_URL."""
    with opened(folder) as house:
        url = os.environ.get("HONE_URL")
        connection = client.Remote(url, os.environ.get("HONE_API_KEY")) if url else Hone(house)
        try:
            yield Bench(house, connection)
        finally:
            if isinstance(connection, Hone):
                connection.stop()
            else:
                connection.close()


@contextmanager
def connected(folder: Path | None) -> Iterator[client.Connection]:
    """What `hone.run` and `hone.score` speak to."""
    if os.environ.get("HONE_URL"):
        if folder is not None:
            raise ProjectError(
                "HONE_URL and --project name two different hones", hint="unset HONE_URL, or leave out --project"
            )
    else:
        client.connect(Hone(House.open(folder or find(Path.cwd()))))
    try:
        yield client.connection()
    finally:
        client.disconnect()
