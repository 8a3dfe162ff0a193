"""A reader's way through the comment section, in a real browser on a page of another origin with a strict policy."""

from __future__ import annotations

from playwright.sync_api import Route, expect

from tests.browser.section_visits import (
    Newspaper,
    comment,
    fill_in,
    press_button,
    section,
    sign_in,
    write,
    writing,
)
from tests.browser.visitors import PASSWORD, Watch
from tests.sentences import insult, sentence


def test_l7_before_signing_in_there_is_no_cookie_no_other_host_and_nothing_stored(
    paper: Newspaper, watch: Watch
) -> None:
    paper.post(paper.site.world.person(), sentence(1))
    page = paper.open()

    expect(section(page).get_by_text("Du musst angemeldet sein, um einen Kommentar abzugeben.")).to_be_visible()
    expect(section(page).get_by_role("heading", name="1 Kommentar")).to_be_visible()
    assert page.context.cookies() == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    watch.assert_clean()


def test_a_draft_begun_before_signing_in_outlives_a_reload_and_is_sent_after(paper: Newspaper, watch: Watch) -> None:
    who = paper.site.visitor()
    page = paper.open()
    writing(page).fill("Schon vor der Anmeldung begonnen.")
    page.reload()
    expect(writing(page)).to_have_value("Schon vor der Anmeldung begonnen.")

    sign_in(page, who)
    expect(writing(page)).to_have_value("Schon vor der Anmeldung begonnen.")
    press_button(page, "Absenden")

    expect(comment(page, "Schon vor der Anmeldung")).to_contain_text("Veröffentlicht.")
    expect(writing(page)).to_have_value("")
    assert paper.bodies() == ["Schon vor der Anmeldung begonnen."]
    assert page.context.cookies() == []
    watch.assert_clean()


def test_a_reader_registers_without_leaving_the_page(paper: Newspaper, watch: Watch) -> None:
    page = paper.open()
    press_button(page, "Registrieren")
    section(page).locator("dialog button[type=submit]").click()
    expect(section(page).locator("#field-display_name-note")).to_have_text("Bitte ausfüllen.")
    name = f"Neue {paper.article}"
    address = {"#field-email": f"{paper.article}@example.org", "#field-password": PASSWORD}
    fill_in(page, {"#field-display_name": name, **address})
    section(page).locator("dialog button[type=submit]").click()

    expect(section(page).locator(".account")).to_contain_text(f"Angemeldet als {name}")
    watch.assert_clean()


def test_a_text_is_there_for_whoever_is_signed_in_before_it_could_be_kept(paper: Newspaper, watch: Watch) -> None:
    who = paper.site.visitor(name="Rosa Grell")
    page = paper.open()
    # What waits for a quarter of a second to be kept waits for an hour here.
    page.evaluate(
        "() => { const wait = window.setTimeout.bind(window);"
        " window.setTimeout = (f, ms, ...given) => wait(f, ms === 250 ? 3_600_000 : ms, ...given); }"
    )

    writing(page).fill(sentence(3))
    writing(page).press_sequentially(" Und mehr.")
    sign_in(page, who)

    expect(writing(page)).to_have_value(f"{sentence(3)} Und mehr.")
    watch.assert_clean()


def test_a_doubtful_text_is_asked_about_once_with_its_passage_and_then_goes_to_the_editors(paper: Newspaper) -> None:
    page = paper.open(paper.site.visitor())
    write(page, insult(3))
    expect(section(page).get_by_role("heading", name="Kurz bevor du absendest")).to_be_focused()
    marked = " ".join(section(page).locator("mark").all_inner_texts())
    assert "Murrkopf" in marked
    assert sentence(3) not in marked
    press_button(page, "Umformulieren")
    assert "Murrkopf" in page.evaluate("getSelection().toString()")

    press_button(page, "Absenden")

    expect(comment(page, "Murrkopf")).to_contain_text("Bei der Redaktion.")
    expect(section(page).locator(".mine")).to_contain_text("Nur für dich sichtbar")
    assert paper.bodies() == []


