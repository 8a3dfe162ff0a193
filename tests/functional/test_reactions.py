"""Votes and flags."""

from __future__ import annotations

import dataclasses
import threading

import pytest
from sqlalchemy import func, select

from moderation.models import Comment, Flag, Role, Vote
from tests.integrity import assert_whole
from tests.parallel import at_once
from tests.sentences import CALM, insult, sentence
from tests.world import World, json_of, some_id


@pytest.fixture
def world(world: World) -> World:
    world.set_policy(CALM)
    return world


def test_a_vote_counts_once_however_often_it_is_cast(world: World) -> None:
    reader, voter = world.person(), world.person()
    own = world.comment(reader)

    for _ in range(3):
        answer = world.call("PUT", f"/comments/{own['id']}/vote", {"value": 1}, by=voter)
        assert json_of(answer) == {"score": 1, "own_vote": 1}

    assert world.thread(by=voter)["items"][0]["own_vote"] == 1
    assert world.thread()["items"][0]["own_vote"] == 0


def test_a_vote_can_be_turned_round_and_taken_back(world: World) -> None:
    reader, voter = world.person(), world.person()
    path = f"/comments/{world.comment(reader)['id']}/vote"
    world.call("PUT", path, {"value": 1}, by=voter)

    assert json_of(world.call("PUT", path, {"value": -1}, by=voter)) == {"score": -1, "own_vote": -1}
    for _ in range(2):
        assert world.call("DELETE", path, by=voter).status_code == 204

    assert world.thread()["items"][0]["score"] == 0
    assert_whole(world.database)


@pytest.mark.parametrize("value", [0, 2, -2, "1", 1.0, True, None])
def test_a_vote_is_one_up_or_one_down(world: World, value: object) -> None:
    reader, voter = world.person(), world.person()
    own = world.comment(reader)

    answer = world.call("PUT", f"/comments/{own['id']}/vote", {"value": value}, by=voter)

    assert answer.status_code == 422
    assert world.thread()["items"][0]["score"] == 0


@pytest.mark.parametrize(
    ("method", "what", "body"),
    [("PUT", "vote", {"value": 1}), ("DELETE", "vote", None), ("POST", "flags", {"reason": "spam"})],
)
def test_nobody_reacts_to_their_own_comment_or_to_one_that_is_not_public(
    world: World, method: str, what: str, body: object
) -> None:
    reader, other = world.person(), world.person()
    published, held = world.comment(reader, sentence(0)), world.comment(reader, insult(1))

    def status(comment_id: str, by: object) -> int:
        return world.call(method, f"/comments/{comment_id}/{what}", body, by=by).status_code

    assert status(published["id"], reader) == 403
    assert status(held["id"], other) == 404
    assert status(some_id(), other) == 404
    assert status(published["id"], None) == 401


def test_a_flag_brings_the_comment_before_the_moderators(world: World) -> None:
    reader, flagger, moderator = world.person(), world.person(), world.person(Role.MODERATOR, "demo")
    own = world.comment(reader)

    answer = world.call(
        "POST", f"/comments/{own['id']}/flags", {"reason": "hate", "text": " Bitte ansehen. "}, by=flagger
    )

    assert (answer.status_code, json_of(answer)["reason"]) == (201, "hate")
    queue = json_of(world.call("GET", "/review-queue?status=flagged", by=moderator))
    assert queue["counts"] == {"held": 0, "flagged": 1, "appealed": 0, "all": 1}
    (flag,) = queue["items"][0]["flags"]
    assert (flag["reason"], flag["text"]) == ("hate", "Bitte ansehen.")
    assert "account" not in str(flag)
    assert world.thread()["total"] == 1
    assert_whole(world.database)


def test_one_person_flags_a_comment_once(world: World) -> None:
    reader, flagger = world.person(), world.person()
    path = f"/comments/{world.comment(reader)['id']}/flags"
    world.call("POST", path, {"reason": "spam", "text": " "}, by=flagger)

    answer = world.call("POST", path, {"reason": "hate"}, by=flagger)

    assert (answer.status_code, json_of(answer)["code"]) == (409, "already_flagged")
    with world.database.read() as session:
        assert session.scalars(select(Flag.text)).all() == [None]


def test_a_flag_with_a_novel_in_it_or_a_reason_of_its_own_is_refused(world: World) -> None:
    reader, flagger = world.person(), world.person()
    path = f"/comments/{world.comment(reader)['id']}/flags"

    long = world.call("POST", path, {"reason": "spam", "text": "ä" * 1001}, by=flagger)
    unknown = world.call("POST", path, {"reason": "boring"}, by=flagger)

    assert list(json_of(long)["errors"]) == ["text"]
    assert list(json_of(unknown)["errors"]) == ["reason"]
    assert_whole(world.database)


def flag_all(world: World, comment_id: str, count: int) -> None:
    for _ in range(count):
        answer = world.call("POST", f"/comments/{comment_id}/flags", {"reason": "insult"}, by=world.person())
        assert answer.status_code == 201


def test_enough_flags_take_a_comment_down_until_a_moderator_has_looked(world: World) -> None:
    world.set_policy(dataclasses.replace(CALM, flags_to_hold=2))
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    own = world.comment(reader)

    flag_all(world, own["id"], 1)
    assert world.thread()["total"] == 1
    flag_all(world, own["id"], 1)

    assert world.thread()["total"] == 0
    told = json_of(world.call("GET", f"/comments/{own['id']}", by=reader))
    assert (told["status"], told["decided_by"], told["reasons"][0]["code"]) == ("held", "machine", "flagged")
    assert_whole(world.database)
    world.review(own, "publish", moderator)
    assert world.thread()["total"] == 1
    assert json_of(world.call("GET", "/review-queue", by=moderator))["counts"]["all"] == 0
    assert_whole(world.database)


