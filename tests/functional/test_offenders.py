"""Authors whose comments moderators refused again and again are pre-moderated by the site's policy."""

from __future__ import annotations

import dataclasses

import pytest

from moderation.models import Role
from moderation.policies import Policy
from tests.sentences import CALM, sentence
from tests.world import Person, World, json_of

STRICT = dataclasses.replace(CALM, offender_refusals=3)


@pytest.fixture
def world(world: World) -> World:
    world.set_policy(STRICT)
    return world


@pytest.fixture
def moderator(world: World) -> Person:
    return world.person(Role.MODERATOR, "demo")


def refuse(world: World, author: Person, moderator: Person, *numbers: int) -> None:
    for number in numbers:
        comment = world.comment(author, sentence(number))
        assert world.review(comment, "reject", moderator, reason_code="insult").status_code == 200


def test_three_refusals_and_the_next_comment_waits(world: World, moderator: Person) -> None:
    author = world.person()
    refuse(world, author, moderator, 0, 1)
    assert world.comment(author, sentence(2))["status"] == "published"
    refuse(world, author, moderator, 3)

    waiting = world.comment(author, sentence(4))

    assert (waiting["status"], [reason["code"] for reason in waiting["reasons"]]) == (
        "held",
        ["author_often_refused"],
    )
    (verdict,) = world.queue_item(waiting["id"], moderator)["verdicts"]
    assert verdict["evidence"] == {"refused": 3, "judged": 4, "days": 30}
    assert world.comment(world.person(), sentence(5))["status"] == "published", "nobody else is held for it"


def test_who_is_mostly_published_is_no_offender(world: World, moderator: Person) -> None:
    author = world.person()
    for number in range(4):
        world.comment(author, sentence(number))

    refuse(world, author, moderator, 4, 5, 6)

    assert world.comment(author, sentence(7))["status"] == "published"


def test_half_is_enough(world: World, moderator: Person) -> None:
    author = world.person()
    for number in range(3):
        world.comment(author, sentence(number))

    refuse(world, author, moderator, 3, 4, 5)

    assert world.comment(author, sentence(6))["status"] == "held"


def test_it_is_over_when_the_refusals_are_long_ago(world: World, moderator: Person) -> None:
    author = world.person()
    refuse(world, author, moderator, 0, 1, 2)

    world.clock.move(days=29)
    assert world.comment(world.signed_in_again(author), sentence(3))["status"] == "held"
    world.clock.move(days=1)
    assert world.comment(world.signed_in_again(author), sentence(4))["status"] == "published"


def test_a_site_can_do_without(world: World, moderator: Person) -> None:
    author = world.person()
    world.set_policy(CALM)

    refuse(world, author, moderator, 0, 1, 2, 3)

    assert world.comment(author, sentence(4))["status"] == "published"


def test_withdrawing_a_refused_comment_does_not_help(world: World, moderator: Person) -> None:
    author = world.person()
    for number in range(3):
        comment = world.comment(author, sentence(number))
        world.review(comment, "reject", moderator)
        assert world.call("DELETE", f"/comments/{comment['id']}", by=author).status_code == 204

    assert world.comment(author, sentence(3))["status"] == "held"


def test_what_a_moderator_took_back_or_changed_their_mind_about_does_not_count(world: World, moderator: Person) -> None:
    author = world.person()
    refuse(world, author, moderator, 0)
    undone, changed = world.comment(author, sentence(1)), world.comment(author, sentence(2))
    version = json_of(world.review(undone, "reject", moderator))["version"]
    path = f"/review-queue/{undone['id']}/decision"
    assert world.call("DELETE", path, by=moderator, query_string={"version": version}).status_code == 200
    world.review(changed, "reject", moderator)
    world.review(changed, "publish", moderator)

    assert world.comment(author, sentence(3))["status"] == "published"


def test_what_only_the_machine_refused_does_not_count(world: World) -> None:
    world.set_policy(dataclasses.replace(STRICT, min_length=200))
    author = world.person()
    for number in range(4):
        assert world.comment(author, sentence(number))["decided_by"] == "machine"
    world.set_policy(STRICT)

    assert world.comment(author, sentence(5))["status"] == "published"


def test_refusals_on_another_site_do_not_count(world: World, moderator: Person) -> None:
    world.site("zweite", policy=STRICT)
    author = world.person()
    refuse(world, author, moderator, 0, 1, 2)

    assert json_of(world.post(author, sentence(3), site="zweite"))["status"] == "published"


def test_the_preview_says_so(world: World, moderator: Person) -> None:
    author = world.person()
    refuse(world, author, moderator, 0, 1, 2)

    path = "/sites/demo/articles/artikel-1/comments/preview"
    found = json_of(world.call("POST", path, {"body": sentence(3)}, by=author))

    assert (found["outcome"], found["reasons"][0]["code"]) == ("hold", "author_often_refused")


def test_a_new_site_has_it_on() -> None:
    policy = Policy()

    assert (policy.offender_refusals, policy.offender_percent, policy.offender_days) == (3, 50, 30)