def test_readers_answer_vote_and_flag(paper: Newspaper, watch: Watch) -> None:
    paper.post(paper.site.world.person(name="Ada"), sentence(5))
    page = paper.open(paper.site.visitor())
    first = comment(page, sentence(5))
    first.get_by_role("button", name="Antworten").click()
    section(page).get_by_label("Deine Antwort an Ada").fill(sentence(6))
    press_button(page, "Antwort absenden")
    expect(section(page).locator(".replies").get_by_text(sentence(6))).to_be_visible()

    first.get_by_role("button", name="Stimme zu").click()
    expect(first.locator(".score")).to_have_text("Bewertung: 1")
    expect(first.get_by_role("button", name="Stimme zu")).to_have_attribute("aria-pressed", "true")
    first.get_by_role("button", name="Stimme zu").click()
    expect(first.locator(".score")).to_have_text("Bewertung: 0")
    first.get_by_role("button", name="Melden").click()
    section(page).get_by_label("Er ist Werbung.").check()
    section(page).locator("form.ask button[type=submit]").click()

    expect(section(page).get_by_text("Danke. Die Redaktion sieht sich den Kommentar an.")).to_be_visible()
    expect(first.get_by_text("Gemeldet")).to_be_visible()
    watch.assert_clean()


def test_authors_edit_and_withdraw_what_they_wrote(paper: Newspaper, watch: Watch) -> None:
    page = paper.open(paper.site.visitor())
    write(page, sentence(7))
    mine = comment(page, sentence(7))
    mine.get_by_role("button", name="Bearbeiten").click()
    section(page).get_by_label("Deinen Kommentar bearbeiten").fill(sentence(8))
    press_button(page, "Änderung absenden")
    expect(comment(page, sentence(8))).to_contain_text("bearbeitet")
    assert paper.bodies() == [sentence(8)]

    comment(page, sentence(8)).get_by_role("button", name="Zurückziehen").click()
    section(page).locator(".below").get_by_role("button", name="Zurückziehen").click()

    expect(comment(page, sentence(8))).to_have_count(0)
    assert paper.bodies() == []
    watch.assert_clean()


def test_a_text_sent_without_a_connection_arrives_once_when_there_is_one_again(paper: Newspaper) -> None:
    page = paper.open(paper.site.visitor())
    page.context.set_offline(True)
    write(page, sentence(9))
    # What is read out besides says it too, for a while.
    expect(section(page).locator(".notices")).to_contain_text("Keine Verbindung.")
    expect(writing(page)).to_have_value(sentence(9))
    page.context.set_offline(False)

    expect(comment(page, sentence(9))).to_contain_text("Veröffentlicht.")
    expect(comment(page, sentence(9))).to_have_count(1)
    assert paper.bodies() == [sentence(9)]


def test_a_text_whose_answer_was_lost_is_there_once(paper: Newspaper) -> None:
    page = paper.open(paper.site.visitor())
    sent: list[str] = []

    def lose_the_first_answer(route: Route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        sent.append(route.request.headers["idempotency-key"])
        if len(sent) > 1:
            return route.continue_()
        assert route.fetch().status == 201
        return route.abort()

    page.route("**/comments", lose_the_first_answer)
    write(page, sentence(10))
    press_button(page, "Jetzt versuchen")

    expect(comment(page, sentence(10))).to_contain_text("Veröffentlicht.")
    assert len(sent) >= 2
    assert len(set(sent)) == 1
    assert paper.bodies() == [sentence(10)]


def test_english_readers_are_spoken_to_in_english(paper: Newspaper) -> None:
    page = paper.open(lang="en", options={"locale": "en-GB"})

    expect(section(page).get_by_text("You need to be signed in to comment.")).to_be_visible()
    expect(section(page).locator("section.root")).to_have_attribute("lang", "en")
