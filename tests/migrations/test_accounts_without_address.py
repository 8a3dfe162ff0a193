"""Migration 0040 makes the table of accounts anew on SQLite; nothing that refers to an account may get lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from api import migrating
from moderation.db import Database
from tests import databases

ACCOUNT = "0190f3a0-0000-7000-8000-000000000001"


@pytest.fixture(params=["sqlite", "postgresql"])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database at the revision before, with a person who is signed in."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'before.db'}")
        migrating.upgrade(database, "0031")
        yield with_a_person(database)
        database.dispose()
        return
    server: URL | None = request.getfixturevalue("postgresql_server")
    if server is None:
        databases.skip_without_postgresql()
    assert server is not None
    name = f"vorab_test_0040_{os.getpid()}"
    database = databases.fresh_postgresql(server, name, revision="0031")
    yield with_a_person(database)
    database.dispose()
    databases.drop_postgresql(server, name)


def with_a_person(database: Database) -> Database:
    account = ACCOUNT.replace("-", "") if database.is_sqlite else ACCOUNT
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO account (id, email, email_key, display_name, password_hash, role, language, created_at)"
                " VALUES (:id, 'a@example.org', 'a@example.org', 'A', 'x', 'reader', 'de', '2026-01-01')"
            ),
            {"id": account},
        )
        connection.execute(
            text(
                "INSERT INTO sign_in_session (id, token_hash, account_id, created_at, last_used_at, expires_at)"
                " VALUES (:id, 'x', :id, '2026-01-01', '2026-01-01', '2026-01-01')"
            ),
            {"id": account},
        )
    return database


def count(database: Database, table: str) -> int:
    with database.engine.connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def test_what_refers_to_an_account_outlives_the_way_up_and_down(before: Database) -> None:
    migrating.upgrade(before, "0040")
    assert (count(before, "account"), count(before, "sign_in_session")) == (1, 1)

    migrating.downgrade(before, "0031")
    assert (count(before, "account"), count(before, "sign_in_session")) == (1, 1)


def test_a_migration_that_breaks_a_reference_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(f"sqlite:///{tmp_path / 'broken.db'}")
    migrating.upgrade(database, "0031")

    def orphan(config: object, _revision: str) -> None:
        config.attributes["connection"].execute(  # type: ignore[attr-defined]
            text(
                "INSERT INTO sign_in_session (id, token_hash, account_id, created_at, last_used_at, expires_at)"
                " VALUES ('1', 'x', '1', '2026-01-01', '2026-01-01', '2026-01-01')"
            )
        )

    monkeypatch.setattr(migrating.command, "upgrade", orphan)
    with pytest.raises(RuntimeError, match="refer to nothing"):
        migrating.upgrade(database)

    assert count(database, "sign_in_session") == 0
    database.dispose()
