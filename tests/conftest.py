from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy.engine import URL
from werkzeug.routing import Rule

from api import logs
from api.app import Replacements, create_app
from api.services import Services
from api.settings import Settings
from moderation.db import Database
from moderation.passwords import Hasher
from tests import databases, identity_provider
from tests.fakes import Clock, FakeClassifier
from tests.identity_provider import Running
from tests.world import World

KINDS = ("sqlite", "postgresql")


@pytest.fixture(autouse=True)
def logs_of_its_own() -> Iterator[None]:
    """No test writes into a stream that another one opened for its log, and closed."""
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="session", autouse=True)
def routes_compiled_once() -> None:
    """Thousands of applications are made here, each with the same hundred routes; compiling them takes the longest."""
    compile_builder: Callable[[Rule, bool], Any] = Rule._compile_builder
    known: dict[tuple[object, ...], Any] = {}

    def compiled(rule: Rule, append_unknown: bool = True) -> Any:
        key = (tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in known:
            known[key] = compile_builder(rule, append_unknown)
        return known[key]

    Rule._compile_builder = compiled  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return databases.sqlite_template(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def sqlite_database(sqlite_template: Path) -> Database:
    """One for all tests, each of which finds another file behind it: what was compiled into SQL once stays so."""
    return databases.sqlite_copy(sqlite_template, sqlite_template.parent)


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> URL | None:
    return databases.postgresql_server(tmp_path_factory.mktemp("postgresql"))


@pytest.fixture(scope="session")
def postgresql_database(postgresql_server: URL | None, worker_id: str) -> Iterator[Database | None]:
    if postgresql_server is None:
        yield None
        return
    # The process's number keeps two runs on one machine apart.
    name = f"vorab_test_{worker_id}_{os.getpid()}"
    database = databases.fresh_postgresql(postgresql_server, name)
    yield database
    database.dispose()
    databases.drop_postgresql(postgresql_server, name)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty, migrated database: every test that asks for one runs on both kinds."""
    if request.param == "sqlite":
        made: Database = request.getfixturevalue("sqlite_database")
        databases.sqlite_afresh(request.getfixturevalue("sqlite_template"), made)
        yield made
        made.dispose()
        return
    found: Database | None = request.getfixturevalue("postgresql_database")
    if found is None:
        databases.skip_without_postgresql()
    assert found is not None
    databases.empty(found)
    yield found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def classifier() -> FakeClassifier:
    return FakeClassifier()


@pytest.fixture(scope="session")
def cheap_hasher() -> Hasher:
    return Hasher(memory_kib=8)


@pytest.fixture
def settings(database: Database) -> Settings:
    return Settings(
        secret_key="t" * 32,
        database_url=database.engine.url.render_as_string(hide_password=False),
        mail="console",
        verify_addresses=False,
        # Nobody's outcome may depend on how busy the machine is: tests about the deadline set their own.
        screening_deadline=dt.timedelta(seconds=20),
    )


@pytest.fixture
def make_world(
    settings: Settings, database: Database, classifier: FakeClassifier, clock: Clock, cheap_hasher: Hasher
) -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(**changes: object) -> World:
        logs.configure("error")
        app = create_app(
            dataclasses.replace(settings, **changes),
            Replacements(database=database, classifier=classifier, hasher=cheap_hasher, clock=clock),
        )
        services: Services = app.extensions["vorab"]
        made.append(World(app, services, clock, classifier))
        return made[-1]

    yield make
    for world in made:
        if world.classifier.gate is not None:
            world.classifier.gate.set()
        world.services.runner.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """The application on an empty database with a site ``demo``."""
    made = make_world()
    made.site()
    return made


@pytest.fixture(scope="module")
def running_provider() -> Iterator[Running]:
    with identity_provider.running() as found:
        yield found


@pytest.fixture
def provider(running_provider: Running) -> Running:
    """A real provider of identities, as it was when it began."""
    running_provider.control()
    return running_provider
