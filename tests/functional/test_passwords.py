"""Other passwords, by letter or with the old one, and the letters (controls A6, B2, B4 to B8, C4, C9, I4)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import email
import email.policy
import hashlib
import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from api import mail
from api.letters import send_due
from api.mail import compose
from moderation import accounts
from moderation.models import OutboxMessage, PasswordReset, Role
from moderation.passwords import Hasher
from tests.postbox import Postbox, plain, token_in
from tests.servers import free_port
from tests.site_tokens import shared_key
from tests.world import ORIGIN, Person, World, json_of, some_id

PASSWORD = "Ahornblatt am Fenster"
OTHER = "Birkenrinde im Regen"
ADA = "ada@example.org"
FAMILIAR = re.compile(r"\b(du|dich|dir|dein\w*)\b", re.IGNORECASE)
FORMAL = re.compile(r"\b(Sie|Ihnen|Ihre?[nmrs]?)\b")


@pytest.fixture
def postbox(world: World) -> Postbox:
    world.call("POST", "/accounts", {"email": ADA, "display_name": "Ada", "password": PASSWORD})
    box = Postbox(world)
    box.empty()
    return box


def ask(world: World, address: str = ADA, **headers: str) -> Any:
    return world.call("POST", "/password-resets", {"email": address}, headers=headers)


def token(world: World, postbox: Postbox) -> str:
    ask(world)
    return token_in(postbox.empty()[0])


def complete(world: World, given: str, password: str = OTHER) -> Any:
    return world.call("POST", "/password-resets/completions", {"token": given, "password": password})


def sign_in(world: World, password: str) -> Any:
    return world.call("POST", "/sessions", {"email": ADA, "password": password})


def bearer(answer: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {json_of(answer)['token']}"}


def whoami(world: World, headers: dict[str, str]) -> int:
    return world.call("GET", "/accounts/me", headers=headers).status_code


def test_b2_a_known_and_an_unknown_address_are_answered_alike(world: World, postbox: Postbox) -> None:
    known, unknown = ask(world), ask(world, "nobody@example.org")

    assert known.status_code == unknown.status_code == 202
    assert known.get_data(as_text=True) == unknown.get_data(as_text=True).replace("nobody@", "ada@")
    assert {n: v for n, v in known.headers if n not in ("X-Request-Id", "Content-Length")} == {
        n: v for n, v in unknown.headers if n not in ("X-Request-Id", "Content-Length")
    }
    with world.database.read() as session:
        rows = session.scalars(select(OutboxMessage).where(OutboxMessage.sent_at.is_(None))).all()
        # The same work for both: one row each, and no look at the accounts.
        assert sorted((row.kind, row.context == {}) for row in rows) == [("password_reset", True)] * 2
    assert [letter["To"] for letter in postbox.empty()] == [ADA]
    assert postbox.empty() == []


def test_b4_a_token_has_256_bits_is_stored_as_a_hash_only_and_works_once(world: World, postbox: Postbox) -> None:
    given = token(world, postbox)

    assert len(given) == 43
    with world.database.read() as session:
        stored = session.scalars(select(PasswordReset)).one()
        assert stored.token_hash == hashlib.sha256(given.encode()).hexdigest()
        assert given not in repr([row.context for row in session.scalars(select(OutboxMessage))])
    assert complete(world, given).status_code == 204
    assert sign_in(world, OTHER).status_code == 201
    assert sign_in(world, PASSWORD).status_code == 401

    again, garbage = complete(world, given), complete(world, "garbage")

    assert again.status_code == garbage.status_code == 400
    assert {**json_of(again), "request_id": ""} == {**json_of(garbage), "request_id": ""}
    assert json_of(again)["code"] == "invalid_token"


def test_b4_a_token_works_for_an_hour(world: World, postbox: Postbox) -> None:
    given = token(world, postbox)

    world.clock.move(hours=1)

    assert complete(world, given).status_code == 400


def test_b4_an_unacceptable_password_uses_no_token_up(world: World, postbox: Postbox) -> None:
    given = token(world, postbox)

    refused = complete(world, given, "password1")

    assert (refused.status_code, list(json_of(refused)["errors"])) == (422, ["password"])
    assert complete(world, given).status_code == 204


def test_b5_a_newer_token_replaces_the_older(world: World, postbox: Postbox) -> None:
    older, newer = token(world, postbox), token(world, postbox)

    assert complete(world, older).status_code == 400
    assert complete(world, newer).status_code == 204


def test_b5_a_reset_ends_all_sessions_and_signs_nobody_in(world: World, postbox: Postbox) -> None:
    headers = bearer(sign_in(world, PASSWORD))

    answer = complete(world, token(world, postbox))

    assert answer.get_data() == b""
    assert "Set-Cookie" not in answer.headers
    assert whoami(world, headers) == 401


def test_b6_a_forged_host_never_reaches_a_letter(world: World, postbox: Postbox) -> None:
    ask(world, Host="evil.test", **{"X-Forwarded-Host": "evil.test"})

    letter = postbox.empty()[0]

    assert "evil.test" not in letter.as_string()
    assert f"{world.services.settings.base_url}/account/password?lang=de#" in plain(letter)


def test_b7_the_sixth_request_is_refused_alike_for_a_known_and_an_unknown_address(
    world: World, postbox: Postbox
) -> None:
    answers = {address: [ask(world, address) for _ in range(6)] for address in (ADA, "nobody@example.org")}

    for given in answers.values():
        assert [answer.status_code for answer in given] == [202] * 5 + [429]
    last = [{**json_of(given[-1]), "request_id": ""} for given in answers.values()]
    assert last[0] == last[1]
    assert {given[-1].headers["Retry-After"] for given in answers.values()} == {"3600"}
    assert len(postbox.empty()) == 5


def change(world: World, headers: dict[str, str], current: str, password: str = OTHER) -> Any:
    wish = {"current_password": current, "password": password}
    return world.call("PUT", "/accounts/me/password", wish, headers=headers)


def test_a6_without_the_current_password_nothing_is_changed(world: World, postbox: Postbox) -> None:
    headers = bearer(sign_in(world, PASSWORD))

    refused = change(world, headers, "falsch falsch")

    assert (refused.status_code, json_of(refused)["code"]) == (403, "wrong_password")
    assert sign_in(world, PASSWORD).status_code == 201
    assert postbox.empty() == []


def test_h1_guessing_the_current_password_is_limited(world: World, postbox: Postbox) -> None:
    headers = bearer(sign_in(world, PASSWORD))

    statuses = [change(world, headers, "falsch falsch").status_code for _ in range(11)]

    assert statuses == [403] * 10 + [429]


def test_c4_a_change_ends_all_other_sessions_at_their_next_request(world: World, postbox: Postbox) -> None:
    headers, other = bearer(sign_in(world, PASSWORD)), bearer(sign_in(world, PASSWORD))
    given = token(world, postbox)

    assert change(world, headers, PASSWORD).status_code == 204

    assert (whoami(world, headers), whoami(world, other)) == (200, 401)
    assert sign_in(world, OTHER).status_code == 201
    assert complete(world, given).status_code == 400


class InterruptedHasher(Hasher):
    """Something happens while it is at work, the first time."""

    def __init__(self, meanwhile: Callable[[], Any]) -> None:
        super().__init__(memory_kib=16, time_cost=2)
        self._happenings = [meanwhile]

    def verify(self, stored: str | None, password: str) -> bool:
        matches = super().verify(stored, password)
        while self._happenings:
            self._happenings.pop()()
        return matches


def test_c4_a_sign_in_under_way_while_the_password_changes_neither_succeeds_nor_brings_the_old_one_back(
    world: World, postbox: Postbox
) -> None:
    given = token(world, postbox)
    # Its cost is another, so that a hash would be renewed.
    interrupted = InterruptedHasher(lambda: complete(world, given))
    world.app.extensions["vorab"] = dataclasses.replace(world.services, hasher=interrupted)

    assert sign_in(world, PASSWORD).status_code == 401

    assert sign_in(world, PASSWORD).status_code == 401
    assert sign_in(world, OTHER).status_code == 201


def test_b8_whoever_changes_or_resets_a_password_is_told_so_by_letter(world: World, postbox: Postbox) -> None:
    change(world, bearer(sign_in(world, PASSWORD)), PASSWORD)
    changed = postbox.empty()
    complete(world, token(world, postbox), PASSWORD)
    reset = postbox.empty()

    for letters in (changed, reset):
        assert [(letter["To"], "Passwort" in letter["Subject"]) for letter in letters] == [(ADA, True)]
        assert "/account/forgotten?lang=de" in plain(letters[0])


@pytest.mark.parametrize(("spoken", "greeting"), [("de", "Hallo Ada"), ("en-GB", "Hello Ada")])
def test_letters_are_plain_and_html_in_the_language_of_whoever_asks(
    world: World, postbox: Postbox, spoken: str, greeting: str
) -> None:
    ask(world, **{"Accept-Language": spoken})

    letter = postbox.empty()[0]

    html = letter.get_body(("html",))
    assert html is not None
    assert greeting in plain(letter)
    assert greeting in html.get_content()
    assert f'href="{world.services.settings.base_url}/account/password' in html.get_content()


def test_f9_a_name_with_markup_stays_text_in_the_letter(world: World) -> None:
    message = OutboxMessage(
        kind="password_changed",
        recipient=ADA,
        language="de",
        context={"display_name": "<b>Ada</b>"},
        created_at=world.clock(),
        due_at=world.clock(),
    )

    html = compose(message, world.services.settings).get_body(("html",))

    assert html is not None
    assert "&lt;b&gt;Ada" in html.get_content()


def test_i4_a_dead_mail_server_delays_a_letter_and_loses_none(world: World, postbox: Postbox) -> None:
    complete(world, token(world, postbox))
    postbox.works = False
    assert postbox.empty() == []

    postbox.works = True
    assert postbox.empty() == []
    world.clock.move(seconds=2)
    first = postbox.empty()

    assert len(first) == 1
    assert postbox.empty() == []


def test_i4_a_letter_whose_process_died_is_sent_again_with_the_same_id(world: World, postbox: Postbox) -> None:
    complete(world, token(world, postbox))

    class DiesAfterSending(Postbox):
        def send(self, message: OutboxMessage) -> bool:
            super().send(message)
            raise KeyboardInterrupt

    dying = DiesAfterSending(world)
    with pytest.raises(KeyboardInterrupt):
        dying.empty()
    assert postbox.empty() == []
    world.clock.move(minutes=10)
    again = postbox.empty()

    assert [letter["Message-ID"] for letter in again] == [letter["Message-ID"] for letter in dying.letters]


def test_i4_no_lock_is_held_while_the_mail_server_is_talked_to(world: World, postbox: Postbox) -> None:
    complete(world, token(world, postbox))

    class Writing(Postbox):
        def send(self, message: OutboxMessage) -> bool:
            assert ask(world, "nobody@example.org").status_code == 202
            return super().send(message)

    assert len(Writing(world).empty()) == 1


def test_a_letter_that_cannot_be_sent_for_three_days_is_given_up(world: World, postbox: Postbox) -> None:
    complete(world, token(world, postbox))
    postbox.works = False
    world.clock.move(days=3, seconds=1)
    postbox.empty()

    postbox.works = True
    world.clock.move(days=1)

    assert postbox.empty() == []


class Received:
    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.letters.append(parsed)
        return "250 OK"


@pytest.fixture
def smtp() -> Iterator[tuple[str, Received]]:
    received = Received()
    controller = Controller(received, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield f"smtp://127.0.0.1:{controller.port}", received
    controller.stop()


def test_letters_reach_a_real_smtp_server(make_world: Callable[..., World], smtp: tuple[str, Received]) -> None:
    url, received = smtp
    world = make_world(mail=url, mail_from="Morgenblatt <post@morgenblatt.example>")
    world.call("POST", "/accounts", {"email": ADA, "display_name": "Äda", "password": PASSWORD})
    ask(world)

    send_due(world.services, mail.mailer_for(world.services.settings))

    letter = received.letters[-1]
    assert (letter["To"], letter["Message-ID"].endswith("@morgenblatt.example>")) == (ADA, True)
    assert "Hallo Äda" in plain(letter)
    assert complete(world, token_in(letter)).status_code == 204


def test_without_an_smtp_server_a_letter_waits(make_world: Callable[..., World]) -> None:
    world = make_world(mail=f"smtp://127.0.0.1:{free_port()}")
    world.call("POST", "/accounts", {"email": ADA, "display_name": "Ada", "password": PASSWORD})
    ask(world)

    send_due(world.services, mail.mailer_for(world.services.settings))

    with world.database.read() as session:
        waiting = session.scalars(select(OutboxMessage)).one()
        assert (waiting.sent_at, waiting.attempts) == (None, 1)
        assert waiting.due_at == world.clock() + dt.timedelta(seconds=2)


def test_letters_go_into_a_folder(make_world: Callable[..., World], tmp_path: Path) -> None:
    world = make_world(mail=f"folder:{tmp_path / 'letters'}")
    world.call("POST", "/accounts", {"email": ADA, "display_name": "Ada", "password": PASSWORD})
    ask(world)

    send_due(world.services, mail.mailer_for(world.services.settings))

    assert len(list((tmp_path / "letters").glob("*.eml"))) == 1


def test_c9_the_pages_for_letters_say_nothing_to_anybody_else(world: World) -> None:
    for path, title in (("/account/forgotten", "Passwort vergessen"), ("/account/password", "Neues Passwort wählen")):
        answer = world.client.get(path)
        assert answer.status_code == 200
        assert title in answer.get_data(as_text=True)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert 'lang="en"' in world.client.get("/account/password?lang=en").get_data(as_text=True)


def demand_another(world: World, account_id: Any, by: Person) -> Any:
    return world.call("POST", f"/accounts/{account_id}/password-reset", by=by)


def account_id_of(world: World, email: str = ADA) -> Any:
    with world.database.read() as session:
        return accounts.demand_by_email(session, email).id


def test_a10_an_admin_makes_somebody_choose_a_new_password_and_learns_none(world: World, postbox: Postbox) -> None:
    admin, signed_in = world.person(Role.ADMIN), sign_in(world, PASSWORD)
    headers = {"Authorization": f"Bearer {json_of(signed_in)['token']}"}

    answer = demand_another(world, account_id_of(world), admin)

    assert (answer.status_code, answer.get_data()) == (204, b"")
    assert world.call("GET", "/accounts/me", headers=headers).status_code == 401
    assert sign_in(world, PASSWORD).status_code == 401
    (letter,) = postbox.empty()
    assert (letter["To"], letter["Subject"]) == (ADA, "Bitte wähle ein neues Passwort für 127.0.0.1")
    assert complete(world, token_in(letter)).status_code == 204
    assert sign_in(world, OTHER).status_code == 201


def test_a10_the_letters_link_may_be_asked_for_again(world: World, postbox: Postbox) -> None:
    demand_another(world, account_id_of(world), world.person(Role.ADMIN))
    first = token_in(postbox.empty()[0])

    ask(world)
    second = token_in(postbox.empty()[0])

    assert (complete(world, first).status_code, complete(world, second).status_code) == (400, 204)


def test_a10_only_admins_do_it_and_not_to_themselves_nor_to_whom_a_site_vouches_for(
    world: World, postbox: Postbox
) -> None:
    admin, moderator = world.person(Role.ADMIN), world.person(Role.MODERATOR, "demo")
    token = shared_key(world, kid="a10").token(sub="a10")
    vouched = json_of(world.call("POST", "/sites/demo/sessions", {"token": token}, headers={"Origin": ORIGIN}))

    answers = [
        demand_another(world, account_id_of(world), moderator),
        demand_another(world, admin.account.id, admin),
        demand_another(world, vouched["account"]["id"], admin),
        demand_another(world, some_id(), admin),
    ]

    assert [json_of(answer)["code"] for answer in answers] == [
        "forbidden",
        "forbidden",
        "no_password",
        "account_not_found",
    ]
    assert sign_in(world, PASSWORD).status_code == 201


def test_letters_say_sie_to_staff_and_du_to_readers_in_german(world: World, postbox: Postbox) -> None:
    moderator = world.person(Role.MODERATOR, "demo", name="Mo")

    ask(world, str(moderator.account.email))
    ask(world)
    to_staff, to_reader = (plain(letter) for letter in postbox.empty())
    ask(world, str(moderator.account.email), **{"Accept-Language": "en"})
    (in_english,) = (plain(letter) for letter in postbox.empty())
    demand_another(world, moderator.account.id, world.person(Role.ADMIN))
    (demanded,) = (plain(letter) for letter in postbox.empty())

    assert "Guten Tag Mo" in to_staff
    assert "können Sie ein neues Passwort wählen" in to_staff
    assert "kannst du ein neues Passwort wählen" in to_reader
    assert "use this link to choose a new password" in in_english
    assert "die Verwaltung von 127.0.0.1 bittet Sie" in demanded


def page(world: World, path: str, by: Person | None = None) -> str:
    return world.client.get(path, headers=by.headers if by else {}).get_data(as_text=True)


def path_in(letter: EmailMessage) -> str:
    """What a browser asks the server for that opens the letter's link."""
    (link,) = re.findall(r"http\S+#", plain(letter))
    address = urlsplit(link)
    return f"{address.path}?{address.query}"


