"""The hone a command works on: the server at HONE_URL, or the project of a folder, opened in this process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hone import client
from hone.errors import ProjectError
from hone.local import Bench, Near, Serving
from hone.project import find

if TYPE_CHECKING:
    from hone.local import House
    from hone.traces import Traces


@contextmanager
def opened(folder: Path | None) -> "Iterator[House]":
    """The rooms of the project in `folder`, or of the nearest one upwards from here."""
    from hone.local import House

    house = House.open(folder or find(Path.cwd()))
    try:
        yield house
    finally:
        house.close()


@contextmanager
def light(folder: Path | None) -> Iterator[Serving]:
    """The same without the store of telemetry, for verbs that ask the catalog alone."""
    house = Serving.open(folder or find(Path.cwd()))
    try:
        yield house
    finally:
        house.close()


@contextmanager
def reading(folder: Path | None) -> "Iterator[Traces]":
    """The traces of a project. A server that is up meanwhile does not mind: the store is shared."""
    with opened(folder) as house:
        yield house.traces


@contextmanager
def benched(folder: Path | None) -> Iterator[Bench]:
    """What measures the variants of a project, and what calls go through: this process, or the server at HONE_URL.

    No store of telemetry is opened: what happens is spooled, and whoever reads it next takes it in.
    """
    house = Serving.open(folder or find(Path.cwd()))
    url = os.environ.get("HONE_URL")
    connection = client.Remote(url, os.environ.get("HONE_API_KEY")) if url else Near(house)
    try:
        yield Bench(house, connection)
    finally:
        if isinstance(connection, Near):
            connection.stop()
        else:
            connection.close()
        house.close()


@contextmanager
def connected(folder: Path | None) -> Iterator[client.Connection]:
    """What `hone.run` and `hone.score` speak to."""
    if os.environ.get("HONE_URL"):
        if folder is not None:
            raise ProjectError(
                "HONE_URL and --project name two different hones", hint="unset HONE_URL, or leave out --project"
            )
    else:
        from hone.local import Hone, House

        client.connect(Hone(House.open(folder or find(Path.cwd()))))
    try:
        yield client.connection()
    finally:
        client.disconnect()
