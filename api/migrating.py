"""Alembic, run from the installed package: the scripts travel with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

import migrations
from moderation.db import Database


def config(connection: Connection | None = None) -> Config:
    made = Config()
    made.set_main_option("script_location", str(Path(migrations.__file__).parent))
    made.attributes["connection"] = connection
    return made


def upgrade(database: Database, revision: str = "head") -> None:
    with _changing(database) as connection:
        command.upgrade(config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    with _changing(database) as connection:
        command.downgrade(config(connection), revision)


@contextmanager
def _changing(database: Database) -> Iterator[Connection]:
    """A transaction in which SQLite lets a table be made anew.

    SQLite changes a column by copying the table and dropping the old one, and dropping deletes its rows first: with
    foreign keys on, that would delete whatever refers to them. So they are off meanwhile, which can only be said
    between transactions, and checked before the end.
    """
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            with connection.begin():
                yield connection
            return
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if broken:
                    raise RuntimeError(f"the migration left rows that refer to nothing: {broken[:5]}")
        finally:
            driver.execute("PRAGMA foreign_keys = ON")


def present_and_wanted(database: Database) -> tuple[str | None, str | None]:
    """The revision that the database is at, and the newest one that there is."""
    with database.engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    return present, newest()


def newest() -> str:
    """The newest revision that this installation has."""
    return _revisions()[0]


def works_with(present: str | None) -> bool:
    """Whether this release serves with a database at that revision: its own newest, or one of a later release.

    Migrations leave the release before theirs working. Its processes stay ready until they are replaced.
    """
    return present == newest() or is_ahead(present)


def is_ahead(present: str | None) -> bool:
    """Whether a later release has migrated the database: this one does not know the revision."""
    return present is not None and present not in _revisions()


@cache
def _revisions() -> tuple[str, ...]:
    """The newest first. Read once: readiness is asked every second or so."""
    return tuple(script.revision for script in ScriptDirectory.from_config(config()).walk_revisions())
