"""Controls L: everything about oneself, going, and what is forgotten by itself."""

from __future__ import annotations

import dataclasses
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from api.mail import ConsoleMailer
from api.maintenance import Maintenance
from moderation import accounts, addresses, outbox, passkeys, password_changes, removals, second_factor, sessions, sites
from moderation.db import Base
from moderation.erasure import NOBODY, Fate, erase_account
from moderation.errors import NotFoundError
from moderation.exporting import SECTIONS
from moderation.models import (
    Account,
    OutboxMessage,
    Passkey,
    Role,
    SecondFactor,
    SiteIdentity,
    StaffIdentity,
)
from moderation.passkeys import RelyingParty
from moderation.removals import NewRemoval
from moderation.sanctions import Author
from tests import parallel
from tests.integrity import assert_whole
from tests.postbox import Postbox
from tests.site_tokens import shared_key
from tests.world import ARTICLE, ORIGIN, Person, World, json_of

PASSWORD = "Ahornblatt am Fenster"
ADA = "ada@example.org"
TEXTS = {
    "published": "Mein Name ist Ada, und das sehen alle.",
    "replaced": "Hier stand zuerst Privates.",
    "held": "Du Murrkopf, meine Nummer ist 0170 123.",
    "withdrawn": "Das nehme ich zurück.",
}
NOTE = "Liebe Ada, bitte ohne Nummer."


def ada(world: World) -> Person:
    """A reader with a password."""
    world.call("POST", "/accounts", {"email": ADA, "display_name": "Ada Lovelace", "password": PASSWORD})
    return signed_in(world)


def signed_in(world: World) -> Person:
    answer = world.call("POST", "/sessions", {"email": ADA, "password": PASSWORD})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    with world.database.read() as session:
        account = accounts.demand_by_email(session, ADA)
        return Person(account, accounts.actor_for(session, account), json_of(answer)["token"])


@dataclasses.dataclass
class Life:
    """Somebody of whom every table knows something."""

    who: Person
    published: dict[str, Any]
    edited: dict[str, Any]
    of_another: dict[str, Any]
    reply: dict[str, Any]


def live(world: World) -> Life:
    who, other = ada(world), world.person(name="Bea")
    moderator = world.person(Role.MODERATOR, "demo")
    published = world.comment(who, TEXTS["published"], Idempotency_Key="einmal")
    reply = world.comment(other, "Das sehe ich anders.", parent=published["id"])
    edited = world.comment(who, TEXTS["replaced"])
    assert world.call("PATCH", f"/comments/{edited['id']}", {"body": "Sachlich."}, by=who).status_code == 200
    held = world.comment(who, TEXTS["held"])
    assert held["status"] == "held"
    world.review(held, "reject", moderator, reason_code="personal_data", note=NOTE)
    withdrawn = world.comment(who, TEXTS["withdrawn"])
    world.call("DELETE", f"/comments/{withdrawn['id']}", by=who)
    of_another = world.comment(other, "Ein Beitrag von Bea.")
    world.call("PUT", f"/comments/{of_another['id']}/vote", {"value": 1}, by=who)
    world.call("PUT", f"/comments/{published['id']}/vote", {"value": 1}, by=other)
    flag = {"reason": "spam", "text": "Ich, Ada, halte das für Werbung."}
    assert world.call("POST", f"/comments/{of_another['id']}/flags", flag, by=who).status_code == 201
    warning = world.sanction(who, "warning", note=NOTE)
    assert world.call("PUT", f"/accounts/me/warnings/{warning.id}/acknowledgement", by=who).status_code == 204
    with world.database.write() as session:
        account, site = accounts.get(session, who.account.id), sites.by_key(session, "demo")
        password_changes.issue(session, account, now=world.clock())
        addresses.issue(session, account.id, ADA, now=world.clock())
        password_changes.request_reset(session, ADA.upper(), "de", now=world.clock())
        outbox.promise(session, "address_taken", account, now=world.clock())
        session.add(
            SiteIdentity(
                site_id=site.id, account_id=account.id, issuer="site", subject="ada-17", created_at=world.clock()
            )
        )
        session.add(
            StaffIdentity(
                account_id=account.id,
                issuer="https://login.zeitung.example",
                subject="ada-4711",
                provider_name="Zeitung",
                created_at=world.clock(),
            )
        )
        author = Author(account, site)
        removal = removals.begin(session, author, NewRemoval("reject", "spam"), actor_id=account.id, now=world.clock())
        removal.undone_by_id, removal.state = account.id, "undone"
        session.add(SecondFactor(account_id=account.id, sealed_seed="v1.x", created_at=world.clock()))
        second_factor.renew_codes(session, account.id, now=world.clock())
        session.add(
            Passkey(
                account_id=account.id,
                credential_id="YWRh",
                public_key="x",
                sign_count=7,
                name="Adas Telefon",
                created_at=world.clock(),
            )
        )
        passkeys.ask(session, account.id, RelyingParty("x.example", "https://x.example"), now=world.clock())
        # She has moderated, too, and set a policy.
        accounts.assign_role(session, account, Role.MODERATOR, (site.id,))
        sites.set_policy(
            session, site, sites.policy_of(session, site.id).policy, actor_id=account.id, now=world.clock()
        )
    return Life(who, published, edited, of_another, reply)


