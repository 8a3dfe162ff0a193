"""Signing in with OpenID Connect, at a real provider in a process of its own (Authlib's server side)."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import requests
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from moderation import accounts, handovers, identity_providers, second_factor, sites
from moderation.identity_providers import NewProvider
from moderation.models import Account, OutboxMessage, Role, SiteIdentity, StaffIdentity
from tests import identity_provider
from tests.checksums import changed, checksums
from tests.identity_provider import CLIENT_ID, PEOPLE, SECRET, Running
from tests.parallel import at_once
from tests.world import ARTICLE, ORIGIN, World, json_of

PAGE = f"{ORIGIN}/{ARTICLE}?seite=2"
OWN = "http://127.0.0.1:8000"
PASSWORD = "Ahornblatt am Fenster"
START = "/sign-in/demo/dienst"


@pytest.fixture
def world(make_world: Callable[..., World], provider: Running) -> World:
    made = make_world()
    # The provider lives by the real time.
    made.clock.now = dt.datetime.now(dt.UTC)
    made.site()
    add(made, provider)
    return made


def add(world: World, provider: Running, *, site: str = "demo", key: str = "dienst", **changes: Any) -> None:
    wish: dict[str, Any] = {"issuer": provider.issuer, "client_id": CLIENT_ID, "secret": SECRET, "for_staff": True}
    command = NewProvider(key, "Anmeldedienst", **{**wish, **changes})
    with world.database.write() as session:
        identity_providers.add(session, world.services.sealer, sites.by_key(session, site), command, now=world.clock())


@dataclass
class Browser:
    """Somebody's browser: it follows from page to provider and back, with the cookies that it was given."""

    world: World
    client: FlaskClient
    purpose: str = "section"
    page: str = PAGE
    start: str = START
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def begin(self, **changes: str | None) -> TestResponse:
        wish = {"for": self.purpose, "challenge": handovers.challenge_of(self.verifier), "return_to": self.page}
        referrer = changes.pop("referrer", self.page)
        query = {name: value for name, value in {**wish, **changes}.items() if value is not None}
        headers = {"Referer": referrer} if referrer else {}
        return self.client.get(self.start, query_string=query, headers=headers)

    def visit_provider(self, address: str, person: str | None = "rosa") -> str:
        """Sign in at the provider, or say no. Where it sends the browser back to."""
        assert "Wer bist du?" in requests.get(address, timeout=10).text
        answer = requests.post(address, data={"person": person or ""}, timeout=10, allow_redirects=False)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def come_back(self, address: str) -> TestResponse:
        parts = urlsplit(address)
        return self.client.get(f"{parts.path}?{parts.query}")

    def go(self, person: str | None = "rosa") -> str:
        """All the way there and back: what stands behind the hash sign in the end."""
        begun = self.begin()
        assert begun.status_code == 303, begun.get_data(as_text=True)
        back = self.come_back(self.visit_provider(begun.headers["Location"], person))
        assert back.status_code == 303, back.get_data(as_text=True)
        page, _, said = back.headers["Location"].partition("#")
        assert page == self.page
        return said

    def present(self, said: str, *, origin: str | None = ORIGIN, **more: Any) -> TestResponse:
        wish = {"handover": said.removeprefix("vorab-sign-in="), "verifier": self.verifier, **more}
        headers = {"Content-Type": "application/json", **({"Origin": origin} if origin else {})}
        return self.client.post("/api/v1/provider-sessions", json=wish, headers=headers)


@pytest.fixture
def browser(world: World) -> Browser:
    return Browser(world, world.client)


@pytest.fixture
def at_the_desk(world: World) -> Browser:
    return Browser(world, world.client, "desk", f"{OWN}/desk")


def enter_desk(browser: Browser, person: str = "mira", **more: Any) -> TestResponse:
    return browser.present(browser.go(person), origin=OWN, transport="cookie", **more)


def outcome(answer: TestResponse) -> tuple[int, str | None]:
    return answer.status_code, json_of(answer).get("code")


def number_of(world: World, table: Any) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def moderator(world: World, email: str = "mira@zeitung.example", *keys: str, role: Role = Role.MODERATOR) -> Account:
    command = accounts.NewAccount(email, "Mira", world.services.hasher.hash(PASSWORD))
    with world.database.write() as session:
        return accounts.create_staff(session, command, role, keys or ("demo",), now=world.clock())


