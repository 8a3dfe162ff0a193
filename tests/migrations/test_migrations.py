"""Control I7: migrations go up, down and up again with data, on both databases, and end where the models are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, inspect, select
from sqlalchemy.engine import URL

from api import migrating
from moderation.db import Base, Database
from moderation.models import Comment, Role
from tests import databases
from tests.checksums import checksums
from tests.integrity import assert_whole
from tests.world import World

REVISIONS = [script.revision for script in ScriptDirectory.from_config(migrating.config()).walk_revisions()][::-1]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of the test's own: nobody else's is taken back."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'migrated.db'}")
        migrating.upgrade(made)
        yield made
        made.dispose()
        return
    server: URL | None = request.getfixturevalue("postgresql_server")
    if server is None:
        databases.skip_without_postgresql()
    assert server is not None
    name = f"vorab_migrations_{request.getfixturevalue('worker_id')}_{id(request)}"
    made = databases.fresh_postgresql(server, name)
    yield made
    made.dispose()
    databases.drop_postgresql(server, name)


def fill(world: World) -> None:
    """Something of everything that a site holds."""
    author, reader, moderator = world.person(), world.person(), world.person(Role.MODERATOR, "demo")
    first = world.comment(author)
    world.comment(reader, "Du Dummkopf, das ist doch Unsinn.", parent=first["id"])
    held = world.comment(reader, "Noch so ein Dummkopf, wie man sieht.")
    world.review(held, "reject", moderator, reason_code="insult", note="Bitte sachlich bleiben.")
    world.call("POST", f"/comments/{held['id']}/appeal", {"text": "Das war ein Zitat."}, by=reader)
    world.call("PUT", f"/comments/{first['id']}/vote", {"value": 1}, by=reader)
    world.call("POST", f"/comments/{first['id']}/flags", {"reason": "spam", "text": "Werbung?"}, by=reader)
    world.post(author, "Das sage ich nur einmal.", Idempotency_Key="nur-einmal")


def at(database: Database) -> str | None:
    return migrating.present_and_wanted(database)[0]


def test_i7_models_and_migrations_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_i7_the_migrations_are_one_chain() -> None:
    assert len(ScriptDirectory.from_config(migrating.config()).get_heads()) == 1
    assert REVISIONS[-1] == migrating.newest()


def test_i7_every_step_goes_down_and_up_again_with_data_in_the_tables(world: World) -> None:
    fill(world)

    for revision in reversed(REVISIONS[:-1]):
        migrating.downgrade(world.database, revision)
        assert at(world.database) == revision
    with world.database.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(Comment.__table__)).scalar() == 4
    for revision in REVISIONS[1:]:
        migrating.upgrade(world.database, revision)
        assert at(world.database) == revision

    assert_whole(world.database)
    fill_again = world.comment(world.person(), "Nach dem Umbau geht es weiter wie zuvor.")
    assert fill_again["status"] == "published"


def test_i7_going_up_twice_changes_nothing(world: World) -> None:
    fill(world)
    before = checksums(world.database)

    migrating.upgrade(world.database)

    assert checksums(world.database) == before


def test_i7_all_the_way_down_leaves_nothing_behind_and_up_again_works(world: World) -> None:
    fill(world)

    migrating.downgrade(world.database, "base")
    left = set(inspect(world.database.engine).get_table_names()) - {"alembic_version"}
    migrating.upgrade(world.database)

    assert left == set()
    world.site()
    assert world.comment(world.person())["status"] == "published"
