"""Finding the right comments at the desk, and counts that stay right while two people decide."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from moderation import sites
from moderation.models import Role
from tests.browser.desk_visits import Desk, body_of, counts, expect_counts, rows
from tests.browser.visitors import Site, intercept, look
from tests.sentences import insult, sentence
from tests.world import ARTICLE


@pytest.fixture
def desk(site: Site, visit: Callable[..., BrowserContext]) -> Desk:
    return Desk(site, visit)


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f"select[name={name}]").select_option(value)


def expect_texts(page: Page, *texts: str) -> None:
    """These comments in this order, as the list shows them."""
    expect(rows(page)).to_have_count(len(texts))
    expect(page.locator(".row-text")).to_contain_text([text[:60] for text in texts])


def test_every_filter_narrows_list_and_counts(desk: Desk, site: Site, visit: Callable[..., BrowserContext]) -> None:
    other = Desk(site, visit)
    ada, bob = desk.reader("Ada"), desk.reader("Bob")
    desk.post(ada, insult(0))
    flagged = desk.post(bob, sentence(1))
    site.world.call("POST", f"/comments/{flagged['id']}/flags", {"reason": "spam"}, by=ada)
    other.post(bob, insult(2))
    erika = site.visitor(Role.MODERATOR, desk.key, other.key, name="Erika")
    page = desk.open(erika)
    expect_texts(page, insult(0), sentence(1), insult(2))
    expect_counts(page, 3, 2, 1)
    expect(page.locator("#oldest")).to_contain_text("Der älteste wartet seit")

    page.locator("#toggle-filters").click()
    choose(page, "site", other.key)
    expect_texts(page, insult(2))
    expect_counts(page, 1, 1, 0)
    page.get_by_role("button", name="Zurücksetzen").click()
    expect(rows(page)).to_have_count(3)
    choose(page, "label", "insult")
    expect_texts(page, insult(0), insult(2))
    choose(page, "label", "")
    expect(rows(page)).to_have_count(3)
    page.locator(f"select[name=author] option[value='{bob.account.id}']").wait_for(state="attached")
    choose(page, "author", str(bob.account.id))
    expect_texts(page, sentence(1), insult(2))
    choose(page, "reason", "spam")
    expect_texts(page, sentence(1))
    expect_counts(page, 1, 0, 1)
    page.get_by_role("button", name="Zurücksetzen").click()
    choose(page, "sort", "newest")
    expect_texts(page, insult(2), sentence(1), insult(0))

    page.locator("#words").fill("Murrkopf")
    page.locator("#words").press("Enter")
    expect_texts(page, insult(2), insult(0))
    page.locator("#words").fill("gibt es nicht")
    page.locator("#words").press("Enter")
    expect(page.get_by_text("Nichts gefunden")).to_be_visible()
    expect_counts(page, 0, 0, 0)


def named(desk: Desk, name: str) -> Desk:
    with desk.site.world.database.write() as session:
        sites.by_key(session, desk.key).name = name
    return desk


@pytest.mark.parametrize(("locale", "width"), [("de-DE", 320), ("en-GB", 320), ("de-DE", 1280), ("en-GB", 1280)])
def test_a_moderator_of_several_sites_reads_their_names(
    desk: Desk, site: Site, visit: Callable[..., BrowserContext], locale: str, width: int
) -> None:
    north, south = named(desk, "Zeitung Nord"), named(Desk(site, visit), "Tagblatt Süd & Söhne")
    north.post(desk.reader("Ada"), insult(0))
    south.post(desk.reader("Bob"), insult(1))
    erika = site.visitor(Role.MODERATOR, north.key, south.key, name="Erika")
    page = desk.open(erika, locale=locale, viewport={"width": width, "height": 800})

    expect(page.locator(".item-where")).to_contain_text("· Zeitung Nord")
    page.locator("#toggle-filters").click()
    expect(page.locator("select[name=site] option")).to_contain_text(["", "Tagblatt Süd & Söhne", "Zeitung Nord"])
    look(page, f"desk-sites-{locale[:2]}-{width}")
    expect(page.get_by_text(north.key)).to_have_count(0)
    page.locator("#item").focus()
    page.keyboard.press("j")
    expect(page.locator(".item-where")).to_contain_text("· Tagblatt Süd & Söhne")
    page.get_by_role("button", name=re.compile("Maßnahmen|Take action")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("header")).to_contain_text(re.compile("(auf|on) Tagblatt Süd & Söhne"))
    expect(page.get_by_text(south.key)).to_have_count(0)
    look(page, f"desk-sites-author-{locale[:2]}-{width}")

    page.goto(f"{site.url}/desk/figures?site={south.key}")
    expect(page.locator("select[name=site] option:checked")).to_have_text("Tagblatt Süd & Söhne")
    expect(page.get_by_text(south.key)).to_have_count(0)
    look(page, f"desk-sites-figures-{locale[:2]}-{width}")


@pytest.mark.parametrize(("locale", "width"), [("de-DE", 320), ("en-GB", 1280)])
def test_whoever_works_for_one_site_is_not_told_at_each_comment_which(desk: Desk, locale: str, width: int) -> None:
    named(desk, "Zeitung Nord").post(desk.reader("Ada"), insult(0))
    page = desk.open(desk.moderator("Erika"), locale=locale, viewport={"width": width, "height": 800})

    expect(page.locator(".item-where")).to_have_text(ARTICLE)
    look(page, f"desk-one-site-{locale[:2]}-{width}")
    page.get_by_role("button", name=re.compile("Maßnahmen|Take action")).click()
    expect(page.get_by_role("dialog").locator("header")).to_contain_text("Zeitung Nord")
    look(page, f"desk-one-site-author-{locale[:2]}-{width}")


def test_an_admin_is_told_as_there_are_several_sites(desk: Desk, site: Site) -> None:
    named(desk, "Zeitung Nord").post(desk.reader("Ada"), insult(0))

    page = desk.open(site.visitor(Role.ADMIN, name="Ina"), f"/desk?site={desk.key}")

    expect(page.locator(".item-where")).to_contain_text("· Zeitung Nord")


def test_one_author_is_looked_at_from_any_of_their_comments(desk: Desk) -> None:
    ada, bob = desk.reader("Ada"), desk.reader("Bob")
    for author, number in ((ada, 0), (bob, 1), (ada, 2)):
        desk.post(author, insult(number))
    page = desk.open(desk.moderator("Erika"))
    expect(rows(page)).to_have_count(3)

    page.get_by_role("button", name="Nur dieser Verfasser").click()

    expect_texts(page, insult(0), insult(2))
    expect(page.locator("select[name=author]")).to_have_value(str(ada.account.id))


def go_on_until_nothing_waits(page: Page) -> None:
    until = time.monotonic() + 20
    while not page.get_by_text("Nichts wartet.").is_visible():
        assert time.monotonic() < until
        page.keyboard.press("j")
        page.wait_for_timeout(100)


def test_filters_that_cannot_be_loaded_say_so_and_come_with_the_next_opening(desk: Desk) -> None:
    desk.waiting(1)
    page = desk.open(desk.moderator("Erika"))
    expect(rows(page)).to_have_count(1)
    intercept(page, "**/review-queue/choices*", lambda route: route.abort())

    page.keyboard.press("f")

    expect(page.locator("#filters")).to_have_text("Der Server ist gerade nicht zu erreichen.")
    page.unroute("**/review-queue/choices*")
    page.keyboard.press("f")
    page.keyboard.press("f")
    expect(page.locator("#filters select[name=reason]")).to_be_visible()


def test_a_decision_whose_answer_is_on_its_way_is_counted_once(desk: Desk) -> None:
    comments = desk.waiting(4)
    page = desk.open(desk.moderator("Erika"))
    expect(rows(page)).to_have_count(4)
    held_back: list[Route] = []

    def hold_back(route: Route) -> None:
        route.fetch()
        held_back.append(route)

    intercept(page, "**/decision", hold_back)
    with page.expect_request("**/decision"):
        page.keyboard.press("p")
    while not held_back:
        page.wait_for_timeout(50)
    assert desk.status(comments[0]) == "published"
    with page.expect_response(lambda response: "/review-queue/state" in response.url):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(200)
    expect_counts(page, 3, 3, 0)

    # Decided while the first is still on its way: the server has not heard of it.
    page.keyboard.press("p")
    expect_counts(page, 2, 2, 0)
    with page.expect_response(lambda response: "/review-queue/state" in response.url):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(200)
    expect_counts(page, 2, 2, 0)


def test_counts_are_right_while_two_people_decide_at_once(desk: Desk) -> None:
    waiting = desk.waiting(12)
    mine = desk.open(desk.moderator("Erika"))
    theirs = desk.open(desk.moderator("Hans"), "/desk?sort=newest")
    for page in (mine, theirs):
        expect(rows(page)).to_have_count(12)

    seen = []
    for _ in range(6):
        for page, key in ((mine, "p"), (theirs, "1")):
            page.locator("#item").wait_for()
            page.keyboard.press(key)
            seen.append((counts(mine), counts(theirs)))

    for page in (mine, theirs):
        expect_counts(page, 0, 0, 0)
        # What a colleague decided in front of somebody's eyes stays there until they go on, which they can once the
        # page has heard of it.
        go_on_until_nothing_waits(page)
    desk.expect_statuses(waiting, ["published"] * 6 + ["rejected"] * 6)
    wrong = [one for pair in seen for one in pair if not (one[0] == one[1] >= 0 == one[2])]
    assert wrong == []
    for page_counts in zip(*seen, strict=True):
        shown = [every for every, _, _ in page_counts]
        assert shown == sorted(shown, reverse=True), shown
    expect(body_of(mine)).to_have_count(0)