def test_a_reader_signs_in_and_writes(world: World, browser: Browser) -> None:
    answer = browser.present(browser.go())

    assert answer.status_code == 201
    session = json_of(answer)
    assert session["account"]["display_name"] == "rosa_l", "a pseudonym goes before a real name"
    assert session["account"]["email"] == "rosa@example.org"
    assert (session["account"]["role"], session["csrf_token"]) == ("reader", None)
    posted = world.call(
        "POST",
        f"/sites/demo/articles/{ARTICLE}/comments",
        {"body": "Das sehe ich auch so."},
        headers={"Authorization": f"Bearer {session['token']}", "Origin": ORIGIN},
    )
    assert posted.status_code == 201


def test_the_same_person_has_the_same_account_and_another_has_another(world: World, browser: Browser) -> None:
    first = json_of(browser.present(browser.go("rosa")))
    again = json_of(browser.present(browser.go("rosa")))
    other = json_of(browser.present(browser.go("tom")))

    assert first["account"]["id"] == again["account"]["id"] != other["account"]["id"]
    with world.database.read() as session:
        known = session.execute(select(SiteIdentity.issuer, SiteIdentity.subject).order_by(SiteIdentity.id)).all()
    issuer = known[0].issuer
    assert [tuple(one) for one in known] == [(issuer, PEOPLE["rosa"]["sub"]), (issuer, PEOPLE["tom"]["sub"])]


def test_an_address_that_the_provider_has_not_verified_is_not_taken_over(browser: Browser) -> None:
    assert json_of(browser.present(browser.go("tom")))["account"]["email"] is None


@pytest.mark.parametrize("role", [Role.READER, Role.MODERATOR])
def test_an_address_never_leads_a_reader_to_somebodys_account(world: World, browser: Browser, role: Role) -> None:
    """However well the provider has verified it: the account that was made with it here is another's."""
    if role == Role.READER:
        world.call("POST", "/accounts", {"email": "rosa@example.org", "display_name": "Rosa", "password": PASSWORD})
    else:
        moderator(world, "rosa@example.org")
    with world.database.read() as session:
        before = accounts.demand_by_email(session, "rosa@example.org").id

    found = json_of(browser.present(browser.go()))

    assert found["account"]["id"] != str(before)
    assert found["account"]["role"] == "reader"


def test_the_request_has_state_nonce_and_pkce_and_a_callback_of_its_own(browser: Browser) -> None:
    asked = parse_qs(urlsplit(browser.begin().headers["Location"]).query)
    other = parse_qs(urlsplit(browser.begin().headers["Location"]).query)

    assert asked["response_type"] == ["code"]
    assert asked["scope"] == ["openid profile email"]
    assert asked["redirect_uri"] == [f"{OWN}{START}/callback"]
    assert asked["code_challenge_method"] == ["S256"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name][0]) >= 43
        assert asked[name] != other[name]


def test_the_cookie_of_the_way_there_is_ours_alone_sealed_and_gone_afterwards(browser: Browser) -> None:
    begun = browser.begin()
    (cookie,) = begun.headers.getlist("Set-Cookie")
    state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
    back = browser.come_back(browser.visit_provider(begun.headers["Location"]))

    assert cookie.startswith("vorab-provider-")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Max-Age=900" in cookie
    assert browser.verifier not in cookie
    assert state not in cookie
    assert "Max-Age=0" in back.headers["Set-Cookie"]


def test_c6_over_https_the_cookie_is_secure(make_world: Callable[..., World], provider: Running) -> None:
    world = make_world(base_url="https://comments.example.com")
    world.site()
    add(world, provider)

    cookie = Browser(world, world.client).begin().headers["Set-Cookie"]

    assert cookie.startswith("__Host-vorab-provider-")
    assert "Secure" in cookie.split("; ")


def test_d3_going_there_and_coming_back_changes_nothing_that_is_stored(world: World, browser: Browser) -> None:
    before = checksums(world.database)

    said = browser.go()

    # That somebody came back is counted, which is all that is left of it.
    assert changed(before, checksums(world.database)) <= {"limit_window"}
    assert browser.present(said).status_code == 201


