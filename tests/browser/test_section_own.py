"""The reader's own comments that others do not see: where they stand, and what stands below them."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from moderation.models import Role
from tests.browser.section_visits import Newspaper, comment, press_button, section, sign_in, write
from tests.browser.visitors import Visitor, Watch
from tests.sentences import insult, sentence
from tests.world import json_of


def test_what_only_the_author_sees_is_there_once_in_every_order(paper: Newspaper, watch: Watch) -> None:
    for number in (1, 2):
        paper.post(paper.site.world.person(), sentence(number))
    page = paper.open(paper.site.visitor())
    write(page, insult(3))
    press_button(page, "So an die Redaktion senden")
    expect(comment(page, "Murrkopf").locator(".state.held")).to_be_visible()

    for order in ("oldest", "top", "newest"):
        section(page).locator("#sort").select_option(order)
        expect(section(page).get_by_role("list", name="Kommentare")).to_have_attribute("aria-busy", "false")

    expect(comment(page, "Murrkopf")).to_have_count(1)
    watch.assert_clean()


def test_an_own_comment_that_was_taken_down_keeps_its_place_and_the_replies_below_it(
    paper: Newspaper, watch: Watch
) -> None:
    who = paper.site.visitor()
    page = paper.open(who)
    write(page, sentence(1))
    expect(comment(page, sentence(1))).to_contain_text("Veröffentlicht.")
    _answer_and_take_down(paper)

    page.reload()

    expect(comment(page, sentence(1)).locator(".state.rejected")).to_be_visible()
    expect(comment(page, sentence(2))).to_be_visible()
    expect(section(page).get_by_text("Nur für dich sichtbar")).to_be_hidden()
    expect(section(page).get_by_text("Noch hat niemand kommentiert.")).to_be_hidden()
    press_button(page, "Ausblenden")
    expect(comment(page, sentence(1)).locator(".state")).to_have_count(0)
    expect(comment(page, sentence(2))).to_be_visible()
    _leave_and_come_back(page, who)
    watch.assert_clean()


def test_whoever_hides_a_message_or_withdraws_a_comment_goes_on_where_they_were(paper: Newspaper, watch: Watch) -> None:
    for number in (1, 2, 3):
        paper.post(paper.site.world.person(), sentence(number))
    page = paper.open(paper.site.visitor(), options={"viewport": {"width": 320, "height": 480}})
    write(page, sentence(4))
    expect(comment(page, sentence(4))).to_contain_text("Veröffentlicht.")

    before = page.evaluate("scrollY")
    press_button(page, "Ausblenden")
    expect(comment(page, sentence(4))).to_be_focused()
    assert page.evaluate("scrollY") == before

    comment(page, sentence(4)).get_by_role("button", name="Zurückziehen").click()
    section(page).locator(".ask").get_by_role("button", name="Zurückziehen").click()
    expect(comment(page, sentence(4))).to_have_count(0)
    expect(comment(page, sentence(3))).to_be_focused()
    expect(comment(page, sentence(3))).to_be_in_viewport()
    watch.assert_clean()


def _answer_and_take_down(paper: Newspaper) -> None:
    address = f"/sites/{paper.key}/articles/{paper.article}/comments"
    written: dict[str, Any] = json_of(paper.site.world.call("GET", address))["items"][0]
    paper.post(paper.site.world.person(name="Bea"), sentence(2), parent=written["id"])
    moderator = paper.site.world.person(Role.ADMIN)
    answer = paper.site.world.review(written, "reject", moderator, reason_code="off_topic")
    assert answer.status_code == 200, answer.get_data(as_text=True)


def _leave_and_come_back(page: Page, who: Visitor) -> None:
    """Signed out, the author sees what everybody sees: a place without a text, and the reply."""
    press_button(page, "Abmelden")
    expect(section(page).get_by_text("Dieser Kommentar ist nicht mehr da.")).to_be_visible()
    expect(comment(page, sentence(2))).to_be_visible()
    sign_in(page, who)
    expect(comment(page, sentence(1))).to_be_visible()
    expect(comment(page, sentence(2))).to_be_visible()
