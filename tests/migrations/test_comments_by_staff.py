"""Migration 0081 marks nothing that was written before it: who was staff at that time is not known."""

from __future__ import annotations

from sqlalchemy import select, text

from api import migrating
from moderation.models import Comment, Role
from tests.sentences import sentence
from tests.world import World


def marks(world: World) -> list[bool]:
    with world.database.engine.connect() as connection:
        return list(connection.scalars(select(Comment.by_staff).order_by(Comment.id)))


def test_comments_from_before_are_not_marked_and_those_after_it_are(world: World) -> None:
    moderator = world.person(Role.MODERATOR, "demo")
    world.comment(moderator, sentence(1))
    assert marks(world) == [True]

    migrating.downgrade(world.database, "0080")
    migrating.upgrade(world.database)
    world.comment(moderator, sentence(2))

    assert marks(world) == [False, True]


def test_a_release_that_knows_nothing_of_it_goes_on_adding_comments(world: World) -> None:
    world.comment(world.person(Role.MODERATOR, "demo"), sentence(1))
    old = ", ".join(column.name for column in Comment.__table__.columns if column.name not in ("id", "by_staff"))
    other = "gen_random_uuid()" if not world.database.is_sqlite else "'0190f3a000007000800000000000000f'"

    with world.database.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO comment (id, {old}) SELECT {other}, {old} FROM comment"))

    assert sorted(marks(world)) == [False, True]
