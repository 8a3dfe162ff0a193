"""Moderators act on authors at the desk; authors see it in the section."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from moderation import accounts, sessions
from moderation.models import Role
from tests.browser.desk_visits import Desk
from tests.browser.section_visits import Newspaper, section, sign_in, writing
from tests.browser.visitors import Site, Visitor, Watch, axe_findings, look
from tests.sentences import sentence
from tests.world import Person

SIZES = [("de-DE", 360), ("en-GB", 1280)]


@pytest.fixture
def desk(site: Site, visit: Callable[..., BrowserContext]) -> Desk:
    return Desk(site, visit)


def act(page: Page, spoken: str) -> None:
    page.get_by_role("button", name="Maßnahmen …" if spoken == "de" else "Take action …").click()


@pytest.mark.parametrize(("locale", "width"), SIZES)
def test_an_author_is_suspended_with_reason_and_word_and_the_suspension_taken_back(
    desk: Desk, watch: Watch, locale: str, width: int
) -> None:
    spoken = locale[:2]
    de = spoken == "de"
    (waiting,) = desk.waiting(1, by=desk.reader("Rosa Grell"))
    page = desk.open(desk.moderator("Erika"), locale=locale, viewport={"width": width, "height": 800})
    act(page, spoken)
    dialog = page.get_by_role("dialog")
    look(page, f"sanctions-{spoken}-{width}")
    dialog.get_by_role("radio", name="Sperre auf Zeit" if de else "Suspension").check()
    dialog.get_by_label("Bis wann" if de else "Until when").select_option("3")
    dialog.locator("#sanction-reason").select_option("repeated")
    dialog.locator("#sanction-note").fill("Dreimal gebeten.")
    assert axe_findings(page) == []
    look(page, f"sanctions-suspend-{spoken}-{width}")
    dialog.get_by_role("button", name="Maßnahme verhängen" if de else "Impose sanction").click()

    now = dialog.locator(".in-force")
    expect(now).to_contain_text("Sperre auf Zeit bis" if de else "Suspension until")
    expect(now).to_contain_text("Dreimal gebeten.")
    expect(now).to_contain_text("Erika")
    look(page, f"sanctions-imposed-{spoken}-{width}")
    expect(page.locator(".standing")).to_contain_text("Gesperrt bis" if de else "Suspended until")

    now.get_by_role("button", name="Zurücknehmen" if de else "Take back").click()
    expect(now).to_have_count(0)
    dialog.get_by_text("Frühere Maßnahmen" if de else "Earlier sanctions").click()
    expect(dialog).to_contain_text("Zurückgenommen von Erika" if de else "Taken back by Erika")
    dialog.get_by_role("button", name="Schließen" if de else "Close").click()
    expect(page.locator(".standing")).to_have_count(0)
    assert desk.status(waiting) == "held"
    watch.assert_clean()


@pytest.mark.parametrize(("locale", "width"), SIZES)
def test_all_comments_of_an_author_go_with_progress_and_come_back(
    desk: Desk, watch: Watch, locale: str, width: int
) -> None:
    spoken = locale[:2]
    de = spoken == "de"
    author = desk.reader("Rosa Grell")
    published = [desk.post(author, sentence(each)) for each in range(25)]
    waiting = desk.waiting(1, by=author)
    page = desk.open(desk.moderator("Erika"), locale=locale, viewport={"width": width, "height": 800})
    act(page, spoken)
    dialog = page.get_by_role("dialog")
    dialog.locator("summary").filter(has_text="Alle Kommentare" if de else "All comments").click()
    dialog.locator("#removal-reason").select_option("spam")
    look(page, f"removal-{spoken}-{width}")
    dialog.get_by_role("button", name="Alle Kommentare entfernen" if de else "Remove all comments").click()

    expect(dialog).to_contain_text("26 Kommentare entfernt" if de else "26 comments removed")
    look(page, f"removal-done-{spoken}-{width}")
    desk.expect_statuses(published + waiting, ["rejected"] * 26)

    dialog.get_by_role("button", name="Rückgängig machen" if de else "Undo", exact=True).click()
    expect(dialog).to_contain_text("Rückgängig gemacht von Erika" if de else "Undone by Erika")
    desk.expect_statuses(published + waiting, ["published"] * 25 + ["held"])
    watch.assert_clean()


def test_an_admin_demands_a_new_password_and_a_moderator_has_no_such_button(desk: Desk, watch: Watch) -> None:
    desk.waiting(1)
    page = desk.open(desk.moderator("Erika"))
    act(page, "de")
    expect(page.get_by_text("Neues Passwort verlangen")).to_have_count(0)

    page = desk.open(desk.site.visitor(Role.ADMIN, name="Ina"), f"/desk?site={desk.key}")
    act(page, "de")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Neues Passwort verlangen").first.click()
    dialog.get_by_role("button", name="Neues Passwort verlangen").click()

    expect(dialog.get_by_role("status")).to_have_text("Die Nachricht ist unterwegs.")
    watch.assert_clean()


def person_of(site: Site, who: Visitor) -> Person:
    with site.world.database.write() as session:
        account = accounts.demand_by_email(session, who.email)
        begun = sessions.begin(session, account, lifetimes=site.world.services.lifetimes, now=site.world.clock())
        return Person(account, accounts.actor_for(session, account), begun.token)


@pytest.mark.parametrize(("language", "width"), [("de", 360), ("en", 1200)])
def test_a_warning_is_acknowledged_before_anything_is_written(
    paper: Newspaper, site: Site, watch: Watch, language: str, width: int
) -> None:
    who = site.visitor(name="Rosa Grell")
    person = person_of(site, who)
    site.world.sanction(person, "warning", site=paper.key, note="So nicht, bitte.")
    page = paper.open(lang=language, options={"viewport": {"width": width, "height": 800}})
    writing(page).fill(sentence(3))
    sign_in(page, who)
    notice = section(page).get_by_role("region", name="Verwarnung" if language == "de" else "Warning")
    expect(notice).to_contain_text("So nicht, bitte.")
    expect(writing(page)).to_be_hidden()
    look(page, f"warning-{language}-{width}")
    assert axe_findings(page) == []

    notice.get_by_role("button").click()

    expect(notice).to_have_count(0)
    expect(writing(page)).to_have_value(sentence(3))
    writing(page).press("Control+Enter")
    expect(section(page).locator("article.comment")).to_contain_text(sentence(3))
    watch.assert_clean()


@pytest.mark.parametrize(("language", "width"), [("de", 360), ("en", 1200)])
@pytest.mark.parametrize("kind", ["suspension", "ban", "premoderation"])
def test_who_is_sanctioned_sees_why_and_until_when(
    paper: Newspaper, site: Site, watch: Watch, kind: str, language: str, width: int
) -> None:
    who = site.visitor(name="Rosa Grell")
    person = person_of(site, who)
    days = 3 if kind == "suspension" else None
    site.world.sanction(person, kind, site=paper.key, days=days, note="Lies bitte die Regeln.", reason="hate")
    page = paper.open(lang=language, options={"viewport": {"width": width, "height": 800}})
    sign_in(page, who)

    notice = section(page).locator(".voice section")
    expect(notice).to_contain_text("Lies bitte die Regeln.")
    expect(notice).to_contain_text("Hass gegen Gruppen" if language == "de" else "hate against groups")
    if kind == "suspension":
        expect(notice).to_contain_text("bis" if language == "de" else "until")
    look(page, f"{kind}-{language}-{width}")
    expect(writing(page)).to_be_visible(visible=kind == "premoderation")
    assert axe_findings(page) == []
    watch.assert_clean()
