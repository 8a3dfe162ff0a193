"""A moderator's day at the desk, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from moderation.models import Role
from tests.browser.desk_visits import Desk, body_of, box_of, expect_counts, rows
from tests.browser.visitors import Site, Watch, axe_findings, intercept
from tests.sentences import insult, sentence
from tests.world import json_of

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def desk(site: Site, visit: Callable[..., BrowserContext]) -> Desk:
    return Desk(site, visit)


@pytest.mark.parametrize(
    ("locale", "publish", "refuse", "said"),
    [
        ("de-DE", "Veröffentlichen", "Beleidigung", "abgelehnt: Beleidigung"),
        ("en-GB", "Publish", "Insult", "refused: Insult"),
    ],
)
@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_a_moderator_signs_in_decides_undoes_and_leaves(
    desk: Desk, watch: Watch, locale: str, publish: str, refuse: str, said: str, options: dict[str, object]
) -> None:
    waiting = desk.waiting(3)
    page = desk.open(desk.moderator("Erika"), locale=locale, **options)
    expect_counts(page, 3, 3, 0)
    expect(body_of(page)).to_contain_text(insult(0)[:20])
    expect(page.locator("mark").first).to_be_visible()

    page.get_by_role("button", name=re.compile(f"^{publish}")).click()
    expect(rows(page)).to_have_count(2)
    page.get_by_role("group", name=re.compile("Ablehnen mit Grund|Refuse with reason")).get_by_role(
        "button", name=refuse
    ).click()
    expect(page.locator(".notice.passing")).to_contain_text(said)
    expect_counts(page, 1, 1, 0)
    page.locator(".notice.passing button").click()

    expect(rows(page)).to_have_count(2)
    expect_counts(page, 2, 2, 0)
    desk.expect_statuses(waiting, ["published", "held", "held"])
    assert [entry["action"] for entry in desk.history(waiting[1])] == ["hold", "reject", "hold"]
    page.locator("#sign-out").click()
    expect(page.locator("#sign-in")).to_be_visible()
    watch.assert_clean()


def test_no_cookie_is_set_before_signing_in(desk: Desk, site: Site) -> None:
    context = desk.visit()
    page = context.new_page()
    page.goto(f"{site.url}/desk")

    assert context.cookies() == []
    assert page.evaluate("localStorage.length") == 0


def test_a_wrong_password_and_a_readers_account_are_told_so(desk: Desk, site: Site) -> None:
    page = desk.visit().new_page()
    page.goto(f"{site.url}/desk")
    page.locator("#sign-in button[type=submit]").click()
    expect(page.locator("#sign-in-error")).not_to_be_empty()
    reader = site.visitor(Role.READER)
    page.locator("#email").fill(reader.email)
    page.locator("#password").fill("falsch")
    page.locator("#sign-in button[type=submit]").click()
    expect(page.locator("#sign-in-error")).to_have_text("E-Mail-Adresse oder Passwort stimmt nicht.")

    page.locator("#password").fill(reader.password)
    page.locator("#sign-in button[type=submit]").click()

    expect(page.get_by_text("Mit diesem Konto können Sie nicht moderieren")).to_be_visible()


def test_the_language_is_chosen_and_kept(desk: Desk) -> None:
    page = desk.open(desk.moderator("Erika"))
    expect(page.get_by_text("Nichts wartet.")).to_be_visible()

    page.get_by_role("link", name="English").click()
    expect(page.get_by_text("Nothing is waiting.")).to_be_visible()
    page.reload()

    expect(page.get_by_text("Nothing is waiting.")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "en"


def test_reviewing_a_hundred_comments_takes_a_hundred_keys(desk: Desk) -> None:
    waiting = desk.waiting(100)
    page = desk.open(desk.moderator("Erika"))
    expect(rows(page).first).to_be_visible()

    pressed = 0
    for number in range(100):
        # Nobody decides about what they do not see.
        page.locator("#item").wait_for()
        page.keyboard.press("p" if number % 3 else "r" if number % 2 else "2")
        pressed += 1
    expect_counts(page, 0, 0, 0)
    expect(page.get_by_text("Nichts wartet.")).to_be_visible()

    assert pressed == 100
    expected = ["published" if number % 3 else "rejected" for number in range(100)]
    desk.expect_statuses(waiting[::9], expected[::9])
    latest = [desk.history(comment)[-1] for comment in waiting[:4]]
    assert [[reason["code"] for reason in entry["reasons"]] for entry in latest] == [["hate"], [], [], ["insult"]]


def test_on_a_phone_the_page_stays_where_it_is_when_the_list_below_changes(desk: Desk) -> None:
    desk.waiting(3)
    page = desk.open(desk.moderator("Erika"), **PHONE)
    expect(rows(page)).to_have_count(3)

    desk.post(desk.reader(), insult(7))
    expect(page.get_by_role("button", name="1 neuer Kommentar")).to_be_attached()

    assert page.evaluate("scrollY") == 0


def test_on_a_wide_screen_the_list_shows_the_comment_that_is_open(desk: Desk) -> None:
    desk.waiting(20)
    page = desk.open(desk.moderator("Erika"))
    expect(rows(page)).to_have_count(20)

    for _ in range(19):
        page.keyboard.press("j")
    expect(rows(page).last.locator("[aria-current]")).to_be_in_viewport(ratio=1)
    for _ in range(19):
        page.keyboard.press("k")

    expect(rows(page).first.locator("[aria-current]")).to_be_in_viewport(ratio=1)
    assert page.evaluate("scrollY") == 0


def test_everything_can_be_done_with_the_keyboard_alone(desk: Desk) -> None:
    ada, bob = desk.reader("Ada"), desk.reader("Bob")
    first, second, third = [desk.post(ada, insult(0)), desk.post(bob, insult(1)), desk.post(ada, insult(2))]
    page = desk.open(desk.moderator("Erika"))
    expect(rows(page)).to_have_count(3)
    press = page.keyboard.press

    press("?")
    expect(page.get_by_role("dialog", name="Tastenkürzel")).to_be_visible()
    press("Escape")
    press("j")
    expect(body_of(page)).to_contain_text(insult(1)[:20])
    press("k")
    expect(body_of(page)).to_contain_text(insult(0)[:20])
    press("n")
    page.keyboard.type("Bitte ohne p, r und 1.")
    press("Escape")
    press("3")
    expect(rows(page)).to_have_count(2)
    desk.expect_statuses([first], ["rejected"])
    assert desk.history(first)[-1]["note"] == "Bitte ohne p, r und 1."
    press("x")
    press("j")
    press("x")
    expect(page.locator("#selection")).to_contain_text("2 ausgewählt")
    press("p")
    expect(page.get_by_text("Nichts wartet.")).to_be_visible()
    press("u")
    expect(rows(page)).to_have_count(2)
    desk.expect_statuses([first, second, third], ["rejected", "held", "held"])
    press("u")
    expect(rows(page)).to_have_count(3)
    press("/")
    page.keyboard.type("Bob")
    press("Enter")
    expect(rows(page)).to_have_count(1)
    expect_counts(page, 1, 1, 0)
    press("a")
    press("Escape")
    expect(page.locator("#selection")).to_be_hidden()
    press("t")
    expect(page.locator('[data-status="held"]')).to_have_attribute("aria-pressed", "true")


def test_single_letters_can_be_switched_off(desk: Desk) -> None:
    waiting = desk.waiting(1)
    page = desk.open(desk.moderator("Erika"))
    expect(rows(page)).to_have_count(1)
    page.keyboard.press("?")
    page.get_by_role("checkbox", name="einzelnen Buchstaben").uncheck()
    page.keyboard.press("Escape")

    page.keyboard.press("p")

    expect(rows(page)).to_have_count(1)
    desk.expect_statuses([waiting[0]], ["held"])


def test_filters_narrow_the_queue_and_the_address_keeps_them(desk: Desk) -> None:
    ada, bob = desk.reader("Ada"), desk.reader("Bob")
    desk.post(ada, insult(0))
    desk.post(bob, insult(1), article="zweiter")
    flagged = desk.post(ada, sentence(2))
    desk.site.world.call("POST", f"/comments/{flagged['id']}/flags", {"reason": "spam", "text": "Werbung!"}, by=bob)
    page = desk.open(desk.moderator("Erika"))
    expect_counts(page, 3, 2, 1)

    page.locator("#toggle-filters").click()
    page.get_by_label("Artikel").select_option("zweiter")
    expect(rows(page)).to_have_count(1)
    expect_counts(page, 1, 1, 0)
    page.reload()
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Zurücksetzen").click()
    expect(rows(page)).to_have_count(3)
    page.locator("select[name=reason]").select_option("spam")
    expect(rows(page)).to_have_count(1)

    expect(page.locator(".why")).to_contain_text("Gemeldet (Werbung): Werbung!")


def test_a_reply_is_shown_in_its_place_with_its_authors_record(desk: Desk) -> None:
    ada, bob = desk.reader("Ada"), desk.reader("Bob")
    parent = desk.post(bob, sentence(0))
    desk.post(ada, sentence(1))
    desk.post(ada, insult(2), parent=parent["id"])
    page = desk.open(desk.moderator("Erika"))

    expect(page.locator(".parent")).to_contain_text(sentence(0))
    expect(page.locator(".parent")).to_contain_text("Bob")
    expect(page.locator(".record .published dd")).to_have_text("1")
    expect(page.locator(".recent")).to_contain_text(sentence(1)[:40])
    expect(page.locator(".score.over")).to_have_count(2)
    expect(page.locator(".history li")).to_have_count(1)


def test_the_archive_finds_what_was_decided_and_minds_can_be_changed(desk: Desk) -> None:
    published = desk.post(desk.reader("Ada"), sentence(0))
    page = desk.open(desk.moderator("Erika"))
    page.get_by_role("button", name="Archiv").click()
    expect(rows(page)).to_have_count(1)

    page.keyboard.press("5")

    expect(page.locator("#item .state")).to_have_text("abgelehnt")
    desk.expect_statuses([published], ["rejected"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "options", [{}, PHONE, {"viewport": {"width": 320, "height": 640}}], ids=["wide", "phone", "320"]
)
def test_axe_finds_nothing_serious(desk: Desk, options: dict[str, object], scheme: str) -> None:
    reader = desk.reader("Ada")
    parent = desk.post(desk.reader("Bob"), sentence(0))
    desk.post(reader, insult(1), parent=parent["id"])
    flagged = desk.post(reader, sentence(2))
    desk.site.world.call("POST", f"/comments/{flagged['id']}/flags", {"reason": "spam"}, by=desk.reader())
    signing_in = desk.visit(color_scheme=scheme, **options).new_page()
    signing_in.goto(f"{desk.site.url}/desk")
    assert axe_findings(signing_in) == []

    page = desk.open(desk.moderator("Erika"), color_scheme=scheme, **options)
    expect(page.locator(".history li").first).to_be_visible()
    page.locator("#toggle-filters").click()
    expect(page.get_by_label("Artikel")).to_be_visible()
    page.get_by_role("checkbox").first.check()
    assert axe_findings(page) == []
    page.keyboard.press("?")
    assert axe_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_session_that_ends_loses_nothing(desk: Desk) -> None:
    waiting = desk.waiting(2)
    erika = desk.moderator("Erika")
    page = desk.open(erika)
    expect(rows(page)).to_have_count(2)
    page.context.clear_cookies()

    page.keyboard.press("p")
    expect(page.get_by_role("dialog", name="Ihre Anmeldung ist abgelaufen")).to_be_visible()
    page.locator("#email").fill(erika.email)
    page.locator("#password").fill(erika.password)
    page.locator("#password").press("Enter")

    expect_counts(page, 1, 1, 0)
    desk.expect_statuses(waiting, ["published", "held"])


def test_without_a_connection_decisions_wait_and_are_sent_once(desk: Desk) -> None:
    waiting = desk.waiting(2)
    page = desk.open(desk.moderator("Erika"))
    expect(rows(page)).to_have_count(2)
    page.context.set_offline(True)

    page.keyboard.press("p")
    expect(page.get_by_role("alert")).to_contain_text("Keine Verbindung")
    desk.expect_statuses([waiting[0]], ["held"])
    page.context.set_offline(False)

    expect(page.get_by_role("alert")).to_have_count(0)
    desk.expect_statuses([waiting[0]], ["published"])
    assert len(desk.history(waiting[0])) == 2


def test_an_answer_that_got_lost_is_no_conflict(desk: Desk) -> None:
    """The decision was carried out and its answer never arrived: sent again, it is recognised as one's own."""
    waiting = desk.waiting(1)
    page = desk.open(desk.moderator("Erika"))
    expect(rows(page)).to_have_count(1)
    lost: list[int] = []

    def lose_once(route: object) -> None:
        if not lost:
            lost.append(route.fetch().status)  # type: ignore[attr-defined]
            route.abort()  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    intercept(page, "**/decision", lose_once)
    with page.expect_response("**/decision") as second:
        page.keyboard.press("p")

    assert (lost, second.value.status) == ([200], 409)  # Somebody decided already: oneself.
    expect_counts(page, 0, 0, 0)
    expect(page.get_by_role("alert")).to_have_count(0)
    assert len(desk.history(waiting[0])) == 2


