"""Asking for a second look, and giving one: in the section, and at the desk."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from moderation.models import Comment, Decision, Role
from tests.browser.desk_visits import Desk, rows
from tests.browser.section_visits import Newspaper, comment, press_button, section, write
from tests.browser.visitors import Site, Visitor, Watch, axe_findings, look
from tests.sentences import CALM, insult, sentence
from tests.world import Person, json_of

WHY = "Das war ein Zitat aus dem Artikel, und das steht auch so da."


@pytest.fixture
def desk(site: Site, visit: Callable[..., BrowserContext]) -> Desk:
    return Desk(site, visit)


def appealed(desk: Desk, author: Person, moderator: Person, body: str, text: str | None = WHY) -> dict[str, Any]:
    """A comment that the moderator refused and its author wants looked at again."""
    comment = desk.post(author, body)
    world = desk.site.world
    wish = {"reason_code": "insult", "note": "Bitte ohne Schimpfwort."}
    assert world.review(comment, "reject", moderator, **wish).status_code == 200
    answer = world.call("POST", f"/comments/{comment['id']}/appeal", {"text": text}, by=author)
    assert answer.status_code == 201
    return json_of(answer)


def test_appeals_have_a_queue_of_their_own_and_are_answered_with_a_key(desk: Desk) -> None:
    world, ada = desk.site.world, desk.reader("Ada")
    colleague = world.person(Role.MODERATOR, desk.key, name="Kollege")
    (held,) = desk.waiting(1)
    first = appealed(desk, ada, colleague, insult(7))
    second = appealed(desk, ada, colleague, insult(8), None)
    page = desk.open(desk.moderator("Erika"))
    expect(rows(page)).to_have_count(3)
    expect(page.locator('[data-count="appealed"]')).to_have_text("2")

    page.keyboard.press("t")
    page.keyboard.press("t")
    page.keyboard.press("t")
    expect(page.locator('[data-status="appealed"]')).to_have_attribute("aria-pressed", "true")
    expect(rows(page)).to_have_count(2)
    expect(page.locator(".row-why").first).to_have_text("Einspruch")
    box = page.locator(".appeal")
    expect(box).to_contain_text(WHY)
    expect(box).to_contain_text("Abgelehnt von: Kollege · Beleidigung")
    expect(box).to_contain_text("Bitte ohne Schimpfwort.")
    expect(box).not_to_contain_text("Sie haben diesen Kommentar abgelehnt.")
    expect(page.locator(".state.rejected").first).to_contain_text("Einspruch seit")
    page.keyboard.press("p")
    expect(page.locator('[data-count="appealed"]')).to_have_text("1")
    expect(box).to_contain_text("Ohne Begründung.")
    page.keyboard.press("1")
    expect(page.locator('[data-count="appealed"]')).to_have_text("0")
    expect(page.locator('[data-count="all"]')).to_have_text("1")
    desk.expect_statuses([first, second, held], ["published", "rejected", "held"])
    page.keyboard.press("u")
    expect(page.locator('[data-count="appealed"]')).to_have_text("1")
    expect(box).to_contain_text("Ohne Begründung.")


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("width", [320, 1280])
def test_whoever_refused_it_is_told_so_and_axe_finds_nothing(desk: Desk, language: str, width: int) -> None:
    world, ada = desk.site.world, desk.reader("Ada")
    erika = desk.moderator("Erika")
    comment = desk.post(ada, sentence(3))
    world.call("PATCH", f"/comments/{comment['id']}", {"body": insult(3)}, by=ada)
    page = desk.open(erika, f"/desk?status=any&lang={language}", viewport={"width": width, "height": 800})
    expect(page.locator(".item")).to_be_visible()
    page.keyboard.press("1")
    desk.expect_statuses([comment], ["rejected"])
    assert world.call("POST", f"/comments/{comment['id']}/appeal", {"text": WHY}, by=ada).status_code == 201

    page.wait_for_load_state("networkidle")
    page.goto(desk.site.url + "/desk?status=appealed")

    yours = {"de": "Sie haben diesen Kommentar abgelehnt.", "en": "You refused this comment."}[language]
    expect(page.locator(".appeal")).to_contain_text(yours)
    expect(page.locator('[data-status="appealed"]')).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe_findings(page) == []
    look(page, f"appeal-desk-{language}-{width}")


def test_an_appeal_that_comes_while_somebody_decides_is_read_first(desk: Desk) -> None:
    world, ada = desk.site.world, desk.reader("Ada")
    colleague = world.person(Role.MODERATOR, desk.key)
    comment = desk.post(ada, insult(4))
    world.review(comment, "reject", colleague, reason_code="insult")
    page = desk.open(desk.moderator("Erika"), "/desk?status=rejected")
    expect(rows(page)).to_have_count(1)
    page.context.route("**/review-queue/state*", lambda route: route.abort())
    world.call("POST", f"/comments/{comment['id']}/appeal", {"text": WHY}, by=ada)

    page.keyboard.press("2")

    expect(page.locator(".notice", has_text="um eine zweite Prüfung gebeten")).to_be_visible()
    expect(page.locator(".appeal")).to_contain_text(WHY)
    assert desk.status(comment) == "rejected"
    assert world.queue_item(comment["id"], world.person(Role.ADMIN))["appeal"]["status"] == "waiting"


def test_the_figures_say_what_became_of_appeals(desk: Desk) -> None:
    world, ada = desk.site.world, desk.reader("Ada")
    colleague = world.person(Role.MODERATOR, desk.key)
    comment = appealed(desk, ada, colleague, insult(5))
    world.review(comment, "publish", colleague)
    appealed(desk, ada, colleague, insult(6))

    page = desk.open(desk.moderator("Erika"), "/desk/figures")

    figures = page.locator("#appeals .key-figures")
    expect(figures).to_contain_text("eingegangen")
    assert [text.strip() for text in figures.locator("dd").all_text_contents()][:4] == ["2", "1", "1", "0"]
    assert axe_findings(page) == []
    look(page, "appeals-figures")


def refuse(paper: Newspaper) -> tuple[Person, dict[str, Any]]:
    """A moderator refuses the only comment that waits."""
    world = paper.site.world
    moderator = world.person(Role.MODERATOR, paper.key)
    (item,) = json_of(world.call("GET", f"/review-queue?site={paper.key}", by=moderator))["items"]
    wish = {"reason_code": "insult", "note": "Bitte ohne Schimpfwort."}
    assert world.review(item, "reject", moderator, **wish).status_code == 200
    return moderator, item


def refused_page(paper: Newspaper, who: Visitor, **options: Any) -> tuple[Page, Person, dict[str, Any]]:
    """The page of a reader whose comment was refused while they were away."""
    page = paper.open(who, options=options)
    write(page, insult(3))
    press_button(page, "So an die Redaktion senden")
    expect(comment(page, "Murrkopf").locator(".state.held")).to_be_visible()
    moderator, item = refuse(paper)
    page.reload()
    expect(comment(page, "Murrkopf").locator(".state.rejected")).to_be_visible()
    return page, moderator, item


@pytest.mark.parametrize(("action", "outcome"), [("publish", "Veröffentlicht."), ("reject", "Nicht veröffentlicht.")])
def test_a_reader_asks_by_keyboard_and_learns_the_outcome(
    paper: Newspaper, watch: Watch, action: str, outcome: str
) -> None:
    page, moderator, item = refused_page(paper, paper.site.visitor())
    ask = section(page).get_by_role("button", name="Noch einmal prüfen lassen")
    ask.focus()
    page.keyboard.press("Enter")
    form = section(page).locator("form.ask")
    expect(form.locator("textarea")).to_be_focused()
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    expect(ask).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type(WHY)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    own = comment(page, "Murrkopf")
    expect(own).to_contain_text("Liegt der Redaktion noch einmal vor.")
    expect(own).to_contain_text(WHY)
    expect(own).to_be_focused()
    expect(ask).to_have_count(0)
    expect(section(page).get_by_role("button", name="Ausblenden")).to_have_count(0)
    page.reload()
    expect(own).to_contain_text("Liegt der Redaktion noch einmal vor.")

    wish = {"note": "Noch einmal gelesen.", **({"reason_code": "insult"} if action == "reject" else {})}
    assert paper.site.world.review(item, action, moderator, **wish).status_code == 200
    page.reload()
    expect(own).to_contain_text(outcome)
    expect(own).to_contain_text("Du hast um eine zweite Prüfung gebeten")
    expect(own).to_contain_text("Noch einmal gelesen.")
    expect(ask).to_have_count(0)
    press_button(page, "Ausblenden")
    expect(section(page).get_by_text("Du hast um eine zweite Prüfung gebeten")).to_have_count(0)
    watch.assert_clean()


def test_what_was_written_stays_when_it_cannot_be_sent(paper: Newspaper) -> None:
    page, _, _ = refused_page(paper, paper.site.visitor())
    press_button(page, "Noch einmal prüfen lassen")
    form = section(page).locator("form.ask")
    form.locator("textarea").fill(WHY)
    paper.site.world.set_policy(dataclasses.replace(CALM, appeal_days=0), paper.key)

    form.get_by_role("button", name="Noch einmal prüfen lassen").click()

    expect(form.get_by_role("alert")).to_contain_text("keine zweite Prüfung")
    expect(form.locator("textarea")).to_have_value(WHY)
    paper.site.world.set_policy(CALM, paper.key)
    form.get_by_role("button", name="Noch einmal prüfen lassen").click()
    expect(comment(page, "Murrkopf")).to_contain_text("Liegt der Redaktion noch einmal vor.")


def test_nobody_is_offered_what_the_site_does_not_do(paper: Newspaper) -> None:
    paper.site.world.set_policy(dataclasses.replace(CALM, appeal_days=0), paper.key)

    page, _, _ = refused_page(paper, paper.site.visitor())

    expect(section(page).get_by_role("button", name="Ausblenden")).to_be_visible()
    expect(section(page).get_by_role("button", name="Noch einmal prüfen lassen")).to_have_count(0)


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_in_the_form_and_after_it(paper: Newspaper, language: str, width: int) -> None:
    page, _, _ = refused_page(
        paper, paper.site.visitor(), viewport={"width": width, "height": 800}, locale=f"{language}-GB"
    )
    paper.print(lang=language)
    page.reload()
    name = {"de": "Noch einmal prüfen lassen", "en": "Ask for a second review"}[language]
    press_button(page, name)
    form = section(page).locator("form.ask")
    form.locator("textarea").fill(WHY)
    assert axe_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    look(page, f"appeal-form-{language}-{width}")

    form.locator("button[type=submit]").click()

    expect(form).to_have_count(0)
    expect(comment(page, "Murrkopf").locator(".state q")).to_have_count(2)
    assert axe_findings(page) == []
    look(page, f"appeal-sent-{language}-{width}")


def test_a_refusal_stays_in_sight_for_as_long_as_it_can_be_appealed(paper: Newspaper) -> None:
    page, _, item = refused_page(paper, paper.site.visitor())

    _make_older(paper, item, days=174)
    page.reload()
    expect(section(page).get_by_role("button", name="Noch einmal prüfen lassen")).to_be_visible()

    _make_older(paper, item, days=11)
    page.reload()
    expect(section(page).locator(".account")).to_be_visible()
    expect(section(page).get_by_text("Noch hat niemand kommentiert.")).to_be_visible()
    expect(comment(page, "Murrkopf")).to_have_count(0)


def _make_older(paper: Newspaper, item: dict[str, Any], *, days: int) -> None:
    comment_id, age = uuid.UUID(item["id"]), dt.timedelta(days=days)
    with paper.site.world.database.write() as session:
        session.get_one(Comment, comment_id).created_at -= age
        for decision in session.scalars(select(Decision).where(Decision.comment_id == comment_id)):
            decision.decided_at -= age
