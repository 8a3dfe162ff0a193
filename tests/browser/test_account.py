"""Readers look after their account in the comment section: where they are signed in, password, address."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.letters import letters_to, link_in_letter_to
from tests.browser.section_visits import Newspaper, section
from tests.browser.visitors import Site, Visitor, Watch, axe_findings, look
from tests.site_tokens import shared_key
from tests.world import json_of

OTHER = "Birkenrinde im Regen"
SIZES = [("de", 360), ("en", 1200)]
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0"


def elsewhere(site: Site, who: Visitor, user_agent: str = FIREFOX) -> dict[str, str]:
    """The same person on another device."""
    wish = {"email": who.email, "password": who.password}
    answer = site.world.call("POST", "/sessions", wish, headers={"User-Agent": user_agent})
    return {"Authorization": f"Bearer {json_of(answer)['token']}"}


def works(site: Site, headers: dict[str, str]) -> bool:
    return site.world.call("GET", "/accounts/me", headers=headers).status_code == 200


def may_sign_in(site: Site, email: str, password: str) -> bool:
    return site.world.call("POST", "/sessions", {"email": email, "password": password}).status_code == 201


def account(page: Page, language: str, part: dict[str, str]) -> Locator:
    section(page).get_by_role("button", name="Mein Konto" if language == "de" else "My account").click()
    dialog = section(page).get_by_role("dialog")
    dialog.locator("summary").filter(has_text=part[language]).click()
    return dialog


@pytest.mark.parametrize(("language", "width"), SIZES)
def test_c7_readers_see_where_they_are_signed_in_and_end_it(
    paper: Newspaper, site: Site, watch: Watch, language: str, width: int
) -> None:
    who = site.visitor()
    windows, phone = elsewhere(site, who), elsewhere(site, who, FIREFOX.replace("Windows NT 10.0", "Android 15"))
    page = paper.open(who, lang=language, options={"viewport": {"width": width, "height": 800}})
    dialog = account(page, language, {"de": "Wo du angemeldet bist", "en": "Where you are signed in"})
    rows = dialog.locator(".sign-ins li")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("hier" if language == "de" else "here")
    assert axe_findings(page) == []
    look(page, f"sign-ins-{language}-{width}")

    end = "Firefox, Windows abmelden" if language == "de" else "Sign out Firefox, Windows"
    dialog.get_by_role("button", name=end).click()
    expect(rows).to_have_count(2)
    assert [works(site, windows), works(site, phone)] == [False, True]
    dialog.get_by_role("button", name="Überall sonst abmelden" if language == "de" else "everywhere else").click()
    expect(rows).to_have_count(1)
    assert not works(site, phone)
    expect(section(page).locator(".account")).to_contain_text(who.name)
    watch.assert_clean()


@pytest.mark.parametrize(("language", "width"), SIZES)
def test_a_reader_changes_the_password(paper: Newspaper, site: Site, watch: Watch, language: str, width: int) -> None:
    who = site.visitor()
    windows = elsewhere(site, who)
    page = paper.open(who, lang=language, options={"viewport": {"width": width, "height": 800}})
    name = {"de": "Passwort ändern", "en": "Change password"}
    dialog = account(page, language, name)
    dialog.locator("#account-current_password").fill("falsch")
    dialog.locator("#account-password").fill(OTHER)
    submit = dialog.get_by_role("button", name=name[language])
    submit.click()
    expect(dialog.get_by_role("alert")).to_contain_text("stimmt nicht" if language == "de" else "not right")
    dialog.locator("#account-current_password").fill(who.password)
    dialog.locator("#account-password").fill("kurz")
    submit.click()
    expect(dialog.locator("#account-password-note")).to_contain_text("8")
    look(page, f"password-{language}-{width}")
    assert axe_findings(page) == []
    dialog.locator("#account-password").fill(OTHER)
    submit.click()

    done = "Dein neues Passwort gilt" if language == "de" else "Your new password is valid"
    expect(dialog.get_by_role("status")).to_contain_text(done)
    assert not works(site, windows)
    assert [may_sign_in(site, who.email, each) for each in (who.password, OTHER)] == [False, True]
    page.reload()
    expect(section(page).locator(".account")).to_contain_text(who.name)


@pytest.mark.parametrize(("language", "width"), SIZES)
def test_b8_a_reader_changes_the_address(paper: Newspaper, site: Site, watch: Watch, language: str, width: int) -> None:
    who = site.visitor()
    new = who.email.replace("gast", f"neu-{language}-")
    page = paper.open(who, lang=language, options={"viewport": {"width": width, "height": 800}})
    dialog = account(page, language, {"de": "E-Mail-Adresse ändern", "en": "Change e-mail address"})
    expect(dialog).to_contain_text(who.email)
    dialog.locator("#account-email").fill(new)
    dialog.locator("#account-current_password").fill(who.password)
    look(page, f"email-{language}-{width}")
    dialog.get_by_role("button", name="Link schicken" if language == "de" else "Send link").click()
    expect(dialog.get_by_role("status")).to_contain_text(new)
    look(page, f"email-asked-{language}-{width}")
    assert not may_sign_in(site, new, who.password)

    opened = page.context.new_page()
    opened.goto(link_in_letter_to(site, new))
    opened.get_by_role("button").click()
    expect(opened.get_by_role("status")).to_be_visible()

    assert [may_sign_in(site, email, who.password) for email in (who.email, new)] == [False, True]
    page.reload()
    expect(section(page).locator(".account")).to_contain_text(who.name)
    wait_for_notice(site, who.email, "Deine Adresse bei")
    watch.assert_clean()


def wait_for_notice(site: Site, address: str, subject: str) -> None:
    until = time.monotonic() + 15
    while not any(subject in letter["Subject"] for letter in letters_to(site, address)):
        assert time.monotonic() < until
        time.sleep(0.2)


def test_whom_the_site_signs_in_has_no_password_to_change(paper: Newspaper, site: Site, watch: Watch) -> None:
    token = shared_key(site.world, site=paper.key, kid="konto").token(sub="konto-1", name="Tom Krug")
    page = paper.open()
    page.evaluate("token => document.querySelector('vorab-comments').present(token)", token)
    expect(section(page).locator(".account")).to_contain_text("Tom Krug")

    section(page).get_by_role("button", name="Mein Konto").click()

    dialog = section(page).get_by_role("dialog")
    expect(dialog.locator("summary")).to_have_text(["Wo du angemeldet bist", "Meine Daten"])
    watch.assert_clean()
