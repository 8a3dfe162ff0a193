"""What the comment section withstands: strangers' texts, a page's styles, small windows, readers without a mouse."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from api.embed import bundle
from moderation.models import Role
from seeds.article import ARTICLE_ID
from tests.browser.section_visits import (
    STRICT_CSP,
    Newspaper,
    comment,
    section,
    sign_in,
    write,
    writing,
)
from tests.browser.visitors import Site, Watch, axe_findings
from tests.sentences import insult, sentence

PHONE = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True}
HOSTILE = """<style>
* { all: unset !important; display: none !important; font-size: 60px !important; color: yellow !important }
html, body, main { display: block !important }
vorab-comments { display: none !important; opacity: 0 !important; position: fixed !important; width: 1px !important;
  height: 1px !important; transform: rotate(9deg) !important; line-height: 9 !important; color: yellow !important;
  text-transform: uppercase !important; letter-spacing: 1em !important; direction: rtl !important }
textarea, button, input, p, article { display: none !important }
</style>"""
_MEASURES = """element => {
  const style = getComputedStyle(element.shadowRoot.querySelector(".gate"));
  const names = ["color", "fontSize", "lineHeight", "textTransform", "letterSpacing", "direction", "display"];
  return [...names.map((name) => style[name]), Math.round(element.getBoundingClientRect().width)];
}"""


def test_a_pages_styles_do_not_reach_the_section(paper: Newspaper, watch: Watch) -> None:
    free = "style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; connect-src {vorab}"
    calm = section(paper.open(csp=free)).evaluate(_MEASURES)
    hostile = section(paper.open(csp=free, head=HOSTILE)).evaluate(_MEASURES)

    # The margins of the page's own body are gone, so the section gets wider.
    assert hostile[:-1] == calm[:-1]
    assert hostile[-1] >= calm[-1]
    watch.assert_clean()


def test_a_page_chooses_colours_and_font_by_custom_properties(paper: Newspaper) -> None:
    head = "<style>vorab-comments { --vorab-accent: rgb(120, 0, 60); --vorab-font: Georgia; "
    head += "--vorab-font-size: 18px }</style>"
    page = paper.open(csp="style-src 'unsafe-inline'; connect-src {vorab}", head=head)

    expect(section(page).locator("button.primary").first).to_have_css("background-color", "rgb(120, 0, 60)")
    expect(section(page).locator(".gate")).to_have_css("font-family", "Georgia")
    expect(section(page).locator(".root")).to_have_css("font-size", "18px")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("options", [{"viewport": {"width": 1280, "height": 800}}, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_window(
    paper: Newspaper, scheme: str, options: dict[str, object]
) -> None:
    parent = paper.post(paper.site.world.person(name="Ada"), f"{sentence(1)} {'Donaudampfschifffahrt' * 12}")
    for depth in range(3):
        parent = paper.post(paper.site.world.person(), sentence(depth + 2), parent=parent["id"])
    head = "<style>html { color-scheme: light dark; background: Canvas }</style>"
    csp = f"{STRICT_CSP}; style-src 'unsafe-inline'"
    page = paper.open(options={"color_scheme": scheme, **options}, head=head, csp=csp)
    assert (axe_findings(page), _overflow(page)) == ([], 0)

    section(page).get_by_role("button", name="Registrieren").click()
    expect(section(page).get_by_role("dialog")).to_be_visible()
    assert (axe_findings(page), _overflow(page)) == ([], 0)
    page.keyboard.press("Escape")
    sign_in(page, paper.site.visitor())
    write(page, insult(4))
    expect(section(page).locator("mark").first).to_be_visible()
    comment(page, "Donau").get_by_role("button", name="Melden").click()

    expect(section(page).get_by_label("Er ist Werbung.")).to_be_visible()
    assert (axe_findings(page), _overflow(page)) == ([], 0)


def _overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_everything_is_done_with_the_keyboard_alone(paper: Newspaper, watch: Watch, options: dict[str, object]) -> None:
    paper.post(paper.site.world.person(name="Ada"), sentence(1))
    who = paper.site.visitor()
    page = paper.open(options=options)
    type_in = page.keyboard.type
    _tab_to(page, "text-new")
    type_in(sentence(2))
    page.keyboard.press("Control+Enter")
    expect(section(page).locator("#field-email")).to_be_focused()
    type_in(who.email)
    page.keyboard.press("Tab")
    type_in(who.password)
    page.keyboard.press("Enter")
    expect(writing(page)).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(comment(page, sentence(2))).to_be_focused()

    expect(comment(page, sentence(2))).to_contain_text("Veröffentlicht.")
    _tab_to(page, "agree")
    page.keyboard.press("Enter")
    expect(comment(page, sentence(1)).locator(".score")).to_have_text("Bewertung: 1")
    expect(section(page).locator('[data-do="agree"]')).to_be_focused()
    _tab_to(page, "flag")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(section(page).locator('[data-do="flag"]')).to_be_focused()
    watch.assert_clean()


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until the control has the focus that has this id or does this."""
    at = """() => {
      const { id, dataset } = document.querySelector("vorab-comments").shadowRoot.activeElement ?? document.body;
      return [id, dataset.do];
    }"""
    for _ in range(40):
        page.keyboard.press("Tab")
        if name in page.evaluate(at):
            return
    pytest.fail(f"{name} is not reached by the Tab key")