def test_c9_no_token_stands_in_an_address_that_a_server_sees(browser: Browser) -> None:
    back = browser.come_back(browser.visit_provider(browser.begin().headers["Location"]))

    page, _, said = back.headers["Location"].partition("#")
    assert page == PAGE
    assert said.startswith("vorab-sign-in=")
    assert "rosa" not in said, "it is sealed"
    assert back.headers["Cache-Control"] == "no-store"
    assert back.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("mistake", "reason"),
    [
        ("issuer", "issuer"),
        ("audience", "audience"),
        ("audiences", "azp"),
        ("azp", "azp"),
        ("nonce", "nonce"),
        ("no_nonce", "nonce"),
        ("expired", "expired"),
        ("future", "iat"),
        ("no_exp", "exp"),
        ("at_hash", "at_hash"),
        ("no_sub", "sub"),
        ("long_sub", "sub"),
        ("unsigned", "algorithm"),
        ("alg_confused", "algorithm"),
        ("client_secret_signed", "algorithm"),
        ("foreign_key", "signature"),
        ("unpublished_key", "unknown_key"),
        ("tampered", "signature"),
        ("garbage", "malformed"),
        ("no_id_token", "no_id_token"),
        ("issuer_of_answer", "issuer_of_answer"),
    ],
)
def test_an_answer_that_is_not_to_be_believed_signs_nobody_in(
    world: World, provider: Running, browser: Browser, log_lines: Any, mistake: str, reason: str
) -> None:
    provider.control(mistake=mistake)

    assert browser.go() == "vorab-sign-in-failed=provider_refused"

    refusals = [line for line in log_lines() if line["event"] == "provider_refused"]
    assert [line["reason"] for line in refusals] == [reason]
    assert number_of(world, SiteIdentity) == 0


def test_what_userinfo_says_of_another_is_refused(provider: Running, browser: Browser) -> None:
    provider.control(mistake="userinfo_of_another", is_terse=True)

    assert browser.go() == "vorab-sign-in-failed=provider_refused"


def test_names_and_addresses_may_stand_at_the_userinfo_endpoint(provider: Running, browser: Browser) -> None:
    provider.control(is_terse=True)

    account = json_of(browser.present(browser.go()))["account"]

    assert (account["display_name"], account["email"]) == ("rosa_l", "rosa@example.org")


def test_which_claim_is_the_name_can_be_chosen(world: World, provider: Running) -> None:
    add(world, provider, key="klarname", name_claim="name")
    browser = Browser(world, world.client, start="/sign-in/demo/klarname")

    assert json_of(browser.present(browser.go()))["account"]["display_name"] == "Rosa Maria Lind"


def test_a_user_name_that_is_an_address_is_not_published(browser: Browser) -> None:
    assert json_of(browser.present(browser.go("mira")))["account"]["display_name"] == "Mira Mod"


def test_whom_the_provider_calls_nothing_is_refused(browser: Browser) -> None:
    assert browser.go("nobody") == "vorab-sign-in-failed=provider_refused"


def test_a_public_client_has_no_secret(world: World, provider: Running) -> None:
    add(world, provider, key="offen", client_id="public", secret=None)
    browser = Browser(world, world.client, start="/sign-in/demo/offen")

    assert browser.present(browser.go()).status_code == 201


def test_a_wrong_client_secret_signs_nobody_in(world: World, provider: Running, log_lines: Any) -> None:
    add(world, provider, key="falsch", secret="ein anderes Geheimnis")
    browser = Browser(world, world.client, start="/sign-in/demo/falsch")

    assert browser.go() == "vorab-sign-in-failed=provider_refused"
    lines = log_lines()
    assert "invalid_client" in [line.get("reason") for line in lines]
    assert "ein anderes Geheimnis" not in str(lines)


def test_new_keys_of_the_provider_are_fetched_when_they_are_used(provider: Running, browser: Browser) -> None:
    assert browser.present(browser.go()).status_code == 201

    provider.control(rotate=True)

    assert browser.present(browser.go()).status_code == 201


def test_who_says_no_at_the_provider_comes_back_with_nothing(browser: Browser) -> None:
    assert browser.go(None) == "vorab-sign-in-failed=provider_refused"


def test_d1_a_state_that_this_browser_did_not_begin_is_refused(world: World, browser: Browser) -> None:
    """Control of RFC 6749, 10.12: an answer that somebody else fetched is put into the browser."""
    attacker = Browser(world, world.client)
    stolen = attacker.visit_provider(attacker.begin().headers["Location"])
    browser.begin()

    answer = browser.come_back(stolen)

    assert answer.status_code == 400
    assert "Diese Anmeldung ist zu lange her" in answer.get_data(as_text=True)
    assert answer.mimetype == "text/html"


