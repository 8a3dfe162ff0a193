"""Comments of a site's staff are marked, so that nobody passes for a moderator by taking their name."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from moderation import accounts, sites
from moderation.accounts import NOBODY
from moderation.erasure import Fate, erase_account
from moderation.models import Comment, Role
from tests.sentences import CALM, insult, sentence
from tests.world import ARTICLE, Person, World, json_of


@pytest.fixture
def world(world: World) -> World:
    world.set_policy(CALM)
    world.site("andere")
    return world


def assign_role(world: World, person: Person, role: Role, *site_keys: str) -> None:
    with world.database.write() as session:
        site_ids = [sites.by_key(session, key).id for key in site_keys]
        accounts.assign_role(session, accounts.get(session, person.account.id), role, site_ids)


def is_staff(world: World, comment: dict[str, Any]) -> bool:
    return bool(json_of(world.call("GET", f"/comments/{comment['id']}"))["author"]["is_staff"])


@pytest.mark.parametrize(
    ("role", "site_keys", "expected"),
    [
        (Role.READER, (), False),
        (Role.MODERATOR, ("demo",), True),
        (Role.MODERATOR, ("andere",), False),
        (Role.MODERATOR, ("andere", "demo"), True),
        (Role.ADMIN, (), True),
    ],
)
def test_comments_of_the_sites_staff_are_marked(
    world: World, role: Role, site_keys: tuple[str, ...], *, expected: bool
) -> None:
    author, reader = world.person(role, *site_keys), world.person()
    first = world.comment(author, sentence(1))
    reply = world.comment(author, sentence(2), parent=first["id"])

    (shown,) = world.thread()["items"]
    answers = [
        first,
        reply,
        shown,
        *shown["replies"],
        *world.thread(by=author, flat="true")["items"],
        *world.thread(by=reader, flat="true")["items"],
        *json_of(world.call("GET", f"/comments/{first['id']}/replies"))["items"],
        *json_of(world.call("GET", "/accounts/me/comments", by=author))["items"],
        json_of(world.call("GET", f"/comments/{reply['id']}", by=author)),
    ]

    assert len(answers) == 12
    assert {answer["author"]["is_staff"] for answer in answers} == {expected}


def test_a_moderators_name_is_not_enough(world: World) -> None:
    moderator, reader = world.person(Role.MODERATOR, "demo", name="Erika"), world.person(name="Erika")
    world.comment(moderator, sentence(1))
    world.comment(reader, sentence(2))

    shown = [comment["author"] for comment in world.thread()["items"]]

    assert [(author["display_name"], author["is_staff"]) for author in shown] == [("Erika", True), ("Erika", False)]


def test_another_role_changes_nothing_about_what_was_written_before(world: World) -> None:
    moderator, reader = world.person(Role.MODERATOR, "demo"), world.person()
    as_moderator, as_reader = world.comment(moderator, sentence(1)), world.comment(reader, sentence(2))

    assign_role(world, moderator, Role.READER)
    assign_role(world, reader, Role.MODERATOR, "demo")

    assert (is_staff(world, as_moderator), is_staff(world, as_reader)) == (True, False)
    assert not is_staff(world, world.comment(moderator, sentence(3)))
    assert is_staff(world, world.comment(reader, sentence(4)))


def test_an_edit_changes_nothing_about_it(world: World) -> None:
    moderator, reader = world.person(Role.MODERATOR, "demo"), world.person()
    as_moderator, as_reader = world.comment(moderator, sentence(1)), world.comment(reader, sentence(2))
    assign_role(world, moderator, Role.READER)
    assign_role(world, reader, Role.MODERATOR, "demo")

    for comment, by in ((as_moderator, moderator), (as_reader, reader)):
        answer = world.call("PATCH", f"/comments/{comment['id']}", {"body": sentence(5)}, by=by)
        assert answer.status_code == 200
        world.clock.move(minutes=1)

    assert (is_staff(world, as_moderator), is_staff(world, as_reader)) == (True, False)


def test_who_lacks_the_sites_second_factor_does_not_write_as_its_staff(world: World) -> None:
    """A stolen password alone does not speak for the site."""
    with world.database.write() as session:
        sites.set_sign_in(sites.by_key(session, "demo"), staff_second_factor=True)

    assert not is_staff(world, world.comment(world.person(Role.MODERATOR, "demo"), sentence(1)))


@pytest.mark.parametrize("fate", Fate)
def test_nothing_of_it_is_left_of_an_account_that_was_deleted(world: World, fate: Fate) -> None:
    moderator = world.person(Role.MODERATOR, "demo")
    comment = world.comment(moderator, sentence(1))
    world.comment(world.person(), sentence(2), parent=comment["id"])
    assert world.thread()["items"][0]["author"]["is_staff"]

    erase_account(world.database, moderator.account.id, fate, now=world.clock())

    (shown,) = world.thread()["items"]
    gone = {"id": str(NOBODY), "display_name": "Gelöschtes Konto", "is_staff": False}
    assert shown["author"] == (gone if fate is Fate.KEEP else None)
    with world.database.read() as session:
        assert session.execute(select(Comment.author_id, Comment.by_staff).order_by(Comment.id)).first() == (
            NOBODY,
            False,
        )


def test_who_leaves_is_no_longer_marked_while_their_comments_are_being_settled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.erasure._BATCH", 1)
    moderator, admin = world.person(Role.MODERATOR, "demo"), world.person(Role.ADMIN)
    left = [world.comment(moderator, sentence(number)) for number in range(2)]

    erase_account(world.database, moderator.account.id, Fate.REMOVE, now=world.clock(), steps=1)

    (shown,) = world.thread()["items"]
    assert shown["id"] == left[1]["id"]
    assert (shown["author"]["display_name"], shown["author"]["is_staff"]) == ("Gelöschtes Konto", False)
    author = world.queue_item(shown["id"], admin)["author"]
    assert (author["display_name"], author["is_staff"]) == ("Gelöschtes Konto", False)


def test_a_place_without_an_author_does_not_tell_who_wrote_there(world: World) -> None:
    moderator = world.person(Role.MODERATOR, "demo")
    comment = world.comment(moderator, sentence(1))
    world.comment(world.person(), sentence(2), parent=comment["id"])

    world.call("DELETE", f"/comments/{comment['id']}", by=moderator)

    (shown,) = world.thread()["items"]
    assert (shown["status"], shown["author"]) == ("removed", None)


def test_the_review_queue_tells_it_of_each_comment(world: World) -> None:
    person, admin = world.person(), world.person(Role.ADMIN)
    as_reader = world.comment(person, insult(1))
    assign_role(world, person, Role.MODERATOR, "demo")
    as_moderator = world.comment(person, insult(2))

    page = json_of(world.call("GET", "/review-queue", by=admin, query_string={"sort": "oldest"}))

    found = [(item["id"], item["author"]["is_staff"]) for item in page["items"]]
    assert found == [(as_reader["id"], False), (as_moderator["id"], True)]


def test_the_export_of_an_account_tells_it_of_each_comment(world: World) -> None:
    person = world.person()
    world.comment(person, sentence(1))
    assign_role(world, person, Role.MODERATOR, "demo")
    world.comment(person, sentence(2))

    exported = json_of(world.call("GET", "/accounts/me/export", by=person))

    assert [comment["by_staff"] for comment in exported["comments"]] == [False, True]


@pytest.mark.parametrize(("language", "word"), [("de", "Moderation"), ("en", "Moderator")])
def test_the_comments_as_plain_html_say_it_in_words(world: World, language: str, word: str) -> None:
    world.comment(world.person(Role.MODERATOR, "demo", name="Erika"), sentence(1))
    world.comment(world.person(name="Ada"), sentence(2))

    path = f"/embed/sites/demo/articles/{ARTICLE}/fragment.html?lang={language}"
    page = world.call("GET", path).get_data(as_text=True)

    assert f">Erika</bdi></b> ({word}), <time" in page
    assert ">Ada</bdi></b>, <time" in page
