"""Opening the database: it is made, migrated once, and says what is wrong with it."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, func, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError

import hone.store
from hone.errors import MissingExtra, StoreBusy, StoreError
from hone.store import _database
from hone.store._database import open_database, reading, writing
from hone.store._schema import chunks, journal, metadata


def _row(kind: str = "span") -> dict[str, object]:
    return {"kind": kind, "rows": 1, "batch": b"", "created": 0}


def test_migrations_lead_to_exactly_the_tables_of_the_schema(engine: Engine) -> None:
    with reading(engine) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_known_revisions_are_those_of_the_migration_files() -> None:
    script = ScriptDirectory(str(Path(str(hone.store.__file__)).with_name("migrations")))
    files = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(files)) == _database.REVISIONS


def test_journal_ids_are_never_used_again(engine: Engine) -> None:
    with writing(engine) as connection:
        first = connection.execute(insert(journal).values(_row()).returning(journal.c.id)).scalar_one()
        connection.execute(journal.delete())
        second = connection.execute(insert(journal).values(_row()).returning(journal.c.id)).scalar_one()
    assert second > first


def test_a_second_opening_finds_what_the_first_wrote(engine: Engine, database_url: str) -> None:
    with writing(engine) as connection:
        connection.execute(insert(journal).values(_row()))
    again = open_database(database_url)
    with reading(again) as connection:
        assert connection.execute(select(func.count()).select_from(journal)).scalar() == 1
    again.dispose()


def test_an_up_to_date_database_is_opened_without_alembic(engine: Engine, database_url: str) -> None:
    program = (
        "import sys; from hone.store import open_database; open_database(sys.argv[1]); print('alembic' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program, database_url], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_processes_that_start_at_once_migrate_once(database_url: str) -> None:
    program = "import sys; from hone.store import open_database; open_database(sys.argv[1])"
    started = [
        subprocess.Popen([sys.executable, "-c", program, database_url], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [(process.communicate()[1], process.returncode) for process in started] == [("", 0)] * 4
    engine = open_database(database_url)
    with reading(engine) as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [
            _database.REVISIONS[-1]
        ]
    engine.dispose()


def test_a_migration_that_fails_leaves_nothing_behind(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import command

    upgrade = command.upgrade

    def breaks(config: object, revision: str) -> None:
        upgrade(config, revision)  # type: ignore[arg-type]
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", breaks)
        with pytest.raises(RuntimeError, match="power cut"):
            open_database(database_url)
    engine = open_database(database_url)
    assert set(metadata.tables) <= set(inspect(engine).get_table_names())
    engine.dispose()


def test_a_database_of_a_newer_hone_says_to_upgrade(engine: Engine, database_url: str) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(
        StoreError, match=rf"schema '9999'; this hone knows '{_database.REVISIONS[-1]}'.*\n.*upgrade this one"
    ):
        open_database(database_url)


def test_an_error_rolls_the_whole_transaction_back(engine: Engine) -> None:
    with pytest.raises(KeyError), writing(engine) as connection:
        connection.execute(insert(journal).values(_row()))
        raise KeyError("stop")
    with reading(engine) as connection:
        assert connection.execute(select(journal)).all() == []


def test_a_reader_sees_one_snapshot_while_others_write(engine: Engine) -> None:
    count = select(func.count()).select_from(journal)
    with reading(engine) as connection:
        assert connection.execute(count).scalar() == 0
        with writing(engine) as other:
            other.execute(insert(journal).values(_row()))
        assert connection.execute(count).scalar() == 0
    with reading(engine) as connection:
        assert connection.execute(count).scalar() == 1


def test_writers_that_read_first_wait_for_each_other_on_sqlite(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/hone.db")
    together = threading.Barrier(4)

    def count_up(_: int) -> None:
        together.wait()
        for _ in range(10):
            with writing(engine) as connection:
                seen = connection.execute(select(func.count()).select_from(journal)).scalar()
                connection.execute(insert(journal).values(_row(f"n{seen}")))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count_up, range(4)))
    with reading(engine) as connection:
        kinds = connection.execute(select(journal.c.kind)).scalars().all()
    engine.dispose()
    assert sorted(kinds) == sorted(f"n{number}" for number in range(40))


def test_foreign_keys_are_enforced_and_the_broken_one_is_the_callers_to_see(engine: Engine) -> None:
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(insert(chunks).values(build="nowhere", position=0, source="", text=""))


def test_sqlite_writes_ahead_and_syncs_every_commit(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/hone.db")
    with reading(engine) as connection:
        found = [
            connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        ]
    engine.dispose()
    assert found == ["wal", 2, 10_000, 1]


def test_a_lock_that_is_held_too_long_is_busy_not_broken(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/hone.db")
    with writing(engine), pytest.raises(StoreBusy, match="busy: database is locked"):
        with engine.connect() as impatient:
            impatient.execute(text("PRAGMA busy_timeout = 0"))
        with writing(engine):
            pass
    engine.dispose()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "hone.db"
    path.write_text("a shopping list " * 100)
    with pytest.raises(StoreError, match=rf"{path} failed: file is not a database\nhint: the file is something else"):
        open_database(f"sqlite:///{path}")
    assert path.read_text().startswith("a shopping list")


def test_a_damaged_database_points_to_the_backup(tmp_path: Path) -> None:
    path = tmp_path / "hone.db"
    open_database(f"sqlite:///{path}").dispose()
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    with pytest.raises(StoreError, match=r"(?s)malformed.*restore it from a backup"):
        open_database(f"sqlite:///{path}")


def test_a_read_only_database_says_which_right_is_missing(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/hone.db")
    with reading(engine) as connection:
        connection.execute(text("PRAGMA query_only = ON"))  # what a file without write permission answers, for root too
    with pytest.raises(StoreError, match=r"(?s)readonly.*right to write"), writing(engine) as connection:
        connection.execute(insert(journal).values(_row()))
    engine.dispose()


def test_a_path_that_cannot_be_a_folder_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        open_database(f"sqlite:///{tmp_path}/state/hone.db")


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?uri=true", "mysql://u:geheim@h/d", "geheim", "://geheim"],
)
def test_an_unusable_url_is_refused_with_the_shapes_that_work(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///PATH or postgresql://") as caught:
        open_database(url)
    assert "geheim" not in str(caught.value)


def test_an_unreachable_server_is_named_without_the_password() -> None:
    with pytest.raises(StoreError, match=r"'hone' at 127\.0\.0\.1 failed: ") as caught:
        open_database("postgresql://me:geheim@127.0.0.1:9/hone")
    assert "geheim" not in str(caught.value)


def test_a_database_that_does_not_exist_is_to_be_created_first(postgres_url: str) -> None:
    with pytest.raises(StoreError, match="create the database first"):
        open_database(postgres_url.replace("/test_", "/absent_"))


def test_postgresql_without_its_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"hone\[postgres\]"):
        open_database("postgresql://localhost/hone")


def test_a_process_that_is_frozen_in_a_transaction_does_not_hold_up_the_others(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_database, "_FROZEN_SECONDS", 1)
    frozen, alive = open_database(postgres_url), open_database(postgres_url)
    with writing(alive) as connection:
        connection.execute(text("CREATE TABLE it (n int)"))
    with pytest.raises(StoreError), writing(frozen) as connection:
        connection.execute(text("LOCK TABLE it"))
        with writing(alive) as other:
            other.execute(text("SET LOCAL lock_timeout = '15s'"))
            other.execute(text("LOCK TABLE it"))
        connection.execute(text("SELECT 1"))
    frozen.dispose()
    alive.dispose()