def test_a_changed_state_is_refused(browser: Browser) -> None:
    back = browser.visit_provider(browser.begin().headers["Location"])

    assert browser.come_back(back.replace("state=", "state=x")).status_code == 400


def test_who_takes_too_long_at_the_provider_begins_again(world: World, browser: Browser) -> None:
    back = browser.visit_provider(browser.begin().headers["Location"])

    world.clock.move(minutes=15)

    assert browser.come_back(back).status_code == 400


def test_an_answer_of_one_provider_is_not_taken_for_anothers(world: World, provider: Running, browser: Browser) -> None:
    add(world, provider, key="anderer")
    back = browser.visit_provider(browser.begin().headers["Location"])

    assert browser.come_back(back.replace("/dienst/", "/anderer/")).status_code == 400


def test_coming_back_twice_signs_in_once(browser: Browser) -> None:
    """The cookie is gone, and had it been copied, the provider takes no code twice."""
    begun = browser.begin()
    kept = begun.headers["Set-Cookie"].partition(";")[0].partition("=")
    back = browser.visit_provider(begun.headers["Location"])
    browser.come_back(back)

    assert browser.come_back(back).status_code == 400
    browser.client.set_cookie(kept[0], kept[2])
    assert browser.come_back(back).headers["Location"].endswith("#vorab-sign-in-failed=provider_refused")


def test_a_handover_is_good_once(browser: Browser) -> None:
    said = browser.go()

    assert browser.present(said).status_code == 201
    assert outcome(browser.present(said)) == (400, "provider_sign_in_lost")


def test_a_handover_is_good_for_five_minutes(world: World, browser: Browser) -> None:
    said = browser.go()

    world.clock.move(minutes=5)

    assert outcome(browser.present(said)) == (400, "provider_sign_in_lost")


def test_a_handover_is_worth_nothing_without_the_verifier(world: World, browser: Browser) -> None:
    """Who reads it in an address bar, or had another's browser sign in for them, has not got both."""
    said = browser.go()
    thief = Browser(world, world.client)

    assert outcome(thief.present(said)) == (400, "provider_sign_in_lost")
    assert browser.present(said).status_code == 201


@pytest.mark.parametrize("said", ["", "x", "v1.", "v1.AAAA", "v1.ü", "x" * 10_000])
def test_what_is_no_handover_is_refused(browser: Browser, said: str) -> None:
    assert outcome(browser.present(said)) == (400, "provider_sign_in_lost")


def test_a_handover_is_presented_by_the_sites_own_pages(browser: Browser) -> None:
    said = browser.go()

    assert outcome(browser.present(said, origin="https://evil.test")) == (403, "origin_not_allowed")
    assert browser.present(said).status_code == 201


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"referrer": None}, 403),
        ({"referrer": "https://evil.test/"}, 403),
        ({"referrer": f"{ORIGIN}.evil.test/"}, 403),
        ({"return_to": "https://evil.test/", "referrer": "https://evil.test/"}, 403),
        ({"return_to": f"{ORIGIN}@evil.test/"}, 422),
        ({"return_to": f"{ORIGIN}\\@evil.test/"}, 422),
        ({"return_to": f"{ORIGIN}/#x"}, 422),
        ({"return_to": "javascript:alert(1)"}, 422),
        ({"return_to": "//evil.test/"}, 422),
        ({"return_to": ""}, 422),
        ({"return_to": f"{ORIGIN}/\r\nSet-Cookie: a=b"}, 422),
        ({"return_to": f"{ORIGIN}/" + "x" * 3000}, 422),
        ({"return_to": "http://[::1/"}, 422),
        ({"challenge": "short"}, 422),
        ({"challenge": None}, 422),
        ({"for": "admin"}, 422),
        ({"for": None}, 422),
        # The desk is ours, and nobody else's page asks for it.
        ({"for": "desk"}, 403),
        ({"for": "desk", "return_to": f"{OWN}/docs", "referrer": f"{OWN}/docs"}, 403),
    ],
)
def test_f11_only_the_sites_own_pages_begin_a_sign_in_and_are_returned_to(
    browser: Browser, changes: dict[str, str | None], status: int
) -> None:
    answer = browser.begin(**changes)

    assert answer.status_code == status
    assert "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert answer.mimetype == "text/html"


