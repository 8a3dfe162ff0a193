"""Moderators set up a second factor at the desk, and sign in with it there and in the comment section."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from moderation import sites
from moderation.models import Role
from tests.browser.desk_visits import Desk
from tests.browser.visitors import Site
from tests.world import json_of


@pytest.fixture
def desk(site: Site, visit: Callable[..., BrowserContext]) -> Desk:
    return Desk(site, visit)


@pytest.fixture
def strict_desk(desk: Desk, site: Site) -> Iterator[Desk]:
    """A desk whose site wants second factors. Afterwards no longer: every admin in the database would need one."""
    want_second_factors(desk, site, is_wanted=True)
    yield desk
    want_second_factors(desk, site, is_wanted=False)


def want_second_factors(desk: Desk, site: Site, *, is_wanted: bool) -> None:
    with site.world.database.write() as session:
        sites.set_sign_in(sites.by_key(session, desk.key), staff_second_factor=is_wanted)


def sign_in(page: Page, email: str, password: str) -> None:
    page.locator("#email").fill(email)
    page.locator("#password").fill(password)
    page.locator("#sign-in button[type=submit]").click()


def code(site: Site, seed: str) -> str:
    return pyotp.TOTP(seed).at(site.world.clock())


def look(page: Page, name: str) -> None:
    """Leave a picture where somebody wants to look at it."""
    if folder := os.environ.get("VORAB_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def test_a_site_that_wants_it_leads_its_moderators_through(strict_desk: Desk, site: Site) -> None:
    who = strict_desk.moderator("Erika")
    page = strict_desk.visit(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(f"{site.url}/desk")
    sign_in(page, who.email, who.password)

    expect(page.get_by_text("Für die Moderation ist hier ein zweiter Faktor vorgeschrieben")).to_be_visible()
    look(page, "factor-off")
    page.get_by_role("button", name="Einrichten").click()
    page.get_by_label("Passwort").fill("falsch")
    page.get_by_role("button", name="Einrichten").click()
    expect(page.get_by_role("alert")).to_have_text("Das Passwort stimmt nicht.")
    page.get_by_label("Passwort").fill(who.password)
    page.get_by_role("button", name="Einrichten").click()
    expect(page.get_by_role("img", name="QR-Code für die App")).to_be_visible()
    look(page, "factor-begun")
    seed = page.locator(".secret").inner_text().replace(" ", "")
    page.get_by_label("Code, den die App jetzt zeigt").fill(code(site, seed))
    page.get_by_role("button", name="Bestätigen").click()
    expect(page.locator(".codes li")).to_have_count(10)
    look(page, "factor-codes")
    recovery = page.locator(".codes li").first.inner_text()
    page.get_by_role("link", name="Ich habe sie aufbewahrt").click()
    expect(page.get_by_text("Nichts wartet.")).to_be_visible()

    # At the next sign-in the app is asked for; a recovery code will do, once.
    page.locator("#sign-out").click()
    sign_in(page, who.email, who.password)
    expect(page.locator("#sign-in-error")).to_have_text("Bitte geben Sie den Code aus Ihrer App ein.")
    look(page, "factor-sign-in")
    page.get_by_label("Code", exact=True).fill("000000")
    page.locator("#sign-in button[type=submit]").click()
    expect(page.locator("#sign-in-error")).to_contain_text("Der Code stimmt nicht")
    page.get_by_label("Code", exact=True).fill(recovery)
    page.locator("#sign-in button[type=submit]").click()
    expect(page.get_by_text("Nichts wartet.")).to_be_visible()

    page.get_by_role("link", name="Erika").click()
    expect(page.get_by_text("9 Wiederherstellungscodes sind noch übrig.")).to_be_visible()
    look(page, "factor-on")


def test_in_english_on_a_narrow_screen_nothing_overflows(desk: Desk) -> None:
    who = desk.moderator("Erika")
    page = desk.open(who, "/desk/second-factor", viewport={"width": 320, "height": 640}, locale="en-GB")
    page.get_by_role("button", name="Set it up").click()
    page.get_by_label("Password").fill(who.password)

    page.get_by_role("button", name="Set it up").click()

    expect(page.get_by_role("img", name="QR code for the app")).to_be_visible()
    look(page, "factor-narrow")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_comment_section_asks_for_the_code_too(site: Site, visit: Callable[..., BrowserContext]) -> None:
    who = site.visitor(Role.READER, name="Rosa")
    signed_in = site.world.call("POST", "/sessions", {"email": who.email, "password": who.password})
    token = {"Authorization": f"Bearer {json_of(signed_in)['token']}"}
    wish = {"password": who.password}
    begun = json_of(site.world.call("POST", "/accounts/me/second-factor", wish, headers=token))
    first = {"code": code(site, begun["secret"])}
    confirmed = json_of(site.world.call("PUT", "/accounts/me/second-factor/confirmation", first, headers=token))
    page = visit().new_page()
    script = f'<script src="{site.url}/embed.js" data-site="demo" data-article="{site.article()}"></script>'
    content = f'<!doctype html><html lang="de"><meta charset="utf-8"><title>Artikel</title><body>{script}</body></html>'
    page.route("**/seite", lambda route: route.fulfill(body=content, content_type="text/html"))
    page.goto(f"{site.url}/seite")
    page.get_by_role("button", name="Anmelden").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-Mail").fill(who.email)
    dialog.get_by_label("Passwort").fill(who.password)
    dialog.get_by_role("button", name="Anmelden", exact=True).click()

    dialog.get_by_label("Code aus deiner App").fill(confirmed["recovery_codes"][0])
    look(page, "factor-section")
    dialog.get_by_role("button", name="Anmelden", exact=True).click()

    expect(dialog).to_be_hidden()
    expect(page.get_by_text("Rosa").first).to_be_visible()
