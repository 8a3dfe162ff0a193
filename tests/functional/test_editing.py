"""Editing and withdrawing: what readers go on seeing meanwhile."""

from __future__ import annotations

import dataclasses
import threading

import pytest
from sqlalchemy import func, select

from moderation.models import Article, Comment, IdempotencyKey, Revision, Role
from tests.integrity import assert_whole
from tests.parallel import at_once
from tests.sentences import CALM, insult, sentence
from tests.world import World, json_of, some_id


@pytest.fixture
def world(world: World) -> World:
    world.set_policy(CALM)
    return world


def edit(world: World, comment_id: str, body: str, by: object) -> object:
    return world.call("PATCH", f"/comments/{comment_id}", {"body": body}, by=by)


def public_body(world: World, comment_id: str) -> str | None:
    answer = world.call("GET", f"/comments/{comment_id}")
    return json_of(answer)["body"] if answer.status_code == 200 else None


def test_g6_an_edit_goes_back_through_screening(world: World) -> None:
    reader = world.person()
    own = world.comment(reader, sentence(0))

    answer = edit(world, own["id"], insult(1), reader)

    edited = json_of(answer)
    assert (answer.status_code, edited["status"], edited["revision"]) == (200, "held", 2)
    assert (edited["body"], edited["published_revision"]) == (insult(1), 1)
    assert public_body(world, own["id"]) == sentence(0)
    assert_whole(world.database)


def test_g6_a_harmless_edit_replaces_what_readers_see(world: World) -> None:
    reader = world.person()
    own = world.comment(reader, sentence(0))

    edited = json_of(edit(world, own["id"], sentence(1), reader))

    assert (edited["status"], edited["published_revision"]) == ("published", 2)
    (shown,) = world.thread()["items"]
    assert (shown["body"], shown["revision"]) == (sentence(1), 2)
    assert shown["edited_at"] is not None
    assert json_of(world.call("GET", "/sites/demo/counts?articles=artikel-1"))["counts"] == {"artikel-1": 1}


def test_readers_keep_the_published_revision_until_a_moderator_clears_the_edit(world: World) -> None:
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    own = world.comment(reader, sentence(0))
    edit(world, own["id"], insult(1), reader)
    item = world.queue_item(own["id"], moderator)
    assert (item["body"], item["published_body"]) == (insult(1), sentence(0))

    world.review(own, "publish", moderator)

    assert public_body(world, own["id"]) == insult(1)
    assert world.queue_item(own["id"], moderator)["published_body"] is None
    assert_whole(world.database)


def test_a_moderator_who_rejects_an_edit_takes_the_whole_comment_down(world: World) -> None:
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    own = world.comment(reader, sentence(0))
    edit(world, own["id"], insult(1), reader)

    world.review(own, "reject", moderator)

    assert public_body(world, own["id"]) is None
    assert world.thread()["total"] == 0
    assert_whole(world.database)


def test_an_edit_of_a_held_comment_is_published_if_it_is_harmless(world: World) -> None:
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    own = world.comment(reader, insult(0))

    assert json_of(edit(world, own["id"], sentence(1), reader))["status"] == "published"

    queue = json_of(world.call("GET", "/review-queue", by=moderator))
    assert queue["counts"]["all"] == 0
    assert_whole(world.database)


def test_an_edit_during_the_first_screening_leaves_only_the_new_text_to_decide(world: World) -> None:
    world.classifier.gate = threading.Event()
    reader = world.person()

    def first() -> None:
        assert world.post(reader, sentence(0)).status_code == 201

    def second() -> None:
        assert world.classifier.entered.wait(timeout=10)
        with world.database.read() as session:
            comment_id = str(session.scalars(select(Comment.id)).one())
        edit(world, comment_id, insult(1), reader)

    def opener() -> None:
        for _ in range(500):
            if len(world.classifier.calls) == 2:
                break
            threading.Event().wait(0.01)
        world.classifier.gate.set()

    at_once([first, second, opener])

    (own,) = json_of(world.call("GET", "/accounts/me/comments", by=reader))["items"]
    assert (own["status"], own["revision"], own["body"]) == ("held", 2, insult(1))
    assert own["published_revision"] is None
    assert world.thread()["items"] == []
    assert_whole(world.database)


def test_the_same_text_again_changes_nothing(world: World) -> None:
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    own = world.comment(reader, insult(0))
    version = world.queue_item(own["id"], moderator)["version"]

    answer = edit(world, own["id"], f"  {insult(0)}\n", reader)

    assert (answer.status_code, json_of(answer)["revision"]) == (200, 1)
    assert world.queue_item(own["id"], moderator)["version"] == version
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Revision)) == 1


