"""Migration 0082 adds a table; on the way down, what only waited for an appeal's answer waits no longer."""

from __future__ import annotations

from sqlalchemy import select

from api import migrating
from moderation.models import Comment, Role
from tests.integrity import assert_whole
from tests.sentences import insult, sentence
from tests.world import World


def waiting(world: World) -> set[str]:
    with world.database.engine.connect() as connection:
        found = connection.scalars(select(Comment.id).where(Comment.queued_at.is_not(None)))
        return {str(comment_id) for comment_id in found}


def test_on_the_way_down_only_appeals_leave_the_queue(world: World) -> None:
    author, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    held, refused, flagged = (world.comment(author, text) for text in (insult(0), insult(1), sentence(2)))
    world.review(refused, "reject", moderator)
    assert world.call("POST", f"/comments/{refused['id']}/appeal", {}, by=author).status_code == 201
    world.call("POST", f"/comments/{flagged['id']}/flags", {"reason": "spam"}, by=world.person())
    assert waiting(world) == {held["id"], refused["id"], flagged["id"]}

    migrating.downgrade(world.database, "0081")
    assert waiting(world) == {held["id"], flagged["id"]}

    migrating.upgrade(world.database)
    assert_whole(world.database)
    assert world.call("POST", f"/comments/{refused['id']}/appeal", {}, by=author).status_code == 201