def test_desks_queue_is_what_the_api_says(desk: Desk) -> None:
    desk.waiting(3)
    erika = desk.moderator("Erika")
    page = desk.open(erika)
    expect(rows(page)).to_have_count(3)
    answer = desk.site.world.call("POST", "/sessions", {"email": erika.email, "password": erika.password})
    headers = {"Authorization": f"Bearer {json_of(answer)['token']}"}

    queue = json_of(desk.site.world.call("GET", "/review-queue?sort=oldest", headers=headers))

    shown = [button.get_attribute("data-id") for button in page.locator(".row-button").all()]
    assert shown == [item["id"] for item in queue["items"]]


@pytest.mark.parametrize("width", [320, 1280])
def test_what_is_said_in_passing_covers_no_button_and_keeps_its_own_inside(desk: Desk, width: int) -> None:
    desk.waiting(2, by=desk.reader("Anneliese Hohenlohe"))
    page = desk.open(desk.moderator("Erika"), viewport={"width": width, "height": 640})
    expect(rows(page)).to_have_count(2)

    page.keyboard.press("2")

    line, undo, buttons = (box_of(page, name) for name in (".notice.passing", ".notice.passing button", ".decide"))
    assert undo["x"] + undo["width"] <= line["x"] + line["width"] <= width
    assert line["y"] + line["height"] <= buttons["y"] or line["x"] + line["width"] <= buttons["x"]