def delete(world: World, by: Person, comments: str = "keep", password: str = PASSWORD) -> TestResponse:
    return world.call("DELETE", "/accounts/me", {"password": password, "comments": comments}, by=by)


def referring() -> set[Any]:
    """Every column that says which account a row belongs to."""
    return {
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if any(key.column.table.name == "account" for key in column.foreign_keys)
    }


def everything(world: World) -> str:
    """All that is stored, as text."""
    with world.database.read() as session:
        rows = {
            table.name: [list(row) for row in session.execute(select(table))] for table in Base.metadata.tables.values()
        }
    return json.dumps(rows, default=str, ensure_ascii=False)


def rows_of(world: World, account_id: uuid.UUID) -> dict[str, int]:
    with world.database.read() as session:
        return {str(column): session.scalar(select(func.count()).where(column == account_id)) for column in referring()}


def test_l1_the_export_has_a_section_for_every_column_that_names_an_account() -> None:
    exported = {column.property.columns[0] for column in SECTIONS}

    assert exported == referring()


def test_l1_the_export_has_every_column_of_the_account_but_the_hash_and_the_key(world: World) -> None:
    found = json_of(world.call("GET", "/accounts/me/export", by=world.person()))

    stored = {column.name for column in Account.__table__.columns}
    withheld = {"password_hash": "has_password", "email_key": "email", "home_site_id": "home_site"}
    stored -= {"leaving"}  # Whoever leaves asks no more.
    assert set(found["account"]) == {withheld.get(name, name) for name in stored}


def test_l1_the_export_has_everything_about_oneself(world: World) -> None:
    life = live(world)
    assert all(rows_of(world, life.who.account.id).values()), "a column that names accounts has no row to export"

    answer = world.call("GET", "/accounts/me/export", by=life.who)

    found = json_of(answer)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="vorab.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert {section for section in SECTIONS.values() if not found[section]} == set()
    assert found["account"]["email"] == ADA
    bodies = {revision["body"] for comment in found["comments"] for revision in comment["revisions"]}
    assert set(TEXTS.values()) <= bodies
    (held,) = [comment for comment in found["comments"] if comment["status"] == "rejected"]
    assert [(one["by_machine"], one["action"], one["note"]) for one in held["decisions"]] == [
        (True, "hold", None),
        (False, "reject", NOTE),
    ]
    assert held["screenings"][0]["scores"]["toxicity"] > 0.5
    assert held["screenings"][0]["reasons"] == ["toxicity"]
    assert found["flags"][0]["text"] == "Ich, Ada, halte das für Werbung."
    assert {letter["kind"] for letter in found["letters"]} == {"password_reset", "address_taken", "sanction_warning"}
    assert found["moderated_sites"] == ["demo"]
    assert found["identities"][0]["subject"] == "ada-17"


def test_l1_the_export_has_nothing_of_anybody_else(world: World) -> None:
    life = live(world)

    found = world.call("GET", "/accounts/me/export", by=life.who).get_data(as_text=True)

    with world.database.read() as session:
        others = session.scalars(select(Account).where(Account.id != life.who.account.id)).all()
        own = accounts.get(session, life.who.account.id)
        assert own.password_hash is not None
        assert own.password_hash not in found
    assert len(others) == 2
    for other in others:
        assert str(other.id) not in found
        assert other.email not in found
    assert "Bea" not in found