def test_what_the_site_does_not_offer_is_not_found(world: World, provider: Running, browser: Browser) -> None:
    add(world, provider, key="nur-redaktion", for_readers=False)
    add(world, provider, key="nur-leser", for_staff=False)
    desk = {"for": "desk", "return_to": f"{OWN}/desk", "referrer": f"{OWN}/desk"}

    assert browser.begin().status_code == 303
    for start, changes in (
        ("/sign-in/demo/nur-redaktion", {}),
        ("/sign-in/demo/nur-leser", desk),
        ("/sign-in/demo/keiner", {}),
        ("/sign-in/keine/dienst", {}),
    ):
        assert Browser(world, world.client, start=start).begin(**changes).status_code == 404


def test_a_provider_that_is_down_is_said_to_be_down(world: World, provider: Running, log_lines: Any) -> None:
    with identity_provider.running() as other:
        add(world, other, key="wackelig")
    browser = Browser(world, world.client, start="/sign-in/demo/wackelig")

    answer = browser.begin()

    assert answer.headers["Location"] == f"{PAGE}#vorab-sign-in-failed=provider_unavailable"
    assert "Set-Cookie" not in answer.headers
    assert [line["issuer"] for line in log_lines() if line["event"] == "provider_unavailable"] == [other.issuer]


def test_a_provider_that_goes_down_meanwhile_is_said_to_be_down(provider: Running, browser: Browser) -> None:
    back = browser.visit_provider(browser.begin().headers["Location"])
    provider.control(mistake="token_down")

    answer = browser.come_back(back)

    assert answer.headers["Location"] == f"{PAGE}#vorab-sign-in-failed=provider_unavailable"


def test_a_provider_that_calls_itself_something_else_is_not_asked(
    make_world: Callable[..., World], provider: Running
) -> None:
    provider.control(mistake="another_issuer")
    world = make_world()
    world.site()
    add(world, provider)

    answer = Browser(world, world.client).begin()

    assert answer.headers["Location"].endswith("#vorab-sign-in-failed=provider_unavailable")


def test_staff_who_have_linked_their_account_get_to_the_desk(world: World, at_the_desk: Browser) -> None:
    account = moderator(world)
    signed_in = at_the_desk.client.post(
        "/api/v1/sessions",
        json={"email": account.email, "password": PASSWORD},
    )
    bearer = {"Authorization": f"Bearer {json_of(signed_in)['token']}"}
    linking = Browser(world, at_the_desk.client, "link", f"{OWN}/desk/second-factor")
    wish = {"handover": linking.go("mira").removeprefix("vorab-sign-in="), "verifier": linking.verifier}
    wrong = world.call("POST", "/accounts/me/identities", {**wish, "password": "geraten"}, headers=bearer)
    assert outcome(wrong) == (403, "wrong_password")
    made = world.call("POST", "/accounts/me/identities", {**wish, "password": PASSWORD}, headers=bearer)
    assert made.status_code == 201

    answer = enter_desk(at_the_desk)

    assert answer.status_code == 201
    found = json_of(answer)
    assert found["token"] is None
    assert found["account"]["id"] == str(account.id)
    assert at_the_desk.client.get("/api/v1/review-queue").status_code == 200
    with world.database.read() as session:
        assert session.scalars(select(OutboxMessage.kind)).all() == ["identity_linked"]

    # And no more, once the link is taken back.
    (linked,) = json_of(world.call("GET", "/accounts/me/identities", headers=bearer))["items"]
    assert linked["subject"] == PEOPLE["mira"]["sub"]
    path = f"/accounts/me/identities/{linked['id']}"
    other = world.person(Role.MODERATOR, "demo")
    assert world.call("DELETE", path, by=other).status_code == 404
    assert world.call("DELETE", path, headers=bearer).status_code == 204
    assert outcome(enter_desk(at_the_desk)) == (403, "no_staff_account")


def link(world: World, account: Account, provider: Running, person: str = "mira") -> None:
    with world.database.write() as session:
        session.add(
            StaffIdentity(
                account_id=account.id,
                issuer=provider.issuer,
                subject=PEOPLE[person]["sub"],
                provider_name="Anmeldedienst",
                created_at=world.clock(),
            )
        )


def test_nobody_becomes_staff_by_signing_in(world: World, at_the_desk: Browser) -> None:
    moderator(world)

    assert outcome(enter_desk(at_the_desk)) == (403, "no_staff_account")

    assert number_of(world, StaffIdentity) == 0
    assert number_of(world, SiteIdentity) == 0
    with world.database.read() as session:
        assert set(session.scalars(select(Account.role))) == {"moderator"}


