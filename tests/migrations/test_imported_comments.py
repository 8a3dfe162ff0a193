"""Migration 0090 leaves what was written here as it is, and the previous release goes on adding comments."""

from __future__ import annotations

from sqlalchemy import select, text

from api import migrating
from moderation.models import Comment
from tests.sentences import sentence
from tests.world import World


def origins(world: World) -> list[str | None]:
    with world.database.engine.connect() as connection:
        return list(connection.scalars(select(Comment.imported_as)))


def test_what_was_written_here_is_not_imported(world: World) -> None:
    world.comment(world.person(), sentence(1))

    migrating.downgrade(world.database, "0082")
    migrating.upgrade(world.database)
    world.comment(world.person(), sentence(2))

    assert origins(world) == [None, None]


def test_a_release_that_knows_nothing_of_it_goes_on_adding_comments(world: World) -> None:
    world.comment(world.person(), sentence(1))
    old = ", ".join(column.name for column in Comment.__table__.columns if column.name not in ("id", "imported_as"))
    other = "gen_random_uuid()" if not world.database.is_sqlite else "'0190f3a000007000800000000000000f'"

    with world.database.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO comment (id, {old}) SELECT {other}, {old} FROM comment"))

    assert origins(world) == [None, None]