def test_l1_whoever_bears_an_address_by_a_sites_word_gets_no_letters_of_it(world: World) -> None:
    """A site may vouch for any address; the letters to it are for whoever signs in with it here."""
    owner = ada(world)
    token = shared_key(world).token(sub="fremd", email=ADA)
    answer = world.call("POST", "/sites/demo/sessions", {"token": token}, headers={"Origin": ORIGIN})
    stranger = {"Authorization": f"Bearer {json_of(answer)['token']}"}
    with world.database.write() as session:
        password_changes.request_reset(session, ADA, "de", now=world.clock())

    exported = json_of(world.call("GET", "/accounts/me/export", headers=stranger))
    gone = world.call("DELETE", "/accounts/me", {"comments": "keep"}, headers=stranger)

    assert exported["letters"] == []
    assert exported["account"]["home_site"] == "demo"
    assert exported["account"]["has_password"] is False
    assert gone.status_code == 204
    kept = json_of(world.call("GET", "/accounts/me/export", by=owner))["letters"]
    assert "password_reset" in {letter["kind"] for letter in kept}


@pytest.mark.parametrize("fate", ["keep", "remove"])
def test_l2_nothing_of_the_person_is_left(world: World, fate: str) -> None:
    life = live(world)
    before = rows_of(world, life.who.account.id)
    assert all(before.values()), "a column that names accounts has no row to erase"

    assert delete(world, life.who, fate).status_code == 204

    stored = everything(world)
    for trace in (str(life.who.account.id), life.who.account.id.hex, "ada@", "ADA@", "Lovelace", "ada-17", NOTE):
        assert trace not in stored.replace(farewell(world), ""), trace
    gone = set(TEXTS.values()) - ({TEXTS["published"]} if fate == "keep" else set())
    for text in (*gone, "halte das für Werbung"):
        assert text not in stored
    assert not any(rows_of(world, life.who.account.id).values())
    assert_whole(world.database)


@pytest.mark.parametrize("email", ["Änne@example.org", "groß@example.org"])
def test_l2_a_letter_for_a_new_password_goes_with_the_account_however_its_address_is_spelled(
    world: World, email: str
) -> None:
    # SQLite's lower() leaves "Ä" as it is, and "ß" is compared as "ss".
    world.call("POST", "/accounts", {"email": email, "display_name": "Anne", "password": PASSWORD})
    signed_in = json_of(world.call("POST", "/sessions", {"email": email, "password": PASSWORD}))
    world.call("POST", "/password-resets", {"email": email})
    Postbox(world).empty()

    wish, headers = {"password": PASSWORD, "comments": "keep"}, {"Authorization": f"Bearer {signed_in['token']}"}
    assert world.call("DELETE", "/accounts/me", wish, headers=headers).status_code == 204

    Postbox(world).empty()
    assert "example.org" not in everything(world)


def farewell(world: World) -> str:
    """The last letter as it is stored until it is sent: the only place where the address is left."""
    with world.database.read() as session:
        letter = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "account_deleted")).one()
        row = session.execute(select(OutboxMessage.__table__).where(OutboxMessage.id == letter.id)).one()
    return json.dumps(list(row), default=str, ensure_ascii=False)


def test_l2_the_last_letter_is_forgotten_when_it_is_sent(world: World) -> None:
    person = ada(world)
    delete(world, person)
    assert ADA in everything(world)

    with world.database.write() as session:
        (letter,) = outbox.claim(session, now=world.clock())
        outbox.finish(session, letter.id, sent=True, now=world.clock())

    assert ADA not in everything(world)


def test_l2_kept_comments_stay_where_they_are_without_a_name(world: World) -> None:
    life = live(world)

    delete(world, life.who, "keep")

    thread = world.thread()["items"]
    top = {comment["id"]: comment for comment in thread}
    shown = top[life.published["id"]]
    assert shown["body"] == TEXTS["published"]
    assert shown["author"] == {"id": str(NOBODY), "display_name": "Gelöschtes Konto", "is_staff": False}
    assert [reply["id"] for reply in shown["replies"]] == [life.reply["id"]]
    assert top[life.edited["id"]]["body"] == "Sachlich."
    assert len(thread) == 3


def test_l2_removed_comments_leave_their_place_to_the_replies(world: World) -> None:
    life = live(world)

    delete(world, life.who, "remove")

    thread = world.thread()["items"]
    assert {comment["id"] for comment in thread} == {life.published["id"], life.of_another["id"]}
    (place,) = [comment for comment in thread if comment["id"] == life.published["id"]]
    assert (place["body"], place["author"], place["status"]) == (None, None, "removed")
    assert [reply["body"] for reply in place["replies"]] == ["Das sehe ich anders."]