def test_whoever_is_staff_no_longer_does_not_get_in(world: World, provider: Running, at_the_desk: Browser) -> None:
    account = moderator(world)
    link(world, account, provider)
    assert enter_desk(at_the_desk).status_code == 201

    with world.database.write() as session:
        accounts.change_role(session, "mira@zeitung.example", Role.READER, ())

    assert outcome(enter_desk(at_the_desk)) == (403, "no_staff_account")


def test_readers_link_nothing(world: World, browser: Browser) -> None:
    reader = world.person()
    linking = Browser(world, world.client, "link", f"{OWN}/desk/second-factor")
    with world.database.write() as session:
        accounts.get(session, reader.account.id).password_hash = world.services.hasher.hash(PASSWORD)
    wish = {"handover": linking.go().removeprefix("vorab-sign-in="), "verifier": linking.verifier}

    answer = world.call("POST", "/accounts/me/identities", {**wish, "password": PASSWORD}, by=reader)

    assert outcome(answer) == (403, "no_staff_account")


def test_an_identity_belongs_to_one_account(world: World, provider: Running) -> None:
    link(world, moderator(world), provider)
    second = world.person(Role.MODERATOR, "demo")
    with world.database.write() as session:
        accounts.get(session, second.account.id).password_hash = world.services.hasher.hash(PASSWORD)
    linking = Browser(world, world.client, "link", f"{OWN}/desk/second-factor")
    wish = {"handover": linking.go("mira").removeprefix("vorab-sign-in="), "verifier": linking.verifier}

    answer = world.call("POST", "/accounts/me/identities", {**wish, "password": PASSWORD}, by=second)

    assert outcome(answer) == (409, "already_exists")


def allow_addresses(world: World) -> None:
    with world.database.write() as session:
        identity_providers.get(session, sites.by_key(session, "demo"), "dienst").links_verified_email = True


def test_where_the_operator_allows_it_a_verified_address_leads_to_a_moderator(
    world: World, at_the_desk: Browser
) -> None:
    account = moderator(world)
    allow_addresses(world)

    assert json_of(enter_desk(at_the_desk))["account"]["id"] == str(account.id)

    # From now on the number counts: the address may become somebody else's.
    with world.database.write() as session:
        found = accounts.get(session, account.id)
        found.email, found.email_key = "neu@zeitung.example", "neu@zeitung.example"
    assert json_of(enter_desk(at_the_desk))["account"]["id"] == str(account.id)


def test_an_address_that_is_not_verified_leads_nowhere(world: World, at_the_desk: Browser) -> None:
    moderator(world, "tom@example.org")
    allow_addresses(world)

    assert outcome(enter_desk(at_the_desk, "tom")) == (403, "no_staff_account")


@pytest.mark.parametrize("who", ["admin", "of two sites", "of another site", "reader"])
def test_a_sites_provider_reaches_nobody_by_address_but_moderators_of_this_site_alone(
    world: World, at_the_desk: Browser, who: str
) -> None:
    world.site("zweite")
    allow_addresses(world)
    if who == "reader":
        world.call("POST", "/accounts", {"email": "mira@zeitung.example", "display_name": "Mira", "password": PASSWORD})
    else:
        keys = {"admin": (), "of two sites": ("demo", "zweite"), "of another site": ("zweite",)}[who]
        moderator(world, "mira@zeitung.example", *keys, role=Role.ADMIN if who == "admin" else Role.MODERATOR)

    assert outcome(enter_desk(at_the_desk)) == (403, "no_staff_account")


def test_a_handover_for_the_section_opens_no_desk_and_the_other_way_round(
    world: World, provider: Running, browser: Browser, at_the_desk: Browser
) -> None:
    link(world, moderator(world), provider)

    for_section = browser.present(browser.go("mira"), origin=OWN, transport="cookie")
    for_desk = at_the_desk.present(at_the_desk.go("mira"))

    assert outcome(for_section) == (400, "provider_sign_in_lost")
    assert outcome(for_desk) == (400, "provider_sign_in_lost")


def test_d1_the_desk_takes_a_handover_from_its_own_pages_only(
    world: World, provider: Running, at_the_desk: Browser
) -> None:
    link(world, moderator(world), provider)

    answer = at_the_desk.present(at_the_desk.go("mira"), origin=ORIGIN, transport="cookie")

    assert outcome(answer) == (403, "csrf_failed")


