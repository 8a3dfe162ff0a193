"""Control L3: what nobody needs any more is forgotten in time. The clock stands still until it is moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from api import mail
from api.maintenance import Maintenance
from moderation import outbox, rescreening, sessions
from moderation.db import Base
from moderation.models import OutboxMessage, Revision, Role, ScreeningRecord, SignInSession, VerdictRecord
from moderation.policies import Policy
from tests.integrity import assert_whole
from tests.world import World, json_of

BROWSER = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/128.0"}
CREDENTIALS = {"email": "ada@example.org", "password": "Ahornblatt am Fenster"}


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    made = make_world(
        keep_refused=dt.timedelta(days=20),
        keep_withdrawn=dt.timedelta(days=5),
        keep_held=dt.timedelta(days=10),
        session_idle=dt.timedelta(days=14),
    )
    made.site(policy=Policy(edit_window_s=86_400))
    return made


def tidy(world: World, **later: float) -> None:
    world.clock.move(**later)
    Maintenance(world.services, mail.ConsoleMailer(world.services.settings)).tidy()


def texts(world: World) -> list[str]:
    with world.database.read() as session:
        return list(session.scalars(select(Revision.body).order_by(Revision.id)))


def test_l3_no_table_has_a_place_for_an_address() -> None:
    """Addresses of connections are not stored at all: limits count hashes, sessions name a browser."""
    columns = {f"{table.name}.{column.name}" for table in Base.metadata.tables.values() for column in table.columns}

    assert columns
    assert not {name for name in columns if {"ip", "address", "agent"} & set(name.split(".")[1].split("_"))}


def test_l3_the_browsers_name_goes_with_its_session(world: World) -> None:
    world.call("POST", "/accounts", {**CREDENTIALS, "display_name": "Ada"})
    world.call("POST", "/sessions", CREDENTIALS, headers=BROWSER)

    def devices() -> list[str | None]:
        with world.database.read() as session:
            return list(session.scalars(select(SignInSession.device)))

    tidy(world, days=14, seconds=-1)
    assert devices() == ["Firefox, Windows"]
    tidy(world, seconds=1)
    assert devices() == []


def test_l3_letters_go_a_month_after_they_were_sent(world: World) -> None:
    person = world.person()
    with world.database.write() as session:
        outbox.promise(session, "address_taken", person.account, now=world.clock())
        (letter,) = outbox.claim(session, now=world.clock())
        outbox.finish(session, letter.id, sent=True, now=world.clock())

    def letters() -> int:
        with world.database.read() as session:
            return len(session.scalars(select(OutboxMessage.id)).all())

    tidy(world, days=30, seconds=-1)
    assert letters() == 1
    tidy(world, seconds=1)
    assert letters() == 0


def refused(world: World) -> tuple[dict[str, Any], Any, Any]:
    author, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    comment = world.comment(author, "Du Murrkopf, ruf an: 0170 123.")
    world.review(comment, "reject", moderator, reason_code="insult")
    return comment, author, moderator


def test_l3_a_refused_text_goes_after_its_period_and_the_decision_stays(world: World) -> None:
    comment, author, moderator = refused(world)

    tidy(world, days=20, seconds=-1)
    assert texts(world) == ["Du Murrkopf, ruf an: 0170 123."]
    tidy(world, seconds=1)

    assert texts(world) == [""]
    with world.database.read() as session:
        assert [row.passages for row in session.scalars(select(ScreeningRecord))] == [[]]
        assert [(row.reason, row.passages, row.evidence) for row in session.scalars(select(VerdictRecord))] == [
            ("toxicity", [], {})
        ]
    with world.database.write() as session:  # The people's sessions are over by now.
        for who in (author, moderator):
            who.token = sessions.begin(
                session, who.account, lifetimes=world.services.lifetimes, now=world.clock()
            ).token
    history = json_of(world.call("GET", f"/comments/{comment['id']}/decisions", by=moderator))["items"]
    assert [one["action"] for one in history] == ["hold", "reject"]
    own = json_of(world.call("GET", f"/comments/{comment['id']}", by=author))
    assert (own["status"], own["body"], own["reasons"][0]["code"]) == ("rejected", "", "insult")
    late = world.review(comment, "publish", moderator)
    assert (late.status_code, json_of(late)["code"]) == (409, "not_reviewable")
    assert_whole(world.database)


def test_l3_a_withdrawn_text_goes_sooner(world: World) -> None:
    author = world.person()
    comment = world.comment(author, "Das nehme ich zurück.")
    world.call("DELETE", f"/comments/{comment['id']}", by=author)

    tidy(world, days=5, seconds=-1)
    assert texts(world) == ["Das nehme ich zurück."]
    tidy(world, seconds=1)
    assert texts(world) == [""]


def test_l3_earlier_versions_go_and_what_readers_see_stays(world: World) -> None:
    author = world.person()
    comment = world.comment(author, "Die erste Fassung.")
    world.call("PATCH", f"/comments/{comment['id']}", {"body": "Die zweite Fassung."}, by=author)
    still = world.comment(author, "Ein Beitrag, der bleibt, wie er ist.")
    assert still["status"] == "published"

    tidy(world, days=21)

    assert texts(world) == ["", "Die zweite Fassung.", "Ein Beitrag, der bleibt, wie er ist."]
    assert_whole(world.database)


def test_l3_what_waits_too_long_is_refused_and_forgotten_later(world: World) -> None:
    author = world.person()
    comment = world.comment(author, "Du Murrkopf!")
    since = json_of(world.call("GET", f"/comments/{comment['id']}", by=author))
    assert since["status"] == "held"

    tidy(world, days=10, minutes=-2)
    assert json_of(world.call("GET", f"/comments/{comment['id']}", by=author))["status"] == "held"
    tidy(world, minutes=2)
    own = json_of(world.call("GET", f"/comments/{comment['id']}", by=author))

    assert (own["status"], own["decided_by"]) == ("rejected", "machine")
    assert own["reasons"] == [
        {"code": "expired", "message": "Die Redaktion hat sich den Kommentar nicht rechtzeitig ansehen können."}
    ]
    assert own["body"] == "Du Murrkopf!"
    assert_whole(world.database)
    tidy(world, days=20)
    assert texts(world) == [""]


def test_l3_an_edit_that_waited_too_long_leaves_the_published_version(world: World) -> None:
    author = world.person()
    comment = world.comment(author, "Sachlich und kurz.")
    world.call("PATCH", f"/comments/{comment['id']}", {"body": "Doch ein Murrkopf."}, by=author)

    tidy(world, days=10)
    assert world.thread()["items"][0]["body"] == "Sachlich und kurz."
    tidy(world, days=20)

    assert texts(world) == ["Sachlich und kurz.", ""]
    assert world.thread()["items"][0]["body"] == "Sachlich und kurz."
    assert_whole(world.database)


def test_l3_rescreening_leaves_forgotten_texts_alone(world: World) -> None:
    refused(world)
    tidy(world, days=20)

    with world.database.read() as session:
        assert rescreening.candidates(session, "demo") == []
