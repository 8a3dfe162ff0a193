"""Alembic, run from the installed package: the scripts travel with it."""

from __future__ import annotations

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
    with database.engine.begin() as connection:
        command.upgrade(config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    with database.engine.begin() as connection:
        command.downgrade(config(connection), revision)


def present_and_wanted(database: Database) -> tuple[str | None, str | None]:
    """The revision that the database is at, and the newest one that there is."""
    with database.engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    return present, newest()


@cache
def newest() -> str | None:
    """The newest revision that this installation has. Read once: readiness is asked every second or so."""
    return ScriptDirectory.from_config(config()).get_current_head()
