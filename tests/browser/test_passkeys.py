"""Moderators make passkeys at the desk and sign in with them, in Chromium with its virtual authenticator (over CDP)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect
from sqlalchemy import select

from moderation import sites
from moderation.models import Passkey
from tests.browser.conftest import running
from tests.browser.desk_visits import Desk
from tests.browser.visitors import Site, Visitor, axe_findings


@pytest.fixture(scope="module")
def named_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server that is reached by a name: for a number, browsers make no passkeys."""
    with running(tmp_path_factory.mktemp("named"), "localhost") as found:
        yield found


@pytest.fixture
def desk(named_site: Site, visit: Callable[..., BrowserContext]) -> Desk:
    return Desk(named_site, visit)


@dataclass
class Device:
    """An authenticator that Chromium plays for a page."""

    session: CDPSession
    id: str

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return found

    def unplug(self) -> None:
        self.session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.id})


def plug_in(page: Page) -> Device:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return Device(session, made["authenticatorId"])


def look(page: Page, name: str) -> None:
    """Leave a picture where somebody wants to look at it."""
    if folder := os.environ.get("VORAB_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def open_page(desk: Desk, who: Visitor, **options: Any) -> tuple[Page, Device]:
    page = desk.open(who, "/desk/second-factor", **options)
    return page, plug_in(page)


def add(page: Page, who: Visitor, name: str) -> None:
    page.get_by_role("button", name="Passkey hinzufügen").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Passwort").fill(who.password)
    page.get_by_role("button", name="Passkey anlegen").click()


def add_first(page: Page, who: Visitor, name: str = "Mein Telefon") -> str:
    """The first of ten recovery codes."""
    add(page, who, name)
    expect(page.locator(".codes li")).to_have_count(10)
    return page.locator(".codes li").first.inner_text()


def sign_out(page: Page) -> None:
    page.locator("#sign-out").click()
    expect(page.locator("#email")).to_be_visible()


def sign_in(page: Page, who: Visitor) -> None:
    page.locator("#email").fill(who.email)
    page.locator("#password").fill(who.password)
    page.locator("#sign-in button[type=submit]").click()


def test_a_moderator_makes_a_passkey_signs_in_with_it_and_removes_it(desk: Desk) -> None:
    who = desk.moderator("Erika")
    page, device = open_page(desk, who)
    look(page, "passkeys-off")
    add_first(page, who)
    assert len(device.credentials()) == 1
    look(page, "passkeys-codes")
    page.get_by_role("link", name="Ich habe sie aufbewahrt").click()
    expect(page.get_by_text("Nichts wartet.")).to_be_visible()

    sign_out(page)
    sign_in(page, who)
    expect(page.get_by_role("alert")).to_contain_text("bestätigen Sie die Anmeldung mit Ihrem Passkey")
    look(page, "passkeys-sign-in")
    page.get_by_role("button", name="Mit Passkey bestätigen").click()
    expect(page.get_by_text("Nichts wartet.")).to_be_visible()

    page.get_by_role("link", name="Erika").click()
    expect(page.get_by_text("zuletzt benutzt gerade eben")).to_be_visible()
    look(page, "passkeys-on")
    page.get_by_role("button", name="Passkey „Mein Telefon“ entfernen").click()
    look(page, "passkeys-remove")
    page.get_by_label("Passwort").fill(who.password)
    page.get_by_role("button", name="Mit Passkey bestätigen").click()
    expect(page.get_by_role("status")).to_have_text("Gespeichert.")
    expect(page.get_by_text("Mein Telefon")).to_have_count(0)

    sign_out(page)
    sign_in(page, who)
    expect(page.locator("#sign-out")).to_be_visible()


def test_several_passkeys_and_the_app_are_listed_and_each_lets_in(desk: Desk) -> None:
    who = desk.moderator("Erika")
    page, _ = open_page(desk, who)
    add_first(page, who)
    other = desk.visit().new_page()
    device = plug_in(other)
    # The second device signs in with a recovery code, for the passkey is on the first.
    page.goto(f"{desk.site.url}/desk/second-factor")
    page.get_by_role("button", name="Neue Wiederherstellungscodes").click()
    page.get_by_label("Passwort").fill(who.password)
    page.get_by_role("button", name="Mit Passkey bestätigen").click()
    recovery = page.locator(".codes li").first.inner_text()
    other.goto(f"{desk.site.url}/desk/second-factor")
    sign_in(other, who)
    expect(other.get_by_role("button", name="Mit Passkey bestätigen")).to_be_visible()
    other.get_by_label("Wiederherstellungscode").fill(recovery)
    other.locator("#sign-in button[type=submit]").click()
    add(other, who, "Schlüssel am Bund")
    expect(other.locator(".passkey")).to_have_count(2)
    expect(other.get_by_role("status")).to_have_text("Gespeichert.")

    sign_out(other)
    sign_in(other, who)
    other.get_by_role("button", name="Mit Passkey bestätigen").click()

    expect(other.locator("#sign-out")).to_be_visible()
    assert len(device.credentials()) == 1
    look(other, "passkeys-two")


def test_the_same_device_makes_no_second_passkey_for_the_same_account(desk: Desk) -> None:
    who = desk.moderator("Erika")
    page, _ = open_page(desk, who)
    add_first(page, who)
    page.goto(f"{desk.site.url}/desk/second-factor")

    add(page, who, "Noch einer")

    expect(page.get_by_role("alert")).to_have_text("Auf diesem Gerät gibt es schon einen Passkey für dieses Konto.")


def test_a_copied_key_is_refused(desk: Desk, named_site: Site) -> None:
    who = desk.moderator("Erika")
    page, device = open_page(desk, who)
    recovery = add_first(page, who)
    with named_site.world.database.write() as session:
        row = session.scalars(select(Passkey).order_by(Passkey.id.desc()).limit(1)).one()
        row.sign_count = 100
    sign_out(page)
    sign_in(page, who)

    page.get_by_role("button", name="Mit Passkey bestätigen").click()

    expect(page.get_by_role("alert")).to_contain_text("Der Passkey wurde nicht angenommen")
    page.get_by_label("Wiederherstellungscode").fill(recovery)
    page.locator("#sign-in button[type=submit]").click()
    expect(page.locator("#sign-out")).to_be_visible()
    assert device.credentials()[0]["signCount"] < 100


def test_where_the_browser_gives_up_one_is_told_and_can_try_again(desk: Desk) -> None:
    who = desk.moderator("Erika")
    page, device = open_page(desk, who)
    device.unplug()
    # Chromium itself would wait for a minute.
    page.evaluate(
        "() => { navigator.credentials.create = () => Promise.reject(new DOMException('', 'NotAllowedError')); }"
    )

    add(page, who, "Mein Telefon")

    expect(page.get_by_role("alert")).to_contain_text("Das wurde abgebrochen oder hat zu lange gedauert")
    page.reload()
    plug_in(page)
    add_first(page, who)


def test_a_site_that_wants_second_factors_is_content_with_a_passkey(desk: Desk, named_site: Site) -> None:
    with named_site.world.database.write() as session:
        sites.set_sign_in(sites.by_key(session, desk.key), staff_second_factor=True)
    who = desk.moderator("Erika")
    page, _ = open_page(desk, who)
    expect(page.get_by_text("Für die Moderation ist hier ein zweiter Faktor vorgeschrieben")).to_be_visible()

    add_first(page, who)
    page.get_by_role("link", name="Ich habe sie aufbewahrt").click()

    expect(page.get_by_text("Nichts wartet.")).to_be_visible()
    with named_site.world.database.write() as session:
        sites.set_sign_in(sites.by_key(session, desk.key), staff_second_factor=False)


def test_in_english_on_a_narrow_screen_nothing_overflows_and_axe_finds_nothing(desk: Desk) -> None:
    who = desk.moderator("Erika Mustermann-Schmidt")
    page, _ = open_page(desk, who, viewport={"width": 320, "height": 640}, locale="en-GB")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_label("Name")).to_have_value("This device")
    look(page, "passkeys-add-en-320")
    page.get_by_label("Password").fill(who.password)
    page.get_by_role("button", name="Create the passkey").click()
    expect(page.locator(".codes li")).to_have_count(10)
    page.goto(f"{desk.site.url}/desk/second-factor")
    expect(page.get_by_text("created just now")).to_be_visible()
    look(page, "passkeys-on-en-320")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert axe_findings(page) == []

    page.locator("#sign-out").click()
    sign_in(page, who)

    expect(page.get_by_role("button", name="Confirm with passkey")).to_be_visible()
    look(page, "passkeys-sign-in-en-320")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert axe_findings(page) == []


def test_under_a_number_the_page_says_why_there_are_none(site: Site, visit: Callable[..., BrowserContext]) -> None:
    desk = Desk(site, visit)
    page = desk.open(desk.moderator("Erika"), "/desk/second-factor")

    expect(page.get_by_text("sie hat nur eine Nummer")).to_be_visible()
    expect(page.get_by_role("button", name="Passkey hinzufügen")).to_have_count(0)