def test_a_site_can_ask_that_flags_never_take_anything_down(world: World) -> None:
    world.set_policy(dataclasses.replace(CALM, flags_to_hold=0))
    own = world.comment(world.person())

    flag_all(world, own["id"], 5)

    assert world.thread()["total"] == 1


def test_flags_take_down_the_published_revision_while_an_edit_waits_for_a_moderator(world: World) -> None:
    world.set_policy(dataclasses.replace(CALM, flags_to_hold=2))
    reader = world.person()
    own = world.comment(reader, sentence(0))
    world.call("PATCH", f"/comments/{own['id']}", {"body": insult(1)}, by=reader)

    flag_all(world, own["id"], 2)

    assert world.thread()["total"] == 0
    assert_whole(world.database)


def test_flags_take_down_the_published_revision_while_an_edit_is_screened(world: World) -> None:
    world.set_policy(dataclasses.replace(CALM, flags_to_hold=2))
    reader = world.person()
    own = world.comment(reader, sentence(0))
    world.classifier.gate, world.classifier.entered = threading.Event(), threading.Event()

    def flag() -> None:
        assert world.classifier.entered.wait(timeout=10)
        flag_all(world, own["id"], 2)
        world.classifier.gate.set()

    at_once([lambda: world.call("PATCH", f"/comments/{own['id']}", {"body": sentence(1)}, by=reader), flag])

    assert world.thread()["total"] == 0
    assert json_of(world.call("GET", f"/comments/{own['id']}", by=reader))["status"] == "held"
    assert_whole(world.database)


def test_an_author_cannot_lift_a_take_down_by_editing(world: World) -> None:
    world.set_policy(dataclasses.replace(CALM, flags_to_hold=2))
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    own = world.comment(reader, sentence(0))
    flag_all(world, own["id"], 2)

    edited = json_of(world.call("PATCH", f"/comments/{own['id']}", {"body": sentence(1)}, by=reader))

    assert (edited["status"], [reason["code"] for reason in edited["reasons"]]) == ("held", ["flagged"])
    assert world.thread()["total"] == 0
    assert json_of(world.call("GET", "/review-queue", by=moderator))["counts"] == {
        "held": 1,
        "flagged": 1,
        "appealed": 0,
        "all": 1,
    }
    assert_whole(world.database)


def test_flags_on_what_readers_still_see_wait_though_the_edit_was_refused(world: World) -> None:
    world.set_policy(dataclasses.replace(CALM, reject_thresholds={"*": {"toxicity": 0.8}}))
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    own = world.comment(reader, sentence(0))
    flag_all(world, own["id"], 1)

    edited = json_of(world.call("PATCH", f"/comments/{own['id']}", {"body": insult(1)}, by=reader))

    assert (edited["status"], edited["published_revision"]) == ("rejected", 1)
    assert world.thread()["total"] == 1
    assert json_of(world.call("GET", "/review-queue", by=moderator))["counts"]["flagged"] == 1
    assert_whole(world.database)


def test_a_flag_or_a_vote_does_not_make_a_moderators_decision_stale(world: World) -> None:
    reader, flagger, moderator = world.person(), world.person(), world.person(Role.MODERATOR, "demo")
    own = world.comment(reader)
    flag_all(world, own["id"], 1)
    version = world.queue_item(own["id"], moderator)["version"]
    world.call("PUT", f"/comments/{own['id']}/vote", {"value": 1}, by=flagger)
    flag_all(world, own["id"], 1)

    assert world.review(own, "publish", moderator, version=version).status_code == 200


def test_e7_fifty_parallel_votes_of_one_person_count_once(world: World) -> None:
    reader, voter = world.person(), world.person()
    own = world.comment(reader)

    answers = at_once(
        [lambda: world.call("PUT", f"/comments/{own['id']}/vote", {"value": 1}, by=voter).status_code] * 50
    )

    assert set(answers) == {200}
    assert world.thread()["items"][0]["score"] == 1
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Vote)) == 1


def test_e7_parallel_votes_of_many_people_all_count(world: World) -> None:
    own = world.comment(world.person())
    voters = [world.person() for _ in range(20)]

    def vote(voter: object) -> int:
        return world.call("PUT", f"/comments/{own['id']}/vote", {"value": 1}, by=voter).status_code

    answers = at_once([lambda voter=voter: vote(voter) for voter in voters])

    assert set(answers) == {200}
    assert world.thread()["items"][0]["score"] == 20


def test_e7_fifty_parallel_flags_of_one_person_are_one_flag(world: World) -> None:
    reader, flagger = world.person(), world.person()
    own = world.comment(reader)

    answers = at_once(
        [lambda: world.call("POST", f"/comments/{own['id']}/flags", {"reason": "spam"}, by=flagger).status_code] * 50
    )

    assert sorted(answers) == [201] + [409] * 49
    assert_whole(world.database)


def test_e7_parallel_flags_of_many_people_take_down_once(world: World) -> None:
    own = world.comment(world.person())
    flaggers = [world.person() for _ in range(12)]

    def flag(flagger: object) -> int:
        return world.call("POST", f"/comments/{own['id']}/flags", {"reason": "spam"}, by=flagger).status_code

    answers = at_once([lambda flagger=flagger: flag(flagger) for flagger in flaggers])

    # After the third flag the comment is no longer public, and there is nothing left to flag.
    assert sorted(answers) == [201] * 3 + [404] * 9
    with world.database.read() as session:
        assert session.scalars(select(Comment.open_flag_count)).one() == 3
    assert_whole(world.database)
