"""Backups as docs/deployment.md describes them, made while people write, and what a restored one holds (control I8)."""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.engine import URL

from moderation.db import Database
from moderation.models import Comment, Revision
from tests.checksums import checksums
from tests.databases import drop_postgresql
from tests.integrity import assert_whole
from tests.processes.mortal import running, wait_until
from tests.processes.outside import MANY, THREAD, asked
from tests.processes.parts import postgres_programs
from tests.sentences import sentence
from tests.world import Person, World

pytestmark = pytest.mark.processes

GUIDE = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text(encoding="utf-8")


def documented(pattern: str) -> str:
    """A command of the guide; the test runs what is written there."""
    found = re.search(pattern, GUIDE)
    assert found is not None, f"the guide has no {pattern}"
    return found.group(0)


@pytest.fixture
def make_backup(
    database: Database, postgresql_server: URL | None, tmp_path: Path
) -> Iterator[Callable[[str], Database]]:
    """Back the database up and restore that into an empty one, under a name."""
    made: list[tuple[str, Database]] = []

    def sqlite(name: str) -> Database:
        source, copy = database.engine.url.database, tmp_path / f"{name}.db"
        command = documented(r'sqlite3 var/vorab\.db "\.backup copy\.db"')
        assert command
        if shutil.which("sqlite3"):
            subprocess.run(["sqlite3", source, f".backup {copy}"], check=True, timeout=60)
        else:  # The same interface of SQLite, by way of Python.
            with (
                contextlib.closing(sqlite3.connect(str(source))) as here,
                contextlib.closing(sqlite3.connect(copy)) as there,
            ):
                here.backup(there)
        return Database(f"sqlite:///{copy}")

    def postgresql(name: str) -> Database:
        assert postgresql_server is not None
        programs, file, url = postgres_programs(), tmp_path / f"{name}.dump", database.engine.url
        restored = url.set(database=f"{url.database}_{name}")
        plain = {
            one: each.set(drivername="postgresql").render_as_string(False)
            for one, each in (("from", url), ("to", restored))
        }
        dump = documented(r"pg_dump --format=custom").split()[1:]
        assert documented("pg_restore")
        subprocess.run([programs / "pg_dump", *dump, f"--file={file}", plain["from"]], check=True, timeout=60)
        drop_postgresql(postgresql_server, str(restored.database))
        subprocess.run(
            [programs / "psql", "-q", "-c", f'CREATE DATABASE "{restored.database}"', plain["from"]],
            check=True,
            timeout=60,
        )
        subprocess.run([programs / "pg_restore", f"--dbname={plain['to']}", file], check=True, timeout=60)
        return Database(restored.render_as_string(hide_password=False))

    def make(name: str) -> Database:
        made.append((name, sqlite(name) if database.is_sqlite else postgresql(name)))
        return made[-1][1]

    yield make
    for _, restored in made:
        restored.dispose()
        if not restored.is_sqlite and postgresql_server is not None:
            drop_postgresql(postgresql_server, str(restored.engine.url.database))


def ids(database: Database) -> set[str]:
    with database.read() as session:
        return {str(one) for one in session.scalars(select(Comment.id))}


def texts(database: Database) -> dict[str, str]:
    with database.read() as session:
        return {str(one): body for one, body in session.execute(select(Revision.id, Revision.body))}


def test_i8_a_backup_made_under_load_holds_whatever_was_acknowledged_before_it_began(
    world: World, make_backup: Callable[[str], Database], tmp_path: Path
) -> None:
    readers = [world.person() for _ in range(3)]
    acknowledged: list[str] = []
    ended = threading.Event()

    with running(world.database, tmp_path, VORAB_SCREENING_DEADLINE_S="5", **MANY) as server:

        def post(by: Person, place: int) -> None:
            for number in itertools.count(place, len(readers)):
                if ended.is_set():
                    return
                status, own, _ = asked(
                    int(server.address.rpartition(":")[2]), "POST", THREAD, {"body": sentence(number)}, by
                )
                if status == 201:
                    acknowledged.append(own["id"])

        threads = [threading.Thread(target=post, args=(by, place)) for place, by in enumerate(readers)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(acknowledged) >= 30)
        for attempt in range(20):
            before = set(acknowledged)
            restored = make_backup(f"under_load_{attempt}")
            meanwhile = len(acknowledged) - len(before)
            if meanwhile > 0:  # A small backup may be quicker than any post.
                break
        ended.set()
        for thread in threads:
            thread.join(timeout=60)

    assert meanwhile > 0, "nobody wrote while the backup was made"
    assert before <= ids(restored)
    assert texts(restored).items() <= texts(world.database).items()
    assert_whole(restored)
    # And what is restored serves.
    with running(restored, tmp_path) as server:
        page = server.call("GET", f"{THREAD}?limit=1")[1]
        assert page["total"] >= len(before)
        assert server.post(readers[0], sentence(9999))[0] == 201


def test_i8_a_backup_of_what_nobody_changes_restores_to_the_same_rows_in_every_table(
    world: World, make_backup: Callable[[str], Database]
) -> None:
    for number in range(5):
        world.post(world.person(), sentence(number))
    world.services.runner.close()

    assert checksums(make_backup("quiet")) == checksums(world.database)