def test_a_note_is_seen_whole_while_it_is_written(desk: Desk) -> None:
    desk.waiting(1)
    page = desk.open(desk.moderator("Erika"))
    expect(rows(page)).to_have_count(1)

    page.keyboard.press("n")
    page.keyboard.type("Bitte bleiben Sie sachlich. " * 6)

    assert page.evaluate("document.activeElement.scrollHeight <= document.activeElement.clientHeight")


def test_durations_are_german(desk: Desk) -> None:
    page = desk.open(desk.moderator("Erika"))
    said = page.evaluate("""async () => {
        const { ago, since, span } = await import(
            document.querySelector("script[type=module]").src.replace("queue_page", "texts"));
        const before = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
        return [span(5 * 86400), since(before(5 * 86400)), ago(before(130), true), ago(before(7300), true)];
    }""")

    assert said == ["5 Tage", "5 Tagen", "vor 2 Min.", "vor 2 Std."]


def test_a_list_that_could_not_be_loaded_is_loaded_when_the_server_is_back(desk: Desk) -> None:
    desk.waiting(1)
    page = desk.open(desk.moderator("Erika"))
    expect(rows(page)).to_have_count(1)
    intercept(page, "**/review-queue*", lambda route: route.abort())
    page.keyboard.press("g")
    notice = page.locator(".notice.lasting")
    expect(notice).to_contain_text("nicht zu erreichen")
    expect(page.locator("#list")).to_have_attribute("aria-busy", "false")
    desk.waiting(2)

    page.unroute("**/review-queue*")

    expect(rows(page)).to_have_count(3)
    expect(notice).to_have_count(0)
