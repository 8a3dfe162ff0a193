"""Connections: questions outside of a transaction, and servers that went away while nobody asked."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, func, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError

from moderation import db, sites
from moderation.db import Database
from moderation.errors import AlreadyExistsError
from moderation.models import Site
from moderation.sites import NewSite
from tests.databases import skip_without_postgresql
from tests.parallel import at_once
from tests.world import World

_KEY = select(Site.key).where(Site.key == bindparam("key"))


def test_a_question_by_itself_finds_a_row_or_none(world: World) -> None:
    assert world.database.ask(_KEY, {"key": "demo"}) == ("demo",)
    assert world.database.ask(_KEY, {"key": "nowhere"}) is None


def test_transactions_go_on_as_before_on_a_connection_that_was_asked_alone(world: World) -> None:
    for key in ("zwei", "drei"):
        world.database.ask(_KEY, {"key": key})
        world.site(key)

    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Site)) == 3
    with pytest.raises(AlreadyExistsError):
        world.site("drei")
    world.site("vier")
    assert world.database.ask(_KEY, {"key": "vier"}) == ("vier",)


def test_what_is_read_of_one_moment_knows_nothing_of_what_was_written_meanwhile(world: World) -> None:
    how_many = select(func.count()).select_from(Site)
    with world.database.read_one_moment() as session:
        before = session.scalar(how_many)
        world.site("zwei")
        assert session.scalar(how_many) == before
        with pytest.raises(DBAPIError):
            session.execute(text("UPDATE sites SET name = 'Neu'"))

    with world.database.read() as session:
        assert session.scalar(how_many) == (before or 0) + 1
        if not world.database.is_sqlite:
            assert session.scalar(text("SHOW transaction_isolation")) == "read committed"


def waits_for_the_disk(connection: Connection) -> bool:
    asked = "PRAGMA synchronous" if connection.dialect.name == "sqlite" else "SHOW synchronous_commit"
    return connection.scalar(text(asked)) in (2, "on")


@pytest.fixture
def lasting(database: Database) -> Iterator[Database]:
    """The same database as servers have it: tests do without waiting for the disk on PostgreSQL."""
    options = {} if database.is_sqlite else {"options": "-c synchronous_commit=on"}
    made = Database(database.engine.url.update_query_dict(options).render_as_string(hide_password=False))
    yield made
    made.dispose()


def test_only_what_is_written_hastily_does_not_wait_for_the_disk(lasting: Database) -> None:
    found = []

    for write in (lasting.write, lasting.write_hastily, lasting.write):
        with write() as session:
            found.append(waits_for_the_disk(session.connection()))

    assert found == [True, False, True]


def test_what_is_written_among_many_is_on_the_disk_in_the_end(lasting: Database) -> None:
    if lasting.is_sqlite:
        with lasting.write_among_many() as session:
            assert waits_for_the_disk(session.connection())
        return
    for number in range(20):
        with lasting.write_among_many() as session:
            sites.create(session, NewSite(f"site{number}", "Site", "de"), now=dt.datetime.now(dt.UTC))
            written = session.scalar(text("SELECT pg_current_wal_insert_lsn()"))
        with lasting.read() as session:
            assert session.scalar(text("SELECT pg_current_wal_flush_lsn() >= CAST(:lsn AS pg_lsn)"), {"lsn": written})


@pytest.fixture
def two_databases(postgresql_server: URL | None, postgresql_database: Database | None) -> Iterator[list[Database]]:
    """The same one, over pools of their own."""
    if postgresql_database is None:
        skip_without_postgresql()
    assert postgresql_database is not None
    url = postgresql_database.engine.url.render_as_string(hide_password=False)
    made = [Database(url) for _ in range(2)]
    yield made
    for one in made:
        one.dispose()


def test_i3_connections_that_died_while_idle_are_replaced_before_anybody_uses_them(
    two_databases: list[Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "_TRUSTED_S", 0)
    idle, other = two_databases
    with idle.engine.connect() as one, idle.engine.connect() as two:
        numbers = [connection.scalar(text("SELECT pg_backend_pid()")) for connection in (one, two)]
    with other.engine.connect() as connection:
        for number in numbers:
            connection.execute(text("SELECT pg_terminate_backend(:number, 5000)"), {"number": number})

    found = [idle.ask(select(func.pg_backend_pid()), {}) for _ in range(3)]

    assert all(row is not None and row[0] not in numbers for row in found)


@pytest.mark.parametrize("way", ["write", "write_hastily", "write_among_many", "read", "alone"])
def test_i3_a_connection_that_died_a_moment_ago_is_an_error_of_the_database_and_then_replaced(
    two_databases: list[Database], way: str
) -> None:
    used, other = two_databases

    def ask() -> Any:
        with getattr(used, way)() as session:
            return session.scalar(select(func.pg_backend_pid()))

    number = ask()
    with other.engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:number, 5000)"), {"number": number})

    with pytest.raises(OperationalError):
        ask()

    assert ask() != number


def test_a_process_has_few_writers_at_once_and_all_of_them_come_to_write(database: Database) -> None:
    present, most, lock = 0, 0, threading.Lock()

    def write() -> None:
        nonlocal present, most
        with database.write():
            with lock:
                present += 1
                most = max(most, present)
            time.sleep(0.02)
            with lock:
                present -= 1

    at_once([write] * 12)

    assert 1 <= most <= (1 if database.is_sqlite else 4)
    assert present == 0
