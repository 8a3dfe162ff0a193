"""Reading in the comment section: links to comments, what is new meanwhile, several tabs, plain HTML in a frame."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from moderation.models import Role
from tests.browser.section_visits import Newspaper, comment, press_button, section, sign_in, write, writing
from tests.browser.visitors import Watch
from tests.sentences import insult, sentence
from tests.world import json_of

PHONE = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True}


def deep_thread(paper: Newspaper, *, depth: int) -> list[dict[str, Any]]:
    """A thread at the very end of an article with two pages of comments. Its first comment has other replies too."""
    chain = [paper.post(paper.site.world.person(name="Ada"), sentence(0))]
    for number in range(1, depth):
        chain.append(paper.post(paper.site.world.person(), sentence(number), parent=chain[-1]["id"]))
    by = paper.site.world.person(name="Bea")
    for number in range(4):
        paper.post(by, sentence(50 + number), parent=chain[0]["id"])
    for number in range(24):
        paper.post(by, sentence(60 + number))
    return chain


def is_in_view(card: Locator) -> bool:
    seen = (
        "element => { const box = element.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight }"
    )
    return bool(card.evaluate(seen))


def top_of(card: Locator) -> int:
    return int(card.evaluate("element => Math.round(element.getBoundingClientRect().top)"))


def expect_arrival(page: Page, text: str) -> None:
    card = comment(page, text)
    expect(card).to_be_focused()
    expect(card).to_have_class("comment linked")
    assert is_in_view(card)


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_a_link_leads_to_a_deep_reply_on_a_later_page(
    paper: Newspaper, watch: Watch, options: dict[str, object]
) -> None:
    *above, last = deep_thread(paper, depth=6)
    page = paper.visit(**options).new_page()
    page.goto(f"{paper.print(before='<p>Text.</p>' * 60)}#comment-{last['id']}")

    expect_arrival(page, last["body"])
    for one in above:
        expect(comment(page, one["body"])).to_be_visible()
    section(page).get_by_role("button", name="weitere Antworten").first.click()
    expect(comment(page, sentence(53))).to_be_visible()
    expect(section(page).get_by_role("button", name="weitere Antwort")).to_have_count(0)
    watch.assert_clean()


def test_a_link_that_is_clicked_on_the_page_itself_leads_there_too(paper: Newspaper) -> None:
    first, *_, last = deep_thread(paper, depth=4)
    page = paper.open(before=f'<a href="#comment-{last["id"]}">Antwort</a>')
    page.get_by_role("link", name="Antwort", exact=True).click()
    expect_arrival(page, last["body"])

    page.evaluate(f"location.hash = 'comment-{first['id']}'")

    expect_arrival(page, first["body"])


def test_a_link_to_a_comment_that_is_gone_says_so(paper: Newspaper) -> None:
    ada = paper.site.world.person(name="Ada")
    gone = paper.post(ada, sentence(1))
    paper.site.world.call("DELETE", f"/comments/{gone['id']}", by=ada)
    page = paper.visit().new_page()
    page.goto(f"{paper.print()}#comment-{gone['id']}")

    expect(section(page).get_by_text("Den verlinkten Kommentar gibt es nicht mehr")).to_be_visible()


def test_the_link_to_a_comment_is_copied(paper: Newspaper) -> None:
    made = paper.post(paper.site.world.person(name="Ada"), sentence(1))
    page = paper.open()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press_button(page, "Link kopieren")
    expect(section(page).get_by_role("button", name="Link kopiert")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")

    assert copied == f"{paper.address}#comment-{made['id']}"
    page = page.context.new_page()
    page.goto(copied)
    expect_arrival(page, sentence(1))


def test_where_a_page_may_not_write_to_the_clipboard_the_link_is_in_the_address_bar(paper: Newspaper) -> None:
    made = paper.post(paper.site.world.person(name="Ada"), sentence(1))
    page = paper.open()
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    press_button(page, "Link kopieren")

    expect(section(page).get_by_role("button", name="Der Link steht in der Adresszeile")).to_be_visible()
    assert page.url == f"{paper.address}#comment-{made['id']}"


def test_new_comments_are_announced_and_wait_until_the_reader_wants_them(paper: Newspaper) -> None:
    *_, last = deep_thread(paper, depth=3)
    page = paper.visit().new_page()
    page.clock.install()
    page.goto(paper.print())
    expect(comment(page, sentence(83))).to_be_visible()
    comment(page, sentence(70)).scroll_into_view_if_needed()
    place = top_of(comment(page, sentence(70)))
    by = paper.site.world.person(name="Cem")
    for number in (30, 31):
        paper.post(by, sentence(number))
    paper.post(by, sentence(32), parent=last["id"])

    page.clock.fast_forward(70_000)
    expect(section(page).get_by_role("button", name="3 neue Kommentare anzeigen")).to_be_in_viewport()
    expect(section(page).locator(".status, [role=status]")).to_have_text("3 neue Kommentare anzeigen")
    assert top_of(comment(page, sentence(70))) == place
    expect(section(page).locator("article.comment")).to_have_count(20)
    press_button(page, "3 neue Kommentare anzeigen")

    for number in (30, 31, 32):
        expect(comment(page, sentence(number)).locator(".tag")).to_have_text("neu")
    expect(section(page).locator("article.comment .tag")).to_have_count(3)
    expect(comment(page, last["body"])).to_be_visible()
    expect(section(page).get_by_role("button", name="anzeigen")).to_have_count(0)
    expect(section(page).get_by_role("heading", name="34 Kommentare")).to_be_visible()
    assert (
        section(page)
        .locator("article.comment .tag")
        .first.evaluate("tag => tag.closest('article') === tag.getRootNode().activeElement")
    )


def test_ones_own_comment_is_not_announced_and_others_at_the_same_time_are(paper: Newspaper) -> None:
    page = paper.visit().new_page()
    page.clock.install()
    page.goto(paper.print())
    sign_in(page, paper.site.visitor())
    paper.post(paper.site.world.person(name="Cem"), sentence(1))
    write(page, sentence(2))
    expect(comment(page, sentence(2))).to_contain_text("Veröffentlicht.")

    page.clock.fast_forward(70_000)
    press_button(page, "1 neuen Kommentar anzeigen")

    expect(comment(page, sentence(1))).to_contain_text("neu")
    page.clock.fast_forward(70_000)
    page.clock.run_for(2_000)
    expect(section(page).get_by_role("button", name="anzeigen")).to_have_count(0)


@pytest.mark.parametrize(
    ("action", "said", "locale"),
    [("publish", "Veröffentlicht.", "de"), ("reject", "Not published.", "en")],
)
def test_what_the_editors_decide_is_seen_without_loading_the_page_again(
    paper: Newspaper, action: str, said: str, locale: str
) -> None:
    page = paper.visit().new_page()
    page.clock.install()
    page.goto(paper.print(lang=locale))
    sign_in(page, paper.site.visitor())
    for button in ({"de": "Absenden", "en": "Send"}[locale], {"de": "So an die Redaktion senden", "en": ""}[locale]):
        if button:
            if writing(page).input_value() == "":
                writing(page).fill(insult(1))
            press_button(page, button)
    if locale == "en":
        section(page).locator("section.ask button:not(.primary)").click()
    expect(comment(page, "Murrkopf").locator(".state.held")).to_be_visible()
    moderator = paper.site.world.person(Role.ADMIN)
    queue = json_of(paper.site.world.call("GET", f"/review-queue?site={paper.key}", by=moderator))
    details = {"reason_code": "insult", "note": "Bitte sachlich."} if action == "reject" else {}
    paper.site.world.review(queue["items"][0], action, moderator, **details)

    page.clock.fast_forward(35_000)

    expect(comment(page, "Murrkopf").locator(".state")).to_contain_text(said)
    if action == "reject":
        expect(comment(page, "Murrkopf").locator(".state")).to_contain_text("Bitte sachlich.")
    else:
        assert len(paper.bodies()) == 1


def test_a_session_that_ends_while_writing_costs_no_word_and_sends_once(paper: Newspaper, watch: Watch) -> None:
    who = paper.site.visitor()
    page = paper.open(who)
    writing(page).fill(sentence(1))
    token = page.evaluate(
        "JSON.parse(localStorage[Object.keys(localStorage).find(key => /:session:[^,]*v1$/.test(key))]).token"
    )

    def end_session(route: Route) -> None:
        # Just before the text arrives, so that no other request of the page learns of it first.
        if route.request.method == "POST":
            paper.site.world.call("DELETE", "/sessions/current", headers={"Authorization": f"Bearer {token}"})
        route.continue_()

    page.route("**/comments", end_session)
    press_button(page, "Absenden")
    expect(section(page).get_by_role("dialog")).to_contain_text("Deine Sitzung ist abgelaufen.")
    expect(writing(page)).to_have_value(sentence(1))
    section(page).locator("dialog #field-email").fill(who.email)
    section(page).locator("dialog #field-password").fill(who.password)
    page.keyboard.press("Enter")

    expect(comment(page, sentence(1))).to_contain_text("Veröffentlicht.")
    expect(writing(page)).to_have_value("")
    assert paper.bodies() == [sentence(1)]
    watch.assert_clean()


def test_who_comes_back_as_somebody_else_does_not_send_the_text(paper: Newspaper) -> None:
    page = paper.open(paper.site.visitor())
    other = paper.site.visitor()
    writing(page).fill(sentence(1))
    page.route("**/comments/preview", lambda route: route.fulfill(status=401, json={"code": "not_authenticated"}))
    press_button(page, "Absenden")
    page.unroute("**/comments/preview")
    section(page).locator("dialog #field-email").fill(other.email)
    section(page).locator("dialog #field-password").fill(other.password)
    page.keyboard.press("Enter")

    expect(section(page).locator(".account")).to_contain_text(other.name)
    expect(writing(page)).to_have_value("")
    assert paper.bodies() == []


def test_a_text_is_still_there_after_its_tab_was_closed(paper: Newspaper) -> None:
    page = paper.open()
    writing(page).fill(sentence(1))
    page.close(run_before_unload=True)
    page = page.context.new_page()
    page.goto(paper.address)

    expect(writing(page)).to_have_value(sentence(1))


def test_two_tabs_of_a_reader_share_sign_in_and_draft_and_send_once(paper: Newspaper, watch: Watch) -> None:
    who = paper.site.visitor()
    one = paper.open()
    two = one.context.new_page()
    two.goto(paper.address)
    one.bring_to_front()
    sign_in(one, who)
    expect(section(two).locator(".account")).to_contain_text(who.name)
    writing(one).fill(sentence(1))
    expect(writing(two)).to_have_value(sentence(1))

    press_button(one, "Absenden")

    expect(comment(one, sentence(1))).to_contain_text("Veröffentlicht.")
    expect(writing(two)).to_have_value("")
    expect(section(two).locator(".notices")).to_contain_text("in einem anderen Tab abgesendet")
    press_button(two, "Absenden")
    expect(section(two).locator(".notices")).to_contain_text("Da steht noch nichts.")
    assert paper.bodies() == [sentence(1)]
    one.bring_to_front()
    press_button(one, "Abmelden")
    expect(section(two).locator(".gate")).to_be_visible()
    watch.assert_clean()


def test_the_comments_are_read_in_a_frame_without_scripts_and_only_on_the_sites_pages(
    paper: Newspaper, watch: Watch
) -> None:
    by = paper.site.world.person(name="Ada")
    for number in range(52):
        paper.post(by, sentence(number))
    address = f"{paper.site.url}/embed/sites/{paper.key}/articles/{paper.article}/comments.html"
    frame = f'<iframe src="{address}" title="Kommentare" width="320" height="500"></iframe>'
    page = paper.visit(java_script_enabled=False).new_page()
    page.goto(paper.print(before=frame, csp="frame-src {vorab}"))
    inside = page.frame_locator("iframe")

    expect(inside.get_by_role("heading", name="52 Kommentare")).to_be_visible()
    expect(inside.get_by_text(sentence(51))).to_be_visible()
    inside.get_by_role("link", name="Weitere Kommentare").click()
    expect(inside.get_by_text(sentence(1), exact=True)).to_be_visible()
    expect(inside.get_by_text(sentence(51))).to_have_count(0)
    watch.assert_clean()
    # The same server under another name is another origin.
    page.goto(paper.address.replace("127.0.0.1", "localhost"))
    expect(inside.get_by_role("heading")).to_have_count(0)


def test_a_slow_first_page_does_not_clear_away_a_reply_begun_meanwhile(paper: Newspaper) -> None:
    paper.post(paper.site.world.person(name="Ada"), sentence(1))
    page = paper.visit().new_page()
    waiting: list[Route] = []

    def keep_the_first(route: Route) -> None:
        if waiting:
            route.continue_()
        else:
            waiting.append(route)

    page.route("**/comments?*", keep_the_first)
    page.goto(paper.print())
    expect(writing(page)).to_be_visible()
    sign_in(page, paper.site.visitor())
    # The second page is asked for after the first has been shown; nothing can be begun before.
    page.wait_for_timeout(500)
    expect(section(page).locator("article.comment")).to_have_count(0)
    waiting[0].continue_()
    section(page).get_by_role("button", name="Antworten").click()

    page.wait_for_load_state("networkidle")
    expect(section(page).get_by_label("Deine Antwort an Ada")).to_be_visible()


@pytest.mark.parametrize(("language", "word"), [("de", "Moderation"), ("en", "Moderator")])
def test_a_moderators_comment_carries_a_badge_and_one_under_the_same_name_does_not(
    paper: Newspaper, watch: Watch, language: str, word: str
) -> None:
    world = paper.site.world
    paper.post(world.person(Role.MODERATOR, paper.key, name="Erika"), sentence(1))
    paper.post(world.person(name="Erika"), sentence(2))
    page = paper.open(lang=language)

    by_staff, by_reader = comment(page, sentence(1)), comment(page, sentence(2))
    expect(by_staff.locator(".author + .staff")).to_have_text(word)
    expect(by_reader).to_be_visible()
    expect(by_reader.locator(".staff")).to_have_count(0)
    expect(section(page).get_by_role("article", name=f"Erika {word}")).to_have_count(1)
    watch.assert_clean()