def test_a_provider_that_was_removed_signs_nobody_in(world: World, browser: Browser) -> None:
    said = browser.go()
    with world.database.write() as session:
        identity_providers.remove(session, sites.by_key(session, "demo"), "dienst")

    assert outcome(browser.present(said)) == (400, "provider_sign_in_lost")
    assert browser.begin().status_code == 404


def test_the_secret_is_sealed_in_the_database(world: World) -> None:
    with world.database.read() as session:
        row = identity_providers.get(session, sites.by_key(session, "demo"), "dienst")
        assert SECRET not in (row.sealed_secret or "")
        assert SECRET not in repr(identity_providers.opened(world.services.sealer, row))


def test_e7_a_handover_presented_many_times_at_once_signs_in_once(browser: Browser) -> None:
    said = browser.go()
    others = [Browser(browser.world, browser.world.client, verifier=browser.verifier) for _ in range(6)]

    statuses = [answer.status_code for answer in at_once([partial(one.present, said) for one in others])]

    assert sorted(statuses) == [201, *[400] * 5]
    assert number_of(browser.world, SiteIdentity) == 1


def test_e7_two_first_visits_at_once_make_one_account(world: World, browser: Browser) -> None:
    first, second = Browser(world, world.client), Browser(world, world.client)
    said = [first.go(), second.go()]

    answers = at_once([partial(first.present, said[0]), partial(second.present, said[1])])

    assert len({json_of(answer)["account"]["id"] for answer in answers}) == 1


def test_c2_signing_in_at_the_desk_gives_a_new_session_and_ends_the_one_before(
    world: World, provider: Running, at_the_desk: Browser
) -> None:
    account = moderator(world)
    link(world, account, provider)
    wish = {"email": account.email, "password": PASSWORD, "transport": "cookie"}
    at_the_desk.client.post("/api/v1/sessions", json=wish, headers={"Origin": OWN})
    before = at_the_desk.client.get_cookie("vorab-session")

    assert enter_desk(at_the_desk).status_code == 201

    after = at_the_desk.client.get_cookie("vorab-session")
    assert before is not None
    assert after is not None
    assert after.value != before.value
    old = world.call("GET", "/accounts/me", headers={"Authorization": f"Bearer {before.value}"})
    assert old.status_code == 401


def test_c4_another_password_takes_the_links_away(world: World, provider: Running, at_the_desk: Browser) -> None:
    """Whoever knew the old one may have made them."""
    account = moderator(world)
    link(world, account, provider)
    signed_in = json_of(world.call("POST", "/sessions", {"email": account.email, "password": PASSWORD}))
    wish = {"current_password": PASSWORD, "password": "Birkenblatt am Fenster"}
    headers = {"Authorization": f"Bearer {signed_in['token']}"}

    assert world.call("PUT", "/accounts/me/password", wish, headers=headers).status_code == 204

    assert outcome(enter_desk(at_the_desk)) == (403, "no_staff_account")


class Factor:
    """The second factor of a moderator who has linked a provider."""

    def __init__(self, world: World, account: Account) -> None:
        with world.database.write() as session:
            own = accounts.get(session, account.id)
            begun = second_factor.begin(session, world.services.sealer, own, issuer="x", now=world.clock())
            first = pyotp.TOTP(begun.secret).at(world.clock())
            second_factor.confirm(session, world.services.sealer, own, first, now=world.clock())
        self.world, self.seed = world, begun.secret

    def code(self) -> str:
        return pyotp.TOTP(self.seed).at(self.world.clock() + dt.timedelta(seconds=30))


def test_a11_the_provider_stands_for_the_password_and_not_for_the_second_factor(
    world: World, provider: Running, at_the_desk: Browser
) -> None:
    account = moderator(world)
    link(world, account, provider)
    factor = Factor(world, account)
    said = at_the_desk.go("mira")
    present = partial(at_the_desk.present, said, origin=OWN, transport="cookie")

    assert outcome(present()) == (401, "second_factor_required")
    wish = {"handover": said.removeprefix("vorab-sign-in="), "verifier": at_the_desk.verifier}
    choices = world.call("POST", "/provider-sessions/choices", wish)
    assert json_of(choices) == {"has_app": True, "question": None}
    assert outcome(present(code="000000")) == (403, "wrong_code")
    assert present(code=factor.code()).status_code == 201, "a wrong code does not use the handover up"
    assert at_the_desk.client.get("/api/v1/review-queue").status_code == 200
    assert outcome(present(code=factor.code())) == (400, "provider_sign_in_lost")