def test_l2_an_edit_that_waits_is_given_up_and_what_readers_see_stays(world: World) -> None:
    person = ada(world)
    comment = world.comment(person, "Sachlich und kurz.")
    edited = world.call("PATCH", f"/comments/{comment['id']}", {"body": "Doch ein Murrkopf."}, by=person)
    assert json_of(edited)["status"] == "held"

    delete(world, person, "keep")

    (shown,) = world.thread()["items"]
    assert shown["body"] == "Sachlich und kurz."
    assert "Murrkopf" not in everything(world)
    queue = json_of(world.call("GET", "/review-queue", by=world.person(Role.ADMIN)))
    assert queue["counts"]["all"] == 0
    assert_whole(world.database)


def test_l2_votes_are_taken_back_and_a_flag_goes_on_waiting(world: World) -> None:
    life = live(world)
    admin = world.person(Role.ADMIN)

    delete(world, life.who)

    item = world.queue_item(life.of_another["id"], admin)
    assert item["score"] == 0
    assert [(flag["reason"], flag["text"]) for flag in item["flags"]] == [("spam", None)]
    assert item["queued_at"] is not None


def test_l2_moderators_are_told_that_an_account_is_gone_in_their_language(world: World) -> None:
    life = live(world)
    admin = world.person(Role.ADMIN)
    delete(world, life.who)

    shown = [
        json_of(
            world.call("GET", f"/review-queue/{life.published['id']}", by=admin, headers={"Accept-Language": spoken})
        )["author"]["display_name"]
        for spoken in ("de", "en")
    ]

    assert shown == ["Gelöschtes Konto", "Deleted account"]
    reply = world.queue_item(life.reply["id"], admin)
    assert reply["parent"]["author"] == "Gelöschtes Konto"


def test_l2_what_somebody_decided_stays_decided_by_a_person(world: World) -> None:
    moderator = world.person(Role.MODERATOR, "demo")
    held = world.comment(world.person(), "Du Murrkopf!")
    world.review(held, "reject", moderator, reason_code="insult")
    admin = world.person(Role.ADMIN)

    erase_account(world.database, moderator.account.id, Fate.KEEP, now=world.clock())

    history = json_of(world.call("GET", f"/comments/{held['id']}/decisions", by=admin))["items"]
    assert [(one["by_machine"], one["actor"]) for one in history] == [(True, None), (False, "Gelöschtes Konto")]


def test_l2_the_address_is_free_again_and_the_new_account_owns_nothing_of_the_old(world: World) -> None:
    life = live(world)
    delete(world, life.who)

    anew = ada(world)

    assert anew.account.id != life.who.account.id
    found = json_of(world.call("GET", "/accounts/me/export", by=anew))
    assert found["comments"] == found["votes"] == found["flags"] == []
    assert found["account"]["role"] == "reader"


def test_l2_pages_that_were_kept_for_everybody_are_made_anew(world: World) -> None:
    life = live(world)
    assert "Lovelace" in json.dumps(world.thread())
    before = world.call("GET", f"/sites/demo/articles/{ARTICLE}/comments").headers["ETag"]

    delete(world, life.who, "keep")

    after = world.call("GET", f"/sites/demo/articles/{ARTICLE}/comments", headers={"If-None-Match": before})
    assert after.status_code == 200
    assert "Lovelace" not in after.get_data(as_text=True)


def test_l2_another_password_deletes_nothing_and_tries_are_counted(world: World) -> None:
    person = ada(world)

    answers = [delete(world, person, password="geraten") for _ in range(11)]

    assert [answer.status_code for answer in answers] == [403] * 10 + [429]
    assert json_of(answers[0])["code"] == "wrong_password"
    assert world.call("GET", "/accounts/me", by=person).status_code == 200


def test_l2_what_becomes_of_the_comments_must_be_said(world: World) -> None:
    person = ada(world)

    answers = [
        world.call("DELETE", "/accounts/me", {"password": PASSWORD, **more}, by=person)
        for more in ({}, {"comments": "x"})
    ]

    assert [answer.status_code for answer in answers] == [422, 422]


