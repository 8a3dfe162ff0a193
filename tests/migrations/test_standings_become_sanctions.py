"""Migrations 0032 to 0034: whoever was suspended before stays suspended, on the way up and on the way down."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from api import migrating
from moderation.db import Database
from tests import databases

BEFORE = "0042"
IDS = {name: f"0190f3a0-0000-7000-8000-00000000000{number}" for number, name in enumerate(("site", "ada", "bea"), 1)}


@pytest.fixture(params=["sqlite", "postgresql"])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of the release before, with somebody suspended and somebody banned."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'before.db'}")
        migrating.upgrade(made, BEFORE)
        yield filled(made)
        made.dispose()
        return
    server: URL | None = request.getfixturevalue("postgresql_server")
    if server is None:
        databases.skip_without_postgresql()
    assert server is not None
    name = f"vorab_test_0033_{os.getpid()}"
    made = databases.fresh_postgresql(server, name, revision=BEFORE)
    yield filled(made)
    made.dispose()
    databases.drop_postgresql(server, name)


def filled(database: Database) -> Database:
    ids = {name: one.replace("-", "") if database.is_sqlite else one for name, one in IDS.items()}
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO site (id, key, name, language, allowed_origins, moderators_by_token, staff_second_factor,"
                " created_at) VALUES (:site, 'demo', 'Demo', 'de', '[]', false, false, '2026-01-01')"
            ),
            {"site": ids["site"]},
        )
        for name, standing, until in (("ada", "suspended", "2026-12-24 12:00:00+00:00"), ("bea", "banned", None)):
            connection.execute(
                text(
                    "INSERT INTO account (id, display_name, role, language, created_at)"
                    " VALUES (:id, :name, 'reader', 'de', '2026-01-01')"
                ),
                {"id": ids[name], "name": name},
            )
            connection.execute(
                text(
                    "INSERT INTO author_standing (account_id, site_id, standing, until, created_at)"
                    " VALUES (:id, :site, :standing, :until, '2026-01-01')"
                ),
                {"id": ids[name], "site": ids["site"], "standing": standing, "until": until},
            )
    return database


def rows(database: Database, table: str, *columns: str) -> list[tuple[Any, ...]]:
    named = ", ".join(f"{table}.{column}" for column in columns)
    query = (
        f"SELECT account.display_name, {named} FROM {table} JOIN account ON account.id = {table}.account_id ORDER BY 1"
    )
    with database.engine.connect() as connection:
        return [(name, one, str(until)[:19]) for name, one, until in connection.execute(text(query))]


def test_standings_go_up_and_down(before: Database) -> None:
    until = {"ada": rows(before, "author_standing", "standing", "until")[0][2], "bea": "None"}

    migrating.upgrade(before, "0034")
    assert rows(before, "sanction", "kind", "until") == [
        ("ada", "suspension", until["ada"]),
        ("bea", "ban", until["bea"]),
    ]

    migrating.downgrade(before, BEFORE)
    assert rows(before, "author_standing", "standing", "until") == [
        ("ada", "suspended", until["ada"]),
        ("bea", "banned", until["bea"]),
    ]
