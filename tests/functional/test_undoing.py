"""Moderators take back what they decided a moment ago."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from moderation.models import Comment, Role
from tests.integrity import assert_whole
from tests.parallel import at_once
from tests.sentences import CALM, insult, sentence
from tests.world import Person, World, json_of


@pytest.fixture
def world(world: World) -> World:
    world.set_policy(CALM)
    return world


@pytest.fixture
def moderator(world: World) -> Person:
    return world.person(Role.MODERATOR, "demo", name="Erika")


def take_back(world: World, decided: TestResponse, by: Person) -> TestResponse:
    made = json_of(decided)
    return world.call(
        "DELETE",
        f"/review-queue/{made['comment_id']}/decision",
        by=by,
        query_string={"version": made["version"]},
    )


def history(world: World, comment: dict[str, Any], by: Person) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json_of(world.call("GET", f"/comments/{comment['id']}/decisions", by=by))["items"]
    return items


@pytest.mark.parametrize("action", ["publish", "reject"])
def test_a_decision_taken_back_leaves_everything_as_it_was(world: World, moderator: Person, action: str) -> None:
    held = world.comment(world.person(), insult(0))
    before = world.queue_item(held["id"], moderator)
    world.clock.move(minutes=5)
    decided = world.review(held, action, moderator, reason_code="insult", note="Ein Hinweis.")

    answer = take_back(world, decided, moderator)

    assert answer.status_code == 200
    after = world.queue_item(held["id"], moderator)
    for field in ("status", "queued_at", "reasons", "risk", "flags", "body"):
        assert after[field] == before[field], field
    assert world.thread()["total"] == 0
    assert after["version"] == json_of(answer)["version"] > json_of(decided)["version"]
    assert_whole(world.database)


def test_taking_back_is_a_decision_of_its_own_and_removes_nothing(world: World, moderator: Person) -> None:
    held = world.comment(world.person(), insult(0))
    decided = world.review(held, "publish", moderator)

    take_back(world, decided, moderator)

    machine, published, undone = history(world, held, moderator)
    assert (machine["action"], published["action"], undone["action"]) == ("hold", "publish", "hold")
    assert (undone["from_status"], undone["to_status"], undone["actor"]) == ("published", "held", "Erika")
    assert (published["undoes"], undone["undoes"]) == (None, published["id"])
    assert [reason["code"] for reason in undone["reasons"]] == ["toxicity"]


def test_flags_that_a_decision_answered_are_open_again(world: World, moderator: Person) -> None:
    own = world.comment(world.person(), sentence(0))
    earlier, later = world.person(), world.person()
    world.call("POST", f"/comments/{own['id']}/flags", {"reason": "spam"}, by=earlier)
    world.review(own, "publish", moderator)
    world.clock.move(minutes=1)
    world.call("POST", f"/comments/{own['id']}/flags", {"reason": "hate"}, by=later)
    decided = world.review(own, "reject", moderator)

    take_back(world, decided, moderator)

    item = world.queue_item(own["id"], moderator)
    assert [flag["reason"] for flag in item["flags"]] == ["hate"]
    assert item["status"] == "published"
    assert world.thread()["total"] == 1
    assert_whole(world.database)


def test_readers_see_the_same_revision_again(world: World, moderator: Person) -> None:
    """An edit waited while the first text stayed published; refusing took both down."""
    reader = world.person()
    own = world.comment(reader, sentence(0))
    world.call("PATCH", f"/comments/{own['id']}", {"body": insult(1)}, by=reader)
    decided = world.review(own, "reject", moderator)
    assert world.thread()["total"] == 0

    take_back(world, decided, moderator)

    (shown,) = world.thread()["items"]
    assert shown["body"] == sentence(0)
    assert world.queue_item(own["id"], moderator)["status"] == "held"
    assert_whole(world.database)


def test_replies_keep_their_place(world: World, moderator: Person) -> None:
    reader = world.person()
    held = world.comment(reader, insult(0))
    decided = world.review(held, "publish", moderator)
    world.comment(world.person(), sentence(1), parent=held["id"])

    take_back(world, decided, moderator)

    (place,) = world.thread()["items"]
    assert (place["body"], place["reply_count"]) == (None, 1)
    assert_whole(world.database)


def test_a_comment_decided_while_it_was_screened_waits_afterwards(world: World, moderator: Person) -> None:
    world.classifier.available = False
    own = world.comment(world.person(), sentence(0))
    decided = world.review(own, "publish", moderator)
    assert json_of(decided)["from_status"] == "screening"

    take_back(world, decided, moderator)

    item = world.queue_item(own["id"], moderator)
    assert item["status"] == "held"
    assert item["queued_at"] is not None
    assert_whole(world.database)


def test_only_for_a_while(make_world: Callable[..., World]) -> None:
    world = make_world(undo_window=dt.timedelta(seconds=90))
    world.site(policy=CALM)
    moderator = world.person(Role.ADMIN)
    held = world.comment(world.person(), insult(0))
    decided = world.review(held, "publish", moderator)
    world.clock.move(seconds=91)

    late = take_back(world, decided, moderator)
    world.clock.move(seconds=-1)
    in_time = take_back(world, decided, moderator)

    assert (late.status_code, json_of(late)["code"]) == (409, "not_undoable")
    assert in_time.status_code == 200


def test_a_colleagues_decision_is_not_taken_back(world: World, moderator: Person) -> None:
    held = world.comment(world.person(), insult(0))
    decided = world.review(held, "publish", world.person(Role.ADMIN))

    answer = take_back(world, decided, moderator)

    assert (answer.status_code, json_of(answer)["code"]) == (409, "not_undoable")
    assert world.thread()["total"] == 1


def test_what_changed_since_is_not_undone(world: World, moderator: Person) -> None:
    held = world.comment(world.person(), insult(0))
    decided = world.review(held, "publish", moderator)
    world.review(held, "reject", world.person(Role.ADMIN))

    answer = take_back(world, decided, moderator)

    assert (answer.status_code, json_of(answer)["code"]) == (409, "stale_review")
    assert len(history(world, held, moderator)) == 3


def test_an_undoing_is_not_undone(world: World, moderator: Person) -> None:
    held = world.comment(world.person(), insult(0))
    undone = take_back(world, world.review(held, "publish", moderator), moderator)

    answer = take_back(world, undone, moderator)

    assert (answer.status_code, json_of(answer)["code"]) == (409, "not_undoable")


def test_a_withdrawn_comment_stays_withdrawn(world: World, moderator: Person) -> None:
    reader = world.person()
    held = world.comment(reader, insult(0))
    decided = world.review(held, "publish", moderator)
    world.call("DELETE", f"/comments/{held['id']}", by=reader)

    answer = take_back(world, decided, moderator)

    assert (answer.status_code, json_of(answer)["code"]) == (409, "not_reviewable")


def test_e7_of_two_who_take_the_same_decision_back_at_once_one_does(world: World, moderator: Person) -> None:
    held = world.comment(world.person(), insult(0))
    decided = world.review(held, "publish", moderator)

    answers = at_once([lambda: take_back(world, decided, moderator)] * 2)

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(history(world, held, moderator)) == 3
    assert_whole(world.database)


def test_the_time_waited_is_kept_with_the_decision(world: World, moderator: Person) -> None:
    held = world.comment(world.person(), insult(0))
    since = dt.datetime.fromisoformat(world.queue_item(held["id"], moderator)["queued_at"])
    world.clock.move(hours=3)
    first = world.review(held, "publish", moderator)
    world.clock.move(minutes=5)
    take_back(world, first, moderator)
    world.clock.move(minutes=5)

    world.review(held, "reject", moderator)

    with world.database.read() as session:
        comment = session.get_one(Comment, UUID(held["id"]))
        assert comment.queued_at is None
    with world.database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM decision WHERE waited_since IS NOT NULL")
        assert rows.scalar_one() == 2
    assert since < world.clock()


def test_what_the_author_has_edited_since_is_not_undone_though_the_moderator_has_seen_it(
    world: World, moderator: Person
) -> None:
    """The screening of what is new would otherwise find a comment that is decided, and nobody would see it again."""
    author = world.person()
    comment = world.comment(author, sentence(0))
    world.call("POST", f"/comments/{comment['id']}/flags", {"reason": "spam"}, by=world.person())
    world.review(comment, "publish", moderator)
    world.services.runner.run = lambda job: None  # type: ignore[method-assign]  # Nobody screens for the moment.
    edited = world.call("PATCH", f"/comments/{comment['id']}", {"body": insult(1)}, by=author)
    assert json_of(edited)["status"] == "screening"
    version = world.queue_item(comment["id"], moderator)["version"]

    answer = world.call(
        "DELETE", f"/review-queue/{comment['id']}/decision", by=moderator, query_string={"version": version}
    )

    assert (answer.status_code, json_of(answer)["code"]) == (409, "stale_review")
    own = json_of(world.call("GET", f"/comments/{comment['id']}", by=author))
    assert own["status"] == "screening"
    assert_whole(world.database)