def test_l2_many_comments_go_in_several_steps(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderation.erasure._BATCH", 2)
    person = ada(world)
    for number in range(5):
        world.comment(person, f"Beitrag Nummer {number} von mir.")

    assert delete(world, person, "remove").status_code == 204

    assert world.thread()["items"] == []
    assert_whole(world.database)


def test_l2_what_is_not_done_at_once_is_done_by_maintenance(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Because there is too much, or because the process died."""
    monkeypatch.setattr("moderation.erasure._BATCH", 1)
    monkeypatch.setattr("moderation.erasure._STEPS_AT_ONCE", 2)
    person = ada(world)
    for number in range(4):
        world.comment(person, f"Beitrag Nummer {number} von mir.")

    assert delete(world, person, "remove").status_code == 204

    # The person is gone already, whatever is left of the comments.
    left = world.thread()["items"]
    assert {comment["author"]["display_name"] for comment in left} == {"Gelöschtes Konto"}
    assert len(left) == 2
    assert world.call("POST", "/sessions", {"email": ADA, "password": PASSWORD}).status_code == 401
    anew = ada(world)

    Maintenance(world.services, ConsoleMailer(world.services.settings)).tidy()

    assert world.thread()["items"] == []
    assert not any(rows_of(world, person.account.id).values())
    assert world.call("GET", "/accounts/me", by=anew).status_code == 200
    assert_whole(world.database)


def test_l2_two_people_may_go_and_are_nobody_together(world: World) -> None:
    people = [world.person(), world.person()]
    for number, person in enumerate(people):
        world.comment(person, f"Gedanke Nummer {number}.")
        erase_account(world.database, person.account.id, Fate.KEEP, now=world.clock())

    assert {comment["author"]["id"] for comment in world.thread()["items"]} == {str(NOBODY)}


def test_l2_nobody_cannot_be_deleted(world: World) -> None:
    erase_account(world.database, world.person().account.id, Fate.KEEP, now=world.clock())

    for missing in (NOBODY, uuid.uuid4()):
        with pytest.raises(NotFoundError):
            erase_account(world.database, missing, Fate.KEEP, now=world.clock())


@pytest.mark.parametrize("steps", [0, None], ids=["being deleted", "deleted"])
def test_l2_what_somebody_sends_while_they_are_deleted_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, steps: int | None
) -> None:
    """They have been asked who they are, and a moment later there is nobody to write in the name of."""
    published = world.comment(world.person())["id"]
    authenticate = sessions.authenticate

    def authenticate_and_delete(*given: Any, **named: Any) -> Any:
        found = authenticate(*given, **named)
        if found is not None:
            erase_account(world.database, found.account.id, Fate.KEEP, now=world.clock(), steps=steps)
        return found

    def attempts(person: Person, own: str) -> list[tuple[str, str, Any]]:
        decision = {"action": "reject", "version": 1}
        return [
            ("POST", f"/sites/demo/articles/{ARTICLE}/comments", {"body": "Noch ein Gedanke."}),
            ("PATCH", f"/comments/{own}", {"body": "Doch ein anderer."}),
            ("PUT", f"/comments/{published}/vote", {"value": 1}),
            ("DELETE", f"/comments/{published}/vote", None),
            ("POST", f"/comments/{published}/flags", {"reason": "spam"}),
            ("PUT", f"/review-queue/{published}/decision", decision),
        ]

    for at in range(6):
        person = world.person(Role.MODERATOR, "demo")
        method, path, body = attempts(person, world.comment(person, f"Gedanke {at}.")["id"])[at]
        with monkeypatch.context() as patched:
            patched.setattr(sessions, "authenticate", authenticate_and_delete)
            answer = world.call(method, path, body, by=person, headers={"Origin": ORIGIN})
        assert (answer.status_code, json_of(answer)["code"]) == (401, "not_signed_in"), path
    assert_whole(world.database)


def test_l2_posting_and_leaving_at_the_same_moment_gives_no_error(world: World) -> None:
    people = [ada(world)] + [world.person() for _ in range(3)]

    answers = parallel.at_once(
        [
            lambda person=person, number=number: (
                world.post(person, f"Nr. {number} von {person.account.id}.").status_code
            )
            for number, person in enumerate(people * 2)
        ]
        + [
            lambda person=person: erase_account(world.database, person.account.id, Fate.REMOVE, now=world.clock())
            for person in people
        ]
    )

    assert set(answers) <= {201, 401, 404, None}
    assert_whole(world.database)


def test_l2_a_text_that_is_being_screened_is_gone_when_the_screening_ends(world: World) -> None:
    """The outcome comes too late to bring anything back."""
    person = world.person()
    world.classifier.gate = Event()

    with ThreadPoolExecutor(1) as pool:
        posting = pool.submit(world.post, person, "Ein Gedanke, der gerade geprüft wird.")
        assert world.classifier.entered.wait(10)
        erase_account(world.database, person.account.id, Fate.KEEP, now=world.clock())
        world.classifier.gate.set()
        answer = posting.result()

    assert answer.status_code < 500
    assert world.thread()["items"] == []
    assert "gerade geprüft" not in everything(world)
    assert_whole(world.database)
