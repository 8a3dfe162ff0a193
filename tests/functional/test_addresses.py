"""Addresses: confirmed before the first comment is published."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select

from api.maintenance import Maintenance
from moderation import accounts, addresses
from moderation.models import Account, AddressConfirmation, Comment, OutboxMessage, Role
from tests.fakes import FakeClassifier
from tests.integrity import assert_whole
from tests.postbox import Postbox, html, plain, token_in
from tests.sentences import CALM, sentence
from tests.world import Person, World, json_of

PASSWORD = "Ahornblatt am Fenster"
ADA = "ada@example.org"


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    made = make_world(verify_addresses=True)
    made.site(policy=CALM)
    return made


@pytest.fixture
def postbox(world: World) -> Postbox:
    return Postbox(world)


def join(world: World, email: str = ADA, language: str = "de") -> Person:
    wish = {"email": email, "display_name": "Ada", "password": PASSWORD}
    assert world.call("POST", "/accounts", wish, headers={"Accept-Language": language}).status_code == 201
    with world.database.read() as session:
        account = accounts.demand_by_email(session, email)
        actor = accounts.actor_for(session, account)
    answer = world.call("POST", "/sessions", {"email": email, "password": PASSWORD})
    return Person(account, actor, json_of(answer)["token"])


def confirm(world: World, token: str) -> Any:
    return world.call("POST", "/address-confirmations", {"token": token})


def resend(world: World, by: Person) -> Any:
    return world.call("POST", "/accounts/me/address-confirmation", by=by)


def own(world: World, by: Person, comment: dict[str, Any]) -> dict[str, Any]:
    return json_of(world.call("GET", f"/comments/{comment['id']}", by=by))


def settle(world: World, by: Person, comment: dict[str, Any]) -> dict[str, Any]:
    """The comment once it was screened again, by the server itself or by a sweep of it."""
    Maintenance(world.services, Postbox(world)).sweep()
    ends_at = time.monotonic() + 20
    while (found := own(world, by, comment))["status"] == "screening" and time.monotonic() < ends_at:
        time.sleep(0.01)
    return found


def reasons(comment: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in comment["reasons"]]


def test_a_comment_waits_until_its_author_has_opened_the_letters_link(world: World, postbox: Postbox) -> None:
    ada = join(world)
    written = world.comment(ada, sentence(0))
    assert (written["status"], reasons(written)) == ("held", ["address_unconfirmed"])
    assert "Öffne den Link" in written["explanation"]
    assert written["reasons"][0]["message"] == "Deine E-Mail-Adresse ist noch nicht bestätigt."
    assert json_of(world.call("GET", "/sites/demo/standing", by=ada))["confirm_address"]
    assert world.thread()["items"] == []

    answer = confirm(world, token_in(postbox.empty()[0]))

    assert answer.status_code == 204
    assert settle(world, ada, written)["status"] == "published"
    assert [item["id"] for item in world.thread()["items"]] == [written["id"]]
    assert not json_of(world.call("GET", "/sites/demo/standing", by=ada))["confirm_address"]
    assert world.comment(ada, sentence(1))["status"] == "published"
    assert_whole(world.database)


def test_confirming_publishes_nothing_that_the_policy_would_not(world: World, postbox: Postbox) -> None:
    ada = join(world)
    doubtful = world.comment(ada, "Du Murrkopf, das ist doch nicht wahr!")
    assert set(reasons(doubtful)) == {"address_unconfirmed", "toxicity"}

    confirm(world, token_in(postbox.empty()[0]))

    settled = settle(world, ada, doubtful)
    assert (settled["status"], reasons(settled)) == ("held", ["toxicity"])
    assert world.queue_item(doubtful["id"], world.person(Role.ADMIN))["queued_at"] is not None


def test_no_moderator_is_asked_before(world: World) -> None:
    moderator = world.person(Role.MODERATOR, "demo")
    written = world.comment(join(world), sentence(0))

    queue = json_of(world.call("GET", "/review-queue", by=moderator))

    assert (queue["items"], queue["counts"]["held"]) == ([], 0)
    assert_whole(world.database)
    seen = world.queue_item(written["id"], moderator)
    assert (seen["status"], seen["queued_at"]) == ("held", None)
    # Who looks all the same may decide.
    assert world.review(written, "publish", moderator).status_code == 200
    assert len(world.thread()["items"]) == 1


@pytest.mark.parametrize("action", ["publish", "reject"])
def test_what_a_moderator_takes_back_waits_for_its_author_again(world: World, postbox: Postbox, action: str) -> None:
    moderator, ada = world.person(Role.MODERATOR, "demo"), join(world)
    written = world.comment(ada, sentence(0))
    decided = world.review(written, action, moderator, reason_code="other")

    assert taken_back(world, json_of(decided), moderator)

    queue = json_of(world.call("GET", "/review-queue", by=moderator))
    assert (queue["items"], queue["counts"]["held"]) == ([], 0)
    assert reasons(own(world, ada, written)) == ["address_unconfirmed"]
    confirm(world, token_in(postbox.empty()[0]))
    assert settle(world, ada, written)["status"] == "published"
    assert_whole(world.database)


def test_what_a_removal_gives_back_waits_for_its_author_again(world: World, postbox: Postbox) -> None:
    moderator, ada = world.person(Role.MODERATOR, "demo"), join(world)
    written = world.comment(ada, sentence(0))
    path = f"/sites/demo/authors/{ada.account.id}/removals"
    removal = json_of(world.call("POST", path, {"action": "reject", "reason_code": "spam"}, by=moderator))
    assert own(world, ada, written)["status"] == "rejected"

    assert json_of(world.call("DELETE", f"{path}/{removal['id']}", by=moderator))["state"] == "undone"

    assert json_of(world.call("GET", "/review-queue", by=moderator))["counts"]["held"] == 0
    confirm(world, token_in(postbox.empty()[0]))
    assert settle(world, ada, written)["status"] == "published"


def test_what_is_taken_back_after_the_confirmation_waits_for_a_moderator(world: World, postbox: Postbox) -> None:
    moderator, ada = world.person(Role.MODERATOR, "demo"), join(world)
    written = world.comment(ada, sentence(0))
    decided = world.review(written, "reject", moderator, reason_code="other")
    confirm(world, token_in(postbox.empty()[0]))

    assert taken_back(world, json_of(decided), moderator)

    assert world.queue_item(written["id"], moderator)["queued_at"] is not None


def taken_back(world: World, decided: dict[str, Any], by: Person) -> bool:
    path = f"/review-queue/{decided['comment_id']}/decision"
    return world.call("DELETE", path, by=by, query_string={"version": decided["version"]}).status_code == 200


def test_an_edit_waits_too_and_is_what_is_screened_in_the_end(world: World, postbox: Postbox) -> None:
    ada = join(world)
    written = world.comment(ada, sentence(0))
    edited = world.call("PATCH", f"/comments/{written['id']}", {"body": sentence(1)}, by=ada)
    assert (json_of(edited)["status"], reasons(json_of(edited))) == ("held", ["address_unconfirmed"])

    confirm(world, token_in(postbox.empty()[0]))

    settled = settle(world, ada, written)
    assert (settled["status"], settled["body"]) == ("published", sentence(1))


def test_what_was_withdrawn_meanwhile_stays_withdrawn(world: World, postbox: Postbox) -> None:
    ada = join(world)
    written = world.comment(ada, sentence(0))
    world.call("DELETE", f"/comments/{written['id']}", by=ada)

    assert confirm(world, token_in(postbox.empty()[0])).status_code == 204

    Maintenance(world.services, postbox).sweep()
    world.services.runner.close()
    with world.database.read() as session:
        assert session.scalars(select(Comment.status)).all() == ["withdrawn"]


def test_a_screening_that_ends_after_the_confirmation_does_not_hold_for_it(
    world: World, postbox: Postbox, classifier: FakeClassifier
) -> None:
    ada = join(world)
    token = token_in(postbox.empty()[0])

    classifier.gate = Event()
    with ThreadPoolExecutor(1) as pool:
        posting = pool.submit(world.post, ada, sentence(0))
        assert classifier.entered.wait(timeout=20)
        assert confirm(world, token).status_code == 204
        classifier.gate.set()
        written = json_of(posting.result())

    assert written["status"] == "screening"
    assert settle(world, ada, written)["status"] == "published"


def test_the_preview_says_that_it_would_wait(world: World) -> None:
    ada = join(world)
    wish = {"body": sentence(0)}
    headers = {"Origin": "https://zeitung.example"}

    answer = world.call("POST", "/sites/demo/articles/a/comments/preview", wish, by=ada, headers=headers)

    assert (json_of(answer)["outcome"], reasons(json_of(answer))) == ("hold", ["address_unconfirmed"])


@pytest.mark.parametrize(
    ("language", "subject", "button"),
    [
        ("de", "Bitte bestätige deine Adresse bei 127.0.0.1", "Adresse bestätigen"),
        ("en", "Please confirm your address at 127.0.0.1", "Confirm address"),
    ],
)
def test_the_letter_is_in_the_readers_language_as_text_and_as_page(
    world: World, postbox: Postbox, language: str, subject: str, button: str
) -> None:
    join(world, language=language)

    (letter,) = postbox.empty()

    link = f"http://127.0.0.1:8000/account/address?lang={language}#{token_in(letter)}"
    assert (letter["To"], letter["Subject"]) == (ADA, subject)
    assert link in plain(letter)
    assert f'href="{link}"' in html(letter)
    assert button in html(letter)


def test_the_token_has_256_random_bits_is_stored_as_a_hash_and_works_once(world: World, postbox: Postbox) -> None:
    join(world)
    token = token_in(postbox.empty()[0])
    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    with world.database.read() as session:
        row = session.scalars(select(AddressConfirmation)).one()
        stored = repr([vars(row), *[vars(letter) for letter in session.scalars(select(OutboxMessage))]])
    assert row.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert token not in stored

    assert confirm(world, token).status_code == 204

    again, garbage = json_of(confirm(world, token)), json_of(confirm(world, "x"))
    assert {**again, "request_id": ""} == {**garbage, "request_id": ""}
    assert (again["status"], again["code"]) == (400, "invalid_token")


def test_the_link_is_good_for_three_days(world: World, postbox: Postbox) -> None:
    join(world)
    token = token_in(postbox.empty()[0])

    world.clock.move(days=3)
    assert confirm(world, token).status_code == 400
    world.clock.move(seconds=-1)
    assert confirm(world, token).status_code == 204


def test_another_letter_replaces_the_first(world: World, postbox: Postbox) -> None:
    ada = join(world)
    first = token_in(postbox.empty()[0])

    answer = resend(world, ada)
    assert (answer.status_code, json_of(answer)) == (202, {"email": ADA})
    (letter,) = postbox.empty()

    assert confirm(world, first).status_code == 400
    assert confirm(world, token_in(letter)).status_code == 204
    assert json_of(resend(world, ada))["code"] == "already_confirmed"
    assert postbox.empty() == []


def test_a_letter_that_was_not_sent_yet_is_not_sent_twice(world: World, postbox: Postbox) -> None:
    ada = join(world)
    resend(world, ada)
    resend(world, ada)

    assert len(postbox.empty()) == 1


def test_h4_so_many_letters_an_hour_and_no_more(make_world: Callable[..., World]) -> None:
    world = make_world(verify_addresses=True, mails_per_account=2)
    world.site()
    ada = join(world)

    statuses = [resend(world, ada).status_code for _ in range(3)]

    assert statuses == [202, 202, 429]
    with world.database.read() as session:
        assert len(session.scalars(select(OutboxMessage)).all()) == 1


def test_a_new_password_by_letter_shows_the_same(world: World, postbox: Postbox) -> None:
    ada = join(world)
    written = world.comment(ada, sentence(0))
    postbox.empty()
    world.call("POST", "/password-resets", {"email": ADA})
    wish = {"token": token_in(postbox.empty()[0]), "password": "Birkenrinde im Regen"}

    assert world.call("POST", "/password-resets/completions", wish).status_code == 204

    again = world.signed_in_again(ada)
    assert settle(world, again, written)["status"] == "published"


def test_who_never_confirms_is_told_so_and_the_text_goes_in_the_end(make_world: Callable[..., World]) -> None:
    """Where such an account may wait for longer than its comments."""
    world = make_world(verify_addresses=True, keep_unconfirmed=dt.timedelta(days=365))
    world.site(policy=CALM)
    ada = join(world)
    written = world.comment(ada, sentence(0))
    maintenance = Maintenance(world.services, Postbox(world))

    world.clock.move(days=89)
    maintenance.tidy()
    again = world.signed_in_again(ada)
    assert own(world, again, written)["status"] == "held"
    world.clock.move(days=2)
    maintenance.tidy()

    refused = own(world, again, written)
    assert (refused["status"], reasons(refused)) == ("rejected", ["address_never_confirmed"])
    with world.database.read() as session:
        assert session.scalars(select(AddressConfirmation)).all() == []


def test_a_letter_that_nobody_needs_any_more_is_not_sent(world: World, postbox: Postbox) -> None:
    ada = join(world)
    with world.database.write() as session:
        addresses.prove(session, ada.account.id, now=world.clock())

    assert postbox.empty() == []


def test_where_it_is_off_nobody_waits_and_nobody_is_written_to(make_world: Callable[..., World]) -> None:
    world = make_world(verify_addresses=False)
    world.site(policy=CALM)
    ada = join(world)

    assert world.comment(ada, sentence(0))["status"] == "published"
    assert Postbox(world).empty() == []


def test_staff_and_whom_a_site_vouches_for_confirm_nothing(world: World) -> None:
    world.person(Role.MODERATOR, "demo")

    with world.database.read() as session:
        assert not any(account.unconfirmed for account in session.scalars(select(Account)))


def test_who_had_an_account_before_is_taken_at_their_word(world: World) -> None:
    """The setting is for those who register from now on."""
    reader = world.person()

    assert world.comment(reader, sentence(0))["status"] == "published"
    assert reader.account.created_at < world.clock() + dt.timedelta(days=1)
