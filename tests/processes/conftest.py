"""An installation's parts for the tests of this folder, each killed in the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.db import Database
from tests import databases
from tests.processes.outside import MANY, asked, world_on
from tests.processes.parts import Ours, Postgres, RedisServer, listens, wait_for
from tests.world import World


@pytest.fixture
def world(database: Database) -> World:
    return world_on(database)


@pytest.fixture
def on_postgresql(postgresql_database: Database | None) -> World:
    """For what needs several processes, or does not depend on the database."""
    if postgresql_database is None:
        databases.skip_without_postgresql()
    assert postgresql_database is not None
    databases.empty(postgresql_database)
    return world_on(postgresql_database)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Postgres]:
    try:
        made = Postgres(tmp_path / "postgres.log")
    except LookupError as error:
        pytest.skip(str(error))
    made.make()
    made.begin()
    yield made
    made.remove()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RedisServer]:
    try:
        made = RedisServer(tmp_path / "redis.log")
    except LookupError as error:
        pytest.skip(str(error))
    made.begin()
    yield made
    made.kill()


@pytest.fixture
def crew(on_postgresql: World, broker: RedisServer, tmp_path: Path) -> Iterator[tuple[Ours, Ours]]:
    """A web process and a worker, with a broker of their own between them."""
    environment = {
        "VORAB_SECRET_KEY": "t" * 32,
        "VORAB_DATABASE_URL": on_postgresql.database.engine.url.render_as_string(hide_password=False),
        "VORAB_SCREENING": "celery",
        "VORAB_BROKER_URL": broker.url,
        "VORAB_MAIL": f"folder:{tmp_path / 'mail'}",
        "VORAB_SCREENING_LEASE_S": "2",
        "VORAB_LOG_LEVEL": "info",
        "OMP_NUM_THREADS": "1",
        **MANY,
    }
    web, worker = (Ours(kind, tmp_path, environment) for kind in ("web", "worker"))
    for part in (web, worker):
        part.begin()
    wait_for(lambda: listens(web.port), "the web process")
    wait_for(lambda: asked(web.port, "GET", "/readyz")[0] == 200, "the worker")
    yield web, worker
    for part in (web, worker):
        part.kill()