def test_a_moderators_cookie_of_the_desk_is_not_sent_by_the_section(
    site: Site, visit: Callable[..., BrowserContext]
) -> None:
    """On the demo's page, which has the desk's origin: there a browser would send it if it were not told otherwise."""
    erika = site.visitor(Role.MODERATOR, "demo", name="Erika")
    page = visit().new_page()
    page.goto(f"{site.url}/desk")
    page.locator("#email").fill(erika.email)
    page.locator("#password").fill(erika.password)
    page.locator("#sign-in button[type=submit]").click()
    expect(page.locator("#sign-out")).to_be_visible()
    # Another tab: the desk's own page goes on asking, with its cookie.
    page = page.context.new_page()
    requests: list[Request] = []
    page.on("requestfinished", lambda request: requests.append(request))  # noqa: PLW0108  # Playwright marks it.
    page.goto(f"{site.url}/")
    expect(writing(page)).to_be_visible()
    expect(section(page).locator(".gate")).to_be_visible()

    called = {request.url: "cookie" in request.all_headers() for request in requests}
    assert called[f"{site.url}/"]
    calls = [sent for url, sent in called.items() if urlsplit(url).path.startswith("/api/")]
    assert len(calls) >= 2
    assert not any(calls)


def test_without_javascript_the_comments_are_read_all_the_same(
    paper: Newspaper, site: Site, visit: Callable[..., BrowserContext]
) -> None:
    site.world.post(site.world.person(), sentence(77), site="demo", article=ARTICLE_ID)
    page = visit(java_script_enabled=False).new_page()
    page.goto(f"{site.url}/")
    expect(page.locator(".vorab-static").get_by_text(sentence(77))).to_be_visible()

    page = visit().new_page()
    page.goto(f"{site.url}/")
    expect(comment(page, sentence(77))).to_be_visible()
    expect(page.locator(".vorab-static")).to_have_count(0)


def test_numbers_on_a_list_page_take_one_request(paper: Newspaper, site: Site, watch: Watch) -> None:
    by = site.world.person(name="Ada")
    first = paper.post(by, sentence(1))
    paper.post(by, sentence(2), parent=first["id"])
    count = f'data-vorab-count="{paper.article}"'
    links = f"<a {count}>Kommentare</a> <b {count} data-vorab-bare></b>"
    tag = f'<script src="{site.url}/counts.js" nonce="bm9uY2U" data-site="{paper.key}" async></script>'
    page = paper.visit().new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/counts?" in request.url else None)
    page.goto(paper.print(before=f'{links} <i lang="en" data-vorab-count="unbekannt">–</i> {tag}'))

    expect(page.locator("a[data-vorab-count]")).to_have_text("2 Kommentare")
    expect(page.locator("b[data-vorab-count]")).to_have_text("2")
    expect(page.locator("i[data-vorab-count]")).to_have_text("0 comments")
    assert len(asked) == 1
    watch.assert_clean()


def test_a_pinned_tag_with_its_hash_runs(paper: Newspaper, site: Site, watch: Watch) -> None:
    script = bundle.scripts()["embed.js"]
    about = f'data-site="{paper.key}" data-article="{paper.article}"'
    pin = f'integrity="{script.integrity}" crossorigin="anonymous" nonce="bm9uY2U"'
    paper.print()
    _, policy = paper.press.pages[f"/{paper.article}"]
    tag = f'<script src="{site.url}{script.path}" {pin} {about} async></script>'
    paper.press.pages[f"/{paper.article}"] = (f"<!doctype html><html lang=de><title>Artikel</title>{tag}", policy)
    page = paper.visit().new_page()
    page.goto(paper.address)

    expect(section(page).get_by_text("Du musst angemeldet sein")).to_be_visible()
    watch.assert_clean()
