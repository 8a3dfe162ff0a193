"""Somebody has forgotten their password: the page that asks, the letter, the page that its link leads to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from moderation.models import Role
from tests.browser.letters import link_in_letter_to
from tests.browser.section_visits import section
from tests.browser.test_my_data import show
from tests.browser.visitors import Site, Watch, axe_findings, look

NEW = "Birkenrinde im Regen"
TEXTS = {
    "de": {
        "sign_in": "Anmelden",
        "forgotten": "Passwort vergessen?",
        "ask": "Link anfordern",
        "asked": "Wenn es zu dieser Adresse ein Konto gibt",
        "password": "Neues Passwort",
        "show": "Passwort anzeigen",
        "save": "Passwort speichern",
        "short": "Mindestens 8 Zeichen.",
        "saved": "Dein neues Passwort gilt ab sofort.",
        "used": "Dieser Link ist abgelaufen",
        "no_token": "In dieser Adresse fehlt der Schlüssel",
    },
    "en": {
        "sign_in": "Sign in",
        "forgotten": "Forgot your password?",
        "ask": "Ask for a link",
        "asked": "If there is an account with this address",
        "password": "New password",
        "show": "Show password",
        "save": "Save password",
        "short": "At least 8 characters.",
        "saved": "Your new password works from now on.",
        "used": "This link has expired",
        "no_token": "The key from the letter is missing",
    },
}
STAFF = {
    "de": {
        "forgotten": "Passwort vergessen?",
        "intro": "Danach sind Sie auf allen Geräten abgemeldet",
        "saved": "Ihr neues Passwort gilt ab sofort.",
    },
    "en": {
        "forgotten": "Forgot your password?",
        "intro": "You will then be signed out on all devices",
        "saved": "Your new password works from now on.",
    },
}
SIZES = [("de", 360), ("en", 1200)]


def options(language: str, width: int) -> dict[str, object]:
    return {"locale": f"{language}-{'DE' if language == 'de' else 'GB'}", "viewport": {"width": width, "height": 800}}


@pytest.mark.parametrize(("language", "width"), SIZES)
def test_from_the_section_by_letter_to_a_new_password(
    site: Site, visit: Callable[..., BrowserContext], watch: Watch, language: str, width: int
) -> None:
    texts, who = TEXTS[language], site.visitor()
    context = visit(**options(language, width))
    page = context.new_page()
    show(page, site, site.article(), language=language)
    section(page).get_by_role("button", name=texts["sign_in"]).first.click()
    with context.expect_page() as opening:
        section(page).get_by_role("link", name=texts["forgotten"]).click()
    asking = opening.value
    asking.get_by_role("textbox").fill(who.email)
    assert axe_findings(asking) == []
    look(asking, f"forgotten-{language}-{width}")
    asking.get_by_role("button", name=texts["ask"]).click()
    expect(asking.get_by_role("status")).to_contain_text(texts["asked"])
    look(asking, f"forgotten-done-{language}-{width}")

    link = link_in_letter_to(site, who.email)
    page.goto(link)
    assert "#" not in page.url, "the token leaves the address bar"
    page.get_by_label(texts["password"], exact=True).fill("kurz")
    page.get_by_label(texts["show"]).check()
    page.get_by_role("button", name=texts["save"]).click()
    expect(page.get_by_role("alert")).to_have_text(texts["short"])
    assert axe_findings(page) == []
    look(page, f"password-page-{language}-{width}")
    page.get_by_label(texts["password"], exact=True).fill(NEW)
    page.get_by_role("button", name=texts["save"]).click()
    expect(page.get_by_role("status")).to_contain_text(texts["saved"])
    look(page, f"password-page-done-{language}-{width}")

    again = context.new_page()
    again.goto(link)
    again.get_by_label(texts["password"], exact=True).fill("Noch ein anderes Kennwort")
    again.get_by_role("button", name=texts["save"]).click()
    expect(again.get_by_role("alert")).to_contain_text(texts["used"])
    look(again, f"password-page-used-{language}-{width}")
    signing_in = site.world.call("POST", "/sessions", {"email": who.email, "password": NEW})
    assert signing_in.status_code == 201
    watch.assert_clean()


@pytest.mark.parametrize(("language", "width"), [("de", 320), ("en", 1280)])
def test_a_moderators_letter_leads_to_a_page_that_is_polite(
    site: Site, visit: Callable[..., BrowserContext], watch: Watch, language: str, width: int
) -> None:
    who = site.visitor(Role.MODERATOR, "demo")
    desk = visit(**options(language, width)).new_page()
    desk.goto(f"{site.url}/desk?lang={language}")
    look(desk, f"desk-sign-in-{language}-{width}")
    with desk.expect_popup() as opened:
        desk.get_by_role("link", name=STAFF[language]["forgotten"]).click()
    page = opened.value
    page.get_by_role("textbox").fill(who.email)
    page.get_by_role("button", name=TEXTS[language]["ask"]).click()
    expect(page.get_by_role("status")).to_contain_text(TEXTS[language]["asked"])
    look(page, f"forgotten-staff-{language}-{width}")

    page.goto(link_in_letter_to(site, who.email))
    expect(page.locator("#intro")).to_contain_text(STAFF[language]["intro"])
    look(page, f"password-staff-{language}-{width}")
    assert axe_findings(page) == []
    other = "en" if language == "de" else "de"
    page.get_by_role("link", name={"de": "Deutsch", "en": "English"}[other]).click()
    expect(page.locator("#intro")).to_contain_text(STAFF[other]["intro"])
    page.get_by_role("link", name={"de": "Deutsch", "en": "English"}[language]).click()
    page.get_by_label(TEXTS[language]["password"], exact=True).fill(NEW)
    page.get_by_role("button", name=TEXTS[language]["save"]).click()
    expect(page.get_by_role("status")).to_contain_text(STAFF[language]["saved"])
    look(page, f"password-staff-done-{language}-{width}")
    watch.assert_clean()


@pytest.mark.parametrize(("language", "width"), SIZES)
@pytest.mark.parametrize("path", ["/account/password", "/account/address"])
def test_an_address_without_its_key_says_so(
    site: Site, visit: Callable[..., BrowserContext], path: str, language: str, width: int
) -> None:
    page = visit(**options(language, width)).new_page()

    page.goto(f"{site.url}{path}?lang={language}")

    expect(page.get_by_role("alert")).to_contain_text(TEXTS[language]["no_token"])
    expect(page.locator("form button")).to_be_hidden()
    expect(page.locator("form > p").first).to_be_hidden()
    look(page, f"no-key{path.replace('/', '-')}-{language}-{width}")
    assert axe_findings(page) == []
