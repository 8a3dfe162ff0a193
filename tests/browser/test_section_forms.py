"""The section's forms as people see them: whole, in view, in the direction of their text, with their hints."""

from __future__ import annotations

from io import BytesIO

import pytest
from matplotlib import image
from playwright.sync_api import Locator, Page, expect

from tests.browser.section_visits import Newspaper, press_button, section, sign_in, writing
from tests.browser.visitors import Site
from tests.sentences import sentence

PHONE = {"viewport": {"width": 320, "height": 760}, "has_touch": True, "is_mobile": True}
RING = 3
"""Pixels, see style.css."""


def test_a_new_article_leaves_no_error_in_the_console(paper: Newspaper, site: Site) -> None:
    page = paper.visit().new_page()
    failed: list[str] = []
    page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
    page.clock.install()
    page.goto(paper.print())
    expect(section(page).get_by_text("Noch hat niemand kommentiert.")).to_be_visible()
    sign_in(page, site.visitor())
    assert [url for url in failed if url.startswith(site.url)] == []

    # What somebody else writes first is found all the same.
    paper.post(site.world.person(), sentence(1))
    page.clock.fast_forward(70_000)
    press_button(page, "1 neuen Kommentar anzeigen")
    expect(section(page).locator("article.comment")).to_contain_text(sentence(1))


def test_a_text_that_runs_from_right_to_left_does_so_while_it_is_written(paper: Newspaper, site: Site) -> None:
    page = paper.open(site.visitor())
    writing(page).fill("אני לא מסכים!")
    press_button(page, "Vorschau")

    expect(writing(page)).to_have_css("direction", "rtl")
    expect(section(page).get_by_role("region", name="Vorschau")).to_have_css("direction", "rtl")


def test_what_a_field_asks_for_is_still_there_after_a_mistake(paper: Newspaper) -> None:
    page = paper.open()
    press_button(page, "Registrieren")
    submit = section(page).locator("dialog button[type=submit]")
    note = section(page).locator("#field-password-note")
    submit.click()
    expect(note).to_have_text("Bitte ausfüllen.")

    section(page).locator("#field-password").fill("kurz")
    submit.click()

    expect(note).to_have_text("Mindestens 8 Zeichen.")


@pytest.mark.parametrize("name", ["Antworten", "Melden"])
def test_a_form_below_a_comment_opens_in_view_and_its_field_has_a_whole_ring(
    paper: Newspaper, site: Site, name: str
) -> None:
    for number in range(3):
        paper.post(site.world.person(), sentence(number))
    page = paper.open(site.visitor(), options=PHONE)
    button = section(page).get_by_role("button", name=name, exact=True).first
    button.evaluate("button => scrollBy(0, button.getBoundingClientRect().bottom - innerHeight + 10)")

    button.click()

    form = section(page).locator(".below form")
    expect(form).to_be_in_viewport(ratio=1)
    form.locator("textarea").focus()
    page.keyboard.press("Shift")
    assert ring_left_of(page, form.locator("textarea")) == RING


def ring_left_of(page: Page, field: Locator) -> int:
    """How many pixels of the ring around what has the focus are drawn on its left."""
    box = field.bounding_box()
    assert box
    place = {"x": box["x"] - 8, "y": box["y"] + box["height"] / 2, "width": 8, "height": 1}
    [row] = image.imread(BytesIO(page.screenshot(clip=place, scale="css")), format="png")
    return sum(1 for pixel in row if tuple(pixel) != tuple(row[0]))
