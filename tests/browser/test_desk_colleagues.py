"""Two moderators at once, and what strangers put into comments and names."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from moderation.models import Role
from tests.browser.desk_visits import Desk, body_of, box_of, expect_counts, rows
from tests.browser.visitors import Site, intercept
from tests.sentences import insult


@pytest.fixture
def desk(site: Site, visit: Callable[..., BrowserContext]) -> Desk:
    return Desk(site, visit)


def test_what_a_colleague_decides_disappears(desk: Desk) -> None:
    waiting = desk.waiting(3)
    mine, theirs = desk.open(desk.moderator("Erika")), desk.open(desk.moderator("Hans"))
    expect(rows(mine)).to_have_count(3)
    expect(rows(theirs)).to_have_count(3)
    theirs.keyboard.press("j")

    theirs.keyboard.press("p")

    expect(rows(mine)).to_have_count(2)
    expect_counts(mine, 2, 2, 0)
    expect(mine.locator(".notice.passing")).to_have_text("Hans hat 1 Kommentar entschieden.")
    expect(body_of(mine)).to_contain_text(insult(0)[:20])
    desk.expect_statuses(waiting, ["held", "published", "held"])


def test_the_comment_in_front_of_a_moderator_is_not_pulled_away(desk: Desk) -> None:
    desk.waiting(2)
    mine, theirs = desk.open(desk.moderator("Erika")), desk.open(desk.moderator("Hans"))
    expect(rows(mine)).to_have_count(2)
    expect(rows(theirs)).to_have_count(2)

    theirs.keyboard.press("r")

    expect(mine.locator("#item .notice")).to_contain_text("Hans hat diesen Kommentar")
    expect(mine.locator("#item .notice")).to_contain_text("abgelehnt")
    expect(mine.locator(".item-facts")).not_to_contain_text("wartet")
    expect(mine.locator(".decide")).to_have_count(0)
    mine.keyboard.press("j")
    expect(rows(mine)).to_have_count(1)
    expect(body_of(mine)).to_contain_text(insult(1)[:20])


def test_what_two_decide_at_once_is_explained_and_not_overwritten(desk: Desk) -> None:
    (held,) = desk.waiting(1)
    mine, theirs = desk.open(desk.moderator("Erika")), desk.open(desk.moderator("Hans"))
    expect(rows(mine)).to_have_count(1)
    expect(rows(theirs)).to_have_count(1)
    intercept(mine, "**/review-queue/state*", lambda route: route.abort())
    theirs.keyboard.press("4")
    expect_counts(theirs, 0, 0, 0)

    mine.keyboard.press("p")

    conflict = mine.get_by_role("alert").filter(has_text="Hans")
    expect(conflict).to_contain_text("abgelehnt")
    expect(conflict).to_contain_text("Ihre Entscheidung (veröffentlichen) wurde nicht ausgeführt")
    expect(mine.locator(".notice.passing")).to_have_count(0)
    notice, pane = (box_of(mine, name) for name in (".notice.lasting", "#item-pane"))
    assert notice["x"] + notice["width"] <= pane["x"]
    desk.expect_statuses([held], ["rejected"])
    conflict.get_by_role("button", name="Ansehen").click()
    expect(body_of(mine)).to_contain_text(insult(0)[:20])
    mine.keyboard.press("p")
    expect(rows(mine)).to_have_count(0)
    desk.expect_statuses([held], ["published"])
    assert [entry["actor"] for entry in desk.history(held)] == [None, "Hans", "Erika"]


def test_of_many_decided_at_once_those_that_changed_are_left_alone(desk: Desk) -> None:
    ada = desk.reader("Ada")
    waiting = desk.waiting(3, by=ada)
    mine = desk.open(desk.moderator("Erika"))
    expect(rows(mine)).to_have_count(3)
    intercept(mine, "**/review-queue/state*", lambda route: route.abort())
    desk.site.world.call("PATCH", f"/comments/{waiting[1]['id']}", {"body": insult(9)}, by=ada)

    mine.keyboard.press("a")
    mine.keyboard.press("p")

    expect(mine.get_by_role("alert")).to_contain_text("Ada hat den Text geändert")
    expect(rows(mine)).to_have_count(1)
    expect(body_of(mine)).to_contain_text(insult(9)[:30])
    expect(mine.locator("#item .notice")).to_contain_text("neue Fassung")
    desk.expect_statuses(waiting, ["published", "held", "published"])


def test_an_edit_and_a_withdrawal_are_noticed(desk: Desk) -> None:
    ada = desk.reader("Ada")
    first, second = desk.waiting(2, by=ada)
    page = desk.open(desk.moderator("Erika"))
    expect(rows(page)).to_have_count(2)

    desk.site.world.call("PATCH", f"/comments/{first['id']}", {"body": insult(7)}, by=ada)
    desk.site.world.call("DELETE", f"/comments/{second['id']}", by=ada)

    expect(page.locator("#item .notice")).to_contain_text("neue Fassung")
    expect(body_of(page)).to_contain_text(insult(7)[:30])
    expect(rows(page)).to_have_count(1)


def test_new_comments_are_announced_and_fill_an_empty_desk(desk: Desk) -> None:
    page = desk.open(desk.moderator("Erika"))
    expect(page.get_by_text("Nichts wartet.")).to_be_visible()

    desk.waiting(1)
    expect(rows(page)).to_have_count(1)
    desk.post(desk.reader(), insult(5))
    expect(page.get_by_role("button", name="1 neuer Kommentar")).to_be_visible()
    expect_counts(page, 2, 2, 0)
    page.keyboard.press("g")

    expect(rows(page)).to_have_count(2)


def test_f4_characters_that_hide_or_reorder_are_shown_by_their_number(desk: Desk) -> None:
    desk.post(desk.reader("Ada"), f"{insult(0)} Du\u200bmm\u2060kopf. \u00adEnde")
    page = desk.open(desk.moderator("Erika"))

    expect(page.locator("#item .unseen")).to_have_text(["U+200B", "U+2060", "U+00AD"])


@pytest.mark.parametrize(("locale", "word"), [("de-DE", "Moderation"), ("en-GB", "Moderator")])
def test_a_colleagues_comment_is_marked_as_such(desk: Desk, locale: str, word: str) -> None:
    desk.post(desk.site.world.person(Role.MODERATOR, desk.key, name="Hans"), insult(0))
    desk.post(desk.reader("Hans"), insult(1))
    page = desk.open(desk.moderator("Erika"), locale=locale)

    expect(page.locator("#item-title")).to_contain_text(f"Hans {word}")
    page.keyboard.press("j")

    expect(body_of(page)).to_contain_text(insult(1)[:20])
    expect(page.locator("#item-title")).to_contain_text("Hans")
    expect(page.locator("#item-title")).not_to_contain_text(word)


def test_hidden_characters_do_not_act_in_the_list_and_no_emoji_is_cut(desk: Desk) -> None:
    author = desk.reader()
    desk.post(author, f"{'a' * 139}🤡🤡 {insult(1)}")
    desk.post(author, f"ab\u202ecd {insult(2)}")
    page = desk.open(desk.moderator("Erika"))
    expect(rows(page)).to_have_count(2)

    expect(rows(page).nth(0).locator(".row-text")).to_have_text(f"{'a' * 139}🤡…")
    expect(rows(page).nth(1).locator(".row-text")).to_contain_text("abU+202Ecd")
    expect(page.locator(".past-text")).to_contain_text("abU+202Ecd")
