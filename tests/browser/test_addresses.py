"""A reader's way from registering to a confirmed address, across tabs."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from moderation import accounts, addresses
from tests.browser.letters import link_in_letter_to
from tests.browser.section_visits import Newspaper, comment, section
from tests.browser.visitors import Site, Visitor, Watch, look
from tests.sentences import sentence


def unconfirmed(site: Site, language: str = "de") -> Visitor:
    """Somebody who has just registered where addresses are verified."""
    who = site.visitor()
    with site.world.database.write() as session:
        account = accounts.demand_by_email(session, who.email)
        account.unconfirmed, account.language = True, language
        addresses.ask(session, account, now=site.world.clock())
    return who


TEXTS = {
    "de": {
        "title": "Bestätige deine Adresse",
        "waits": "Wartet auf deine Bestätigung.",
        "again": "Nachricht noch einmal schicken",
        "sent": "ist unterwegs",
        "action": "Adresse bestätigen",
        "done": "Deine Adresse ist bestätigt.",
        "send": "Absenden",
        "published": "Veröffentlicht.",
    },
    "en": {
        "title": "Confirm your address",
        "waits": "Waits for your confirmation.",
        "again": "Send the message again",
        "sent": "is on its way",
        "action": "Confirm address",
        "done": "Your address is confirmed.",
        "send": "Send",
        "published": "Published.",
    },
}


@pytest.mark.parametrize(("language", "width"), [("de", 360), ("en", 1200)])
def test_what_waits_for_a_confirmed_address_appears_after_the_links_click(
    paper: Newspaper, site: Site, watch: Watch, language: str, width: int
) -> None:
    texts, who = TEXTS[language], unconfirmed(site, language)
    page = paper.open(who, lang=language, options={"viewport": {"width": width, "height": 800}})
    notice = section(page).get_by_role("region", name=texts["title"])
    expect(notice).to_be_visible()

    section(page).locator("#text-new").fill(sentence(7))
    section(page).get_by_role("button", name=texts["send"], exact=True).click()
    expect(comment(page, sentence(7))).to_contain_text(texts["waits"])
    notice.get_by_role("button", name=texts["again"]).click()
    expect(notice.get_by_role("status")).to_contain_text(texts["sent"])
    look(page, f"confirm-section-{language}-{width}")
    assert paper.bodies() == []

    opened = page.context.new_page()
    opened.goto(link_in_letter_to(site, who.email))
    expect(opened).to_have_url(f"{site.url}/account/address?lang={language}")
    look(opened, f"confirm-page-{language}-{width}")
    opened.get_by_role("button", name=texts["action"]).click()
    expect(opened.get_by_role("status")).to_contain_text(texts["done"])
    look(opened, f"confirm-done-{language}-{width}")
    opened.close()

    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(notice).to_be_hidden()
    expect(comment(page, sentence(7))).to_contain_text(texts["published"])
    assert paper.bodies() == [sentence(7)]
    watch.assert_clean()
