"""Readers and staff sign in with a real identity provider, across three origins: newspaper, provider, and Vorab."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from moderation import accounts, identity_providers, second_factor, sites
from moderation.identity_providers import NewProvider
from tests import identity_provider
from tests.browser.desk_visits import Desk
from tests.browser.section_visits import Newspaper, Press, press_button, section, writing
from tests.browser.visitors import Site, Watch
from tests.identity_provider import CLIENT_ID, SECRET, Running

TEXT = "Das sehe ich auch so, und zwar aus drei Gründen."


@pytest.fixture
def newspaper(site: Site, press: Press, visit: Callable[..., BrowserContext], provider: Running) -> Newspaper:
    made = Newspaper(site, press, visit)
    offer(site, made.key, provider.issuer)
    return made


def offer(site: Site, key: str, issuer: str, *, name: str = "Zeitungskonto", **changes: Any) -> None:
    command = NewProvider("dienst", name, issuer, CLIENT_ID, SECRET, **changes)
    held = site.world.services
    with site.world.database.write() as session:
        identity_providers.add(session, held.sealer, sites.by_key(session, key), command, now=site.world.clock())


def look(page: Page, name: str) -> None:
    """Leave a picture where somebody wants to look at it."""
    if folder := os.environ.get("VORAB_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def begin(page: Page, label: str = "Mit Zeitungskonto anmelden") -> None:
    section(page).locator(".gate + .row button").first.click()
    section(page).get_by_role("button", name=label).click()


def sign_in_there(page: Page, person: str) -> None:
    expect(page.get_by_role("heading", name="Wer bist du?")).to_be_visible()
    page.get_by_role("button", name=person, exact=True).click()


def test_a_reader_comes_back_to_the_text_that_was_begun_and_sends_it(newspaper: Newspaper, watch: Watch) -> None:
    page = newspaper.open()
    writing(page).fill(TEXT)

    begin(page)
    sign_in_there(page, "rosa")

    expect(section(page).locator(".account")).to_contain_text("rosa_l")
    assert page.url == newspaper.address, "nothing of it stays in the address bar"
    expect(writing(page)).to_have_value(TEXT)
    expect(writing(page)).to_be_focused()
    press_button(page, "Absenden")
    # The first text of a process waits until the languages are loaded.
    expect(section(page).locator("article.comment").filter(has_text=TEXT)).to_be_visible(timeout=30_000)
    assert newspaper.bodies() == [TEXT]
    # No cookie is left of it, and none was ever a third party's.
    assert [cookie["name"] for cookie in page.context.cookies() if cookie["name"].startswith("vorab")] == []
    assert (watch.errors, watch.reports) == ([], [])


def test_it_works_where_third_party_cookies_are_blocked_and_the_page_sends_no_referrer(
    newspaper: Newspaper,
) -> None:
    head = '<meta name="referrer" content="no-referrer">'
    page = newspaper.open(head=head)

    begin(page)
    sign_in_there(page, "tom")

    expect(section(page).locator(".account")).to_contain_text("Tom Krug")


def test_a_reload_keeps_the_reader_signed_in_and_does_nothing_twice(newspaper: Newspaper) -> None:
    page = newspaper.open()
    begin(page)
    sign_in_there(page, "tom")
    expect(section(page).locator(".account")).to_contain_text("Tom Krug")

    page.reload()

    expect(section(page).locator(".account")).to_contain_text("Tom Krug")
    expect(section(page).get_by_role("alert").first).to_have_count(0)


def test_who_does_not_want_to_stay_signed_in_is_not(newspaper: Newspaper) -> None:
    page = newspaper.open()
    section(page).locator(".gate + .row button").first.click()
    section(page).get_by_label("Auf diesem Gerät angemeldet bleiben").uncheck()
    section(page).get_by_role("button", name="Mit Zeitungskonto anmelden").click()
    sign_in_there(page, "tom")
    expect(section(page).locator(".account")).to_contain_text("Tom Krug")

    other = page.context.new_page()
    other.goto(newspaper.address)

    expect(writing(other)).to_be_visible()
    expect(section(other).locator(".account")).to_be_empty()


def test_who_says_no_there_is_told_and_loses_nothing(newspaper: Newspaper) -> None:
    page = newspaper.open()
    writing(page).fill(TEXT)
    begin(page)
    expect(page.get_by_role("heading", name="Wer bist du?")).to_be_visible()
    page.locator("button").last.click()

    expect(section(page).get_by_role("alert").first).to_contain_text("Anmeldung über Zeitungskonto ist nicht gelungen")
    look(page, "provider-refused")
    expect(writing(page)).to_have_value(TEXT)
    assert page.url == newspaper.address


def test_a_provider_that_is_down_is_said_to_be_down_and_the_text_is_still_there(
    site: Site, press: Press, visit: Callable[..., BrowserContext]
) -> None:
    newspaper = Newspaper(site, press, visit)
    with identity_provider.running() as gone:
        offer(site, newspaper.key, gone.issuer)
    page = newspaper.open()
    writing(page).fill(TEXT)

    begin(page)

    expect(section(page).get_by_role("alert").first).to_contain_text("Zeitungskonto ist gerade nicht zu erreichen")
    expect(writing(page)).to_have_value(TEXT)


def test_a_sign_in_that_another_window_began_is_refused(newspaper: Newspaper) -> None:
    """Somebody sends a link with an answer of theirs, to have others write in their name."""
    page = newspaper.open()

    page.goto(f"{newspaper.address}#vorab-sign-in=v1.AAAA")
    page.reload()

    expect(section(page).get_by_role("alert").first).to_contain_text("ließ sich nicht zu Ende bringen")
    expect(section(page).locator(".account")).to_be_empty()
    assert page.url == newspaper.address


def test_staff_link_their_account_and_get_to_the_desk_with_it(
    site: Site, provider: Running, visit: Callable[..., BrowserContext], press: Press
) -> None:
    desk = Desk(site, visit)
    offer(site, desk.key, provider.issuer, for_readers=False, for_staff=True)
    who = desk.moderator("Mira")
    label = "Mit Zeitungskonto anmelden"
    page = visit(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(f"{site.url}/desk")
    look(page, "desk-providers")

    # Nobody knows yet whom the provider means.
    page.get_by_role("button", name=label).click()
    sign_in_there(page, "mira")
    expect(page.get_by_role("alert")).to_contain_text("Zu dieser Anmeldung gehört kein Konto der Redaktion")
    look(page, "desk-provider-unknown")
    page.locator("#email").fill(who.email)
    page.locator("#password").fill(who.password)
    page.locator("#sign-in button[type=submit]").click()
    page.get_by_role("link", name="Mira").click()
    page.get_by_role("button", name="Mit Zeitungskonto verknüpfen").click()
    sign_in_there(page, "mira")
    expect(page.get_by_text("Zeitungskonto hat Sie erkannt.")).to_be_visible()
    look(page, "desk-provider-link")
    page.get_by_label("Passwort").fill(who.password)
    page.get_by_role("button", name="Verknüpfen", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Gespeichert.")
    look(page, "desk-provider-linked")

    page.locator("#sign-out").click()
    expect(page.locator("#email")).to_be_visible()
    page.goto(f"{site.url}/desk")
    page.get_by_role("button", name=label).click()
    sign_in_there(page, "mira")
    expect(page.get_by_text("Nichts wartet.")).to_be_visible()
    assert page.url == f"{site.url}/desk"

    # With a second factor, the provider stands for the password alone.
    with site.world.database.write() as session:
        account = accounts.demand_by_email(session, who.email)
        now = site.world.clock()
        begun = second_factor.begin(session, site.world.services.sealer, account, issuer="x", now=now)
        first = pyotp.TOTP(begun.secret).at(now - dt.timedelta(seconds=30))
        codes = second_factor.confirm(session, site.world.services.sealer, account, first, now=now)
    page.locator("#sign-out").click()
    page.get_by_role("button", name=label).click()
    sign_in_there(page, "mira")
    expect(page.locator("#sign-in-error")).to_have_text("Bitte geben Sie den Code aus Ihrer App ein.")
    expect(page.locator("#email")).to_be_hidden()
    look(page, "desk-provider-code")
    page.get_by_label("Code", exact=True).fill(codes[0])
    page.get_by_role("button", name="Mit Code anmelden").click()
    expect(page.get_by_text("Nichts wartet.")).to_be_visible()

    page.get_by_role("link", name="Mira").click()
    page.get_by_role("button", name="Verknüpfung mit Zeitungskonto lösen").click()
    expect(page.get_by_role("button", name="Verknüpfung mit Zeitungskonto lösen")).to_have_count(0)


def test_at_the_desk_a_provider_that_is_down_is_said_to_be_down(
    site: Site, visit: Callable[..., BrowserContext], press: Press
) -> None:
    desk = Desk(site, visit)
    with identity_provider.running() as gone:
        offer(site, desk.key, gone.issuer, for_readers=False, for_staff=True, name="Fernes Konto")
    page = visit(viewport={"width": 320, "height": 640}, locale="en-GB").new_page()
    page.goto(f"{site.url}/desk")

    page.get_by_role("button", name="Sign in with Fernes Konto").click()

    expect(page.get_by_role("alert")).to_contain_text("Fernes Konto cannot be reached right now.")
    look(page, "desk-provider-down-en-320")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize(
    ("language", "label", "width"),
    [("de", "Mit Zeitungskonto anmelden", 1280), ("en", "Sign in with Zeitungskonto", 320)],
)
def test_the_dialog_offers_it_in_both_languages_and_on_narrow_screens(
    newspaper: Newspaper, language: str, label: str, width: int
) -> None:
    page = newspaper.open(lang=language, options={"viewport": {"width": width, "height": 720}})

    section(page).locator(".gate + .row button").first.click()

    expect(section(page).get_by_role("button", name=label)).to_be_visible()
    look(page, f"provider-dialog-{language}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