def test_a11_codes_cannot_be_guessed_for_long_with_a_provider_either(
    world: World, provider: Running, at_the_desk: Browser
) -> None:
    account = moderator(world)
    link(world, account, provider)
    factor = Factor(world, account)
    said = at_the_desk.go("mira")
    present = partial(at_the_desk.present, said, origin=OWN, transport="cookie")

    statuses = [present(code="000000").status_code for _ in range(11)]

    assert statuses == [403] * 10 + [429]
    assert present(code=factor.code()).status_code == 429


def test_a_site_that_wants_second_factors_is_not_content_with_a_provider(
    world: World, provider: Running, at_the_desk: Browser
) -> None:
    link(world, moderator(world), provider)
    with world.database.write() as session:
        sites.set_sign_in(sites.by_key(session, "demo"), staff_second_factor=True)

    assert enter_desk(at_the_desk).status_code == 201

    refused = at_the_desk.client.get("/api/v1/review-queue")
    assert outcome(refused) == (403, "second_factor_missing")


def test_h1_one_handover_too_many_is_turned_away(make_world: Callable[..., World], provider: Running) -> None:
    world = make_world(site_sign_ins_per_address=3)
    world.clock.now = dt.datetime.now(dt.UTC)
    world.site()
    add(world, provider)
    browser = Browser(world, world.client)
    said = browser.go()

    statuses = [browser.present("geraten").status_code for _ in range(3)]
    refused = browser.present(said)

    # One of them was the way back from the provider.
    assert (statuses, refused.status_code) == ([400, 400, 429], 429)
    assert 0 < int(refused.headers["Retry-After"]) <= 60


def test_h1_nobody_makes_us_ask_the_provider_without_end(make_world: Callable[..., World], provider: Running) -> None:
    world = make_world(site_sign_ins_per_address=3)
    world.clock.now = dt.datetime.now(dt.UTC)
    world.site()
    add(world, provider)
    browser = Browser(world, world.client)
    answers = []
    for _ in range(4):
        state = parse_qs(urlsplit(browser.begin().headers["Location"]).query)["state"][0]
        answers.append(browser.come_back(f"{START}/callback?state={state}&code=x&iss={provider.issuer}"))

    assert [answer.status_code for answer in answers] == [303, 303, 303, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[-1].mimetype == "text/html"


def test_k1_sign_ins_refusals_and_links_are_logged_with_who_it_was(
    world: World, provider: Running, browser: Browser, at_the_desk: Browser, log_lines: Any
) -> None:
    signed_in = json_of(browser.present(browser.go()))
    enter_desk(at_the_desk)
    account = moderator(world)
    allow_addresses(world)
    enter_desk(at_the_desk)

    lines = log_lines()
    told = [(line["event"], line.get("account_id")) for line in lines]
    assert ("signed_in_by_provider", signed_in["account"]["id"]) in told
    assert ("staff_sign_in_refused", None) in told
    assert ("identity_linked", str(account.id)) in told
    assert ("signed_in_by_provider", str(account.id)) in told


def test_k2_nothing_secret_on_the_way_is_in_the_log(world: World, browser: Browser, log_lines: Any) -> None:
    begun = browser.begin()
    asked = parse_qs(urlsplit(begun.headers["Location"]).query)
    back = browser.visit_provider(begun.headers["Location"])
    said = browser.come_back(back).headers["Location"].partition("#")[2]
    session = json_of(browser.present(said))

    logged = str(log_lines())

    code = parse_qs(urlsplit(back).query)["code"][0]
    secrets_of_it = [SECRET, code, asked["state"][0], asked["nonce"][0], browser.verifier, session["token"]]
    assert "signed_in_by_provider" in logged
    for canary in [*secrets_of_it, said.partition("=")[2], "rosa@example.org", PEOPLE["rosa"]["sub"]]:
        assert canary not in logged


def test_l2_whoever_is_deleted_comes_back_as_somebody_new(world: World, browser: Browser) -> None:
    first = json_of(browser.present(browser.go()))
    headers = {"Authorization": f"Bearer {first['token']}"}

    gone = world.call("DELETE", "/accounts/me", {"comments": "remove"}, headers=headers)

    assert gone.status_code == 204
    assert number_of(world, SiteIdentity) == 0
    assert json_of(browser.present(browser.go()))["account"]["id"] != first["account"]["id"]