def test_the_page_behind_a_letters_link_speaks_as_the_letter_does(world: World, postbox: Postbox) -> None:
    moderator = world.person(Role.MODERATOR, "demo")

    ask(world, str(moderator.account.email))
    ask(world)
    for_staff, for_reader = (page(world, path_in(letter)) for letter in postbox.empty())

    assert "Danach sind Sie auf allen Geräten abgemeldet" in for_staff
    assert "Sie können sich jetzt damit anmelden" in for_staff
    assert "Danach bist du auf allen Geräten abgemeldet" in for_reader
    assert not FAMILIAR.search(for_staff)
    assert not FORMAL.search(for_reader)
    # In the other language and back.
    assert re.findall(r'href="\?(\S+)"', for_staff) == ["lang=de&amp;formal=1", "lang=en&amp;formal=1"]
    assert re.findall(r'href="\?(\S+)"', for_reader) == ["lang=de", "lang=en"]


@pytest.mark.parametrize("path", ["/account/password", "/account/address"])
def test_staff_who_are_signed_in_are_spoken_to_formally(world: World, path: str) -> None:
    reader = world.person()

    for role in (Role.MODERATOR, Role.ADMIN):
        staff = world.person(role, *(["demo"] if role == Role.MODERATOR else []))
        assert FORMAL.search(page(world, path, staff))
        assert not FAMILIAR.search(page(world, path, staff))
    assert FAMILIAR.search(page(world, path, reader))
    assert not FORMAL.search(page(world, path, reader))
    assert page(world, path, reader) == page(world, path)


def test_whoever_has_forgotten_a_password_is_spoken_to_in_neither_way(world: World, postbox: Postbox) -> None:
    """Nobody is known there yet, and the page is not to say whose address it was given."""
    shown = page(world, "/account/forgotten")

    assert "ein neues Passwort wählen" in shown
    assert not FAMILIAR.search(shown)
    assert not FORMAL.search(shown)
    assert not FAMILIAR.search(json_of(complete(world, "garbage"))["detail"])


def test_b2_a_moderators_address_is_answered_like_anybodys(world: World, postbox: Postbox) -> None:
    moderator = world.person(Role.MODERATOR, "demo")

    known, unknown = ask(world, str(moderator.account.email)), ask(world, "nobody@example.org")

    assert known.status_code == unknown.status_code == 202
    assert json_of(known) == {"email": moderator.account.email}
    assert json_of(unknown) == {"email": "nobody@example.org"}
    assert set(known.headers.keys()) == set(unknown.headers.keys())