def test_the_edit_window_closes(world: World) -> None:
    world.set_policy(dataclasses.replace(CALM, edit_window_s=600))
    reader = world.person()
    own = world.comment(reader, sentence(0))
    world.clock.move(seconds=600 - 60)
    assert edit(world, own["id"], sentence(1), reader).status_code == 200

    world.clock.move(seconds=1)
    answer = edit(world, own["id"], sentence(2), reader)

    assert (answer.status_code, json_of(answer)["code"]) == (409, "edit_window_closed")
    assert "10" in json_of(answer)["detail"]
    assert public_body(world, own["id"]) == sentence(1)


@pytest.mark.parametrize("end", ["withdrawn", "rejected"])
def test_what_is_withdrawn_or_rejected_is_not_edited(world: World, end: str) -> None:
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    own = world.comment(reader, sentence(0))
    if end == "withdrawn":
        world.call("DELETE", f"/comments/{own['id']}", by=reader)
    else:
        world.review(own, "reject", moderator)

    answer = edit(world, own["id"], sentence(1), reader)

    assert (answer.status_code, json_of(answer)["code"]) == (409, "not_editable")


def test_nothing_is_edited_under_a_closed_article(world: World) -> None:
    reader = world.person()
    own = world.comment(reader, sentence(0))
    with world.database.write() as session:
        session.scalars(select(Article)).one().closed = True

    answer = edit(world, own["id"], sentence(1), reader)

    assert (answer.status_code, json_of(answer)["code"]) == (403, "article_closed")
    assert public_body(world, own["id"]) == sentence(0)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_only_its_author_changes_a_comment(world: World, method: str) -> None:
    reader, other, moderator = world.person(), world.person(), world.person(Role.MODERATOR, "demo")
    published = world.comment(reader, sentence(0))
    held = world.comment(reader, insult(1))

    def attempt(comment_id: str, by: object) -> tuple[int, str]:
        body = {"body": sentence(9)} if method == "PATCH" else None
        answer = world.call(method, f"/comments/{comment_id}", body, by=by)
        return answer.status_code, json_of(answer)["code"]

    for stranger in (other, moderator):
        assert attempt(published["id"], stranger) == (403, "not_author")
        assert attempt(held["id"], stranger) == (404, "comment_not_found")
    assert attempt(some_id(), other) == (404, "comment_not_found")
    assert public_body(world, published["id"]) == sentence(0)


def test_a_withdrawn_comment_is_gone_for_everybody_at_once_and_for_good(world: World) -> None:
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    own = world.comment(reader, insult(0))
    world.review(own, "publish", moderator)

    assert world.call("DELETE", f"/comments/{own['id']}", by=reader).status_code == 204

    for who in (None, reader, moderator):
        assert world.call("GET", f"/comments/{own['id']}", by=who).status_code == 404
    assert world.thread()["total"] == 0
    assert json_of(world.call("GET", "/accounts/me/comments", by=reader))["items"] == []
    assert world.call("GET", f"/review-queue/{own['id']}", by=moderator).status_code == 404
    assert world.call("DELETE", f"/comments/{own['id']}", by=reader).status_code == 404
    assert_whole(world.database)


def test_withdrawing_ends_the_flags_and_the_waiting(world: World) -> None:
    reader, flagger = world.person(), world.person()
    moderator = world.person(Role.MODERATOR, "demo")
    own = world.comment(reader, sentence(0))
    world.call("POST", f"/comments/{own['id']}/flags", {"reason": "spam"}, by=flagger)

    world.call("DELETE", f"/comments/{own['id']}", by=reader)

    assert json_of(world.call("GET", "/review-queue", by=moderator))["counts"] == {
        "held": 0,
        "flagged": 0,
        "appealed": 0,
        "all": 0,
    }
    assert_whole(world.database)


def test_a_comment_withdrawn_while_it_is_screened_stays_withdrawn(world: World) -> None:
    world.classifier.gate = threading.Event()
    reader = world.person()

    def withdraw() -> None:
        assert world.classifier.entered.wait(timeout=10)
        with world.database.read() as session:
            comment_id = session.scalars(select(Comment.id)).one()
        assert world.call("DELETE", f"/comments/{comment_id}", by=reader).status_code == 204
        world.classifier.gate.set()

    answers = at_once([lambda: world.post(reader, sentence(0), Idempotency_Key="eins"), withdraw])

    assert answers[0].status_code == 404
    assert world.thread()["total"] == 0
    with world.database.read() as session:
        assert session.scalars(select(Comment.status)).one() == "withdrawn"
        assert session.scalars(select(IdempotencyKey.answer)).one() == {}
    assert_whole(world.database)
