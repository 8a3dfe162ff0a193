"""The desk's figures in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.desk_visits import Desk
from tests.browser.visitors import Site, Watch, axe_findings
from tests.sentences import sentence


@pytest.fixture
def desk(site: Site, visit: Callable[..., BrowserContext]) -> Desk:
    desk = Desk(site, visit)
    desk.waiting(4)
    desk.post(desk.reader(), sentence(0))
    return desk


def test_moving_the_threshold_says_what_would_have_happened(desk: Desk, watch: Watch) -> None:
    page = desk.open(desk.moderator("Erika"))
    expect(page.locator("#list > li")).to_have_count(4)
    for key in "112":
        page.locator("#item").wait_for()
        page.keyboard.press(key)
    expect(page.locator("#list > li")).to_have_count(1)
    expect(page.locator(".notice.passing")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.goto(f"{desk.site.url}/desk/figures")

    words = page.locator(".sum")
    expect(words).to_contain_text("Bei 0,50 warten: 4 (wie zurzeit)")
    expect(words).to_contain_text("Von den abgelehnten kämen durch: 0 von 3")
    page.locator("#threshold").focus()
    page.keyboard.press("Home")
    expect(words).to_contain_text("Bei 0,00 warten: 5 (+1)")

    page.locator("#days summary").click()
    expect(page.get_by_role("table", name="Kommentare pro Tag")).to_be_visible()
    watch.assert_clean()


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_figures(desk: Desk, width: int, scheme: str) -> None:
    page = desk.open(
        desk.moderator("Erika"),
        "/desk/figures",
        color_scheme=scheme,
        viewport={"width": width, "height": 800},
        locale="en-GB",
    )
    expect(page.get_by_role("img", name="Comments per day")).to_be_visible()

    assert axe_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_figures_are_taken_along_as_csv_and_printed_with_their_tables(desk: Desk) -> None:
    page = desk.open(desk.moderator("Erika"), "/desk/figures")
    expect(page.locator("#days .chart")).to_be_visible()

    with page.expect_download() as download:
        page.locator("#days .export a").click()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")

    assert Path(download.value.path()).read_text(encoding="utf-8-sig").startswith("day,published,")
    expect(page.get_by_role("table", name="Kommentare pro Tag")).to_be_visible()
