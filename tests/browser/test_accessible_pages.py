"""axe-core finds nothing serious on any page that people see, in either language, and nothing is wider than a phone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from moderation.models import Role
from seeds.article import ARTICLE_ID
from tests.browser.desk_visits import Desk
from tests.browser.section_visits import Newspaper, comment, press_button, section, sign_in, write
from tests.browser.visitors import Site, Watch, axe_findings
from tests.sentences import insult, sentence

SIZES = [{"width": 1280, "height": 800}, {"width": 320, "height": 640}]
LOCALES = {"de": "de-DE", "en": "en-GB"}


@pytest.fixture
def open_in(visit: Callable[..., BrowserContext]) -> Callable[[str], Page]:
    return lambda language: visit(locale=LOCALES[language]).new_page()


def expect_no_barriers(page: Page, language: str) -> None:
    """At a desk's width and at a phone's, light and dark."""
    assert page.locator("html").get_attribute("lang") == language
    for size, scheme in zip(SIZES, ("light", "dark"), strict=True):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # A dict of that form.
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # One of the two.
        assert axe_findings(page) == [], (page.url, size, scheme)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (page.url, size)


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize(
    "path",
    [
        "/account/forgotten",
        "/account/password#a-token",
        "/account/address#a-token",
        f"/embed/sites/demo/articles/{ARTICLE_ID}/comments.html",
        "/desk",
    ],
)
def test_pages_for_everybody(
    site: Site, open_in: Callable[[str], Page], watch: Watch, path: str, language: str
) -> None:
    body = f"{sentence(1)} https://ok.example/"
    site.world.post(site.world.person(name="Ada"), body, site="demo", article=ARTICLE_ID)
    page = open_in(language)
    before, _, token = path.partition("#")
    page.goto(f"{site.url}{before}" + ("" if before == "/desk" else f"?lang={language}") + f"#{token}")
    expect(page.get_by_role("heading").first).to_be_visible()

    expect_no_barriers(page, language)
    assert not watch.reports


def test_the_documentation_on_a_phone(site: Site, visit: Callable[..., BrowserContext]) -> None:
    """Written in English, and so long that axe looks at it once only."""
    page = visit(viewport=SIZES[1], color_scheme="dark").new_page()
    page.goto(f"{site.url}/api/v1/docs")

    assert axe_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("language", LOCALES)
def test_the_demos_page_with_its_ways_in_open(site: Site, open_in: Callable[[str], Page], language: str) -> None:
    site.world.post(site.world.person(name="Ada"), sentence(1), site="demo", article=ARTICLE_ID)
    page = open_in(language)
    page.goto(f"{site.url}/?lang={language}")
    page.locator(".stage details").evaluate("details => { details.open = true; }")
    expect(section(page).locator("article.comment").first).to_be_visible()
    expect(section(page).get_by_text({"de": "Du musst angemeldet sein", "en": "You need to be signed in"}[language]))

    expect_no_barriers(page, "de")


@pytest.mark.parametrize("language", LOCALES)
def test_the_section_with_everything_open(paper: Newspaper, language: str) -> None:
    first = paper.post(paper.site.world.person(name="Ada"), sentence(1))
    paper.post(paper.site.world.person(Role.ADMIN, name="Bea"), sentence(2), parent=first["id"])
    head = "<style>html { color-scheme: light dark; background: Canvas }</style>"
    page = paper.open(lang=language, head=head, csp="style-src 'unsafe-inline'; connect-src {vorab}")
    sign_in(page, paper.site.visitor())
    if language == "de":
        write(page, insult(4))
        press_button(page, "So an die Redaktion senden")
    else:
        section(page).locator("#text-new").fill(insult(4))
        press_button(page, "Send")
        section(page).locator("section.ask button:not(.primary)").click()
    expect(comment(page, "Murrkopf").locator(".state.held")).to_be_visible()
    section(page).locator('[data-do="reply"]').first.click()
    section(page).locator('[data-do="flag"]').last.click()
    section(page).locator("details.hints summary").first.click()
    expect(section(page).locator(".staff")).to_be_visible()

    expect_no_barriers(page, language)


@pytest.mark.parametrize("language", LOCALES)
def test_the_desk_and_its_figures(site: Site, visit: Callable[..., BrowserContext], language: str) -> None:
    desk = Desk(site, visit)
    ada = desk.reader("Ada")
    parent = desk.post(desk.reader("Bea"), sentence(1))
    desk.post(ada, insult(1), parent=parent["id"])
    page = desk.open(site.visitor(Role.MODERATOR, desk.key, name="Erika"), locale=LOCALES[language])
    expect(page.locator(".history li").first).to_be_visible()
    page.locator("#toggle-filters").click()
    expect(page.locator("select[name=label]")).to_be_visible()
    expect_no_barriers(page, language)
    page.set_viewport_size(SIZES[0])  # type: ignore[arg-type]  # A dict of that form.
    page.locator("#show-keys").click()
    expect(page.get_by_role("dialog", name=re.compile("Tastenkürzel|Keyboard"))).to_be_visible()
    expect_no_barriers(page, language)

    for path in ("/desk/figures", "/desk/second-factor"):
        page.goto(site.url + path)
        expect(page.locator("#days .chart, #factor > *").first).to_be_visible()
        expect_no_barriers(page, language)
