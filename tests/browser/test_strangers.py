"""Control F1: what strangers write as comment, name or address is only ever text, on every page that shows it."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from moderation.models import Role
from seeds.article import ARTICLE_ID
from tests.browser.desk_visits import rows
from tests.browser.section_visits import Newspaper, section, write
from tests.browser.visitors import Watch
from tests.naughty_strings import XSS, XSS_URLS
from tests.sentences import insult, sentence

NAMES = tuple("".join(sign for sign in attack if sign.isprintable())[:60] for attack in XSS)
FREE = "script-src * 'unsafe-inline' 'unsafe-eval' data: blob:; img-src *; style-src * 'unsafe-inline'"
"""A page that would run anything: what is only text here is text by itself, and not because a policy says so."""
LIVE = "script, img, iframe, object, embed, style, link, base, meta, svg, math, form, input, details, [onload], "
LIVE += "[onerror], [onclick], [onmouseover], [onfocus], [ontoggle], [style]"


def post_everything(paper: Newspaper) -> int:
    """Every attack as a comment, by an author of that name; every address as a link; some of both wait at the desk."""
    first = paper.post(paper.site.world.person(), sentence(99))
    for number, (attack, name) in enumerate(zip(XSS, NAMES, strict=True)):
        author = paper.site.world.person(name=name)
        paper.post(author, f"{sentence(number)} {attack}", parent=first["id"] if number % 9 == 0 else None)
        if number % 3 == 0:
            paper.post(author, f"{insult(number)} {attack}", parent=first["id"])
    for number, url in enumerate(XSS_URLS):
        author = paper.site.world.person(name="".join(sign for sign in url if sign.isprintable())[:60])
        paper.post(author, f"{sentence(number)} [Verweis]({url}) <{url}> {url}")
        if number % 3 == 0:
            paper.post(author, f"{insult(number)} [Verweis]({url}) {url}")
    address = f"/sites/{paper.key}/articles/{paper.article}"
    details = {"title": "</title><img src=x onerror=alert(1)>", "url": f'{paper.press.url}/"onmouseover=alert(1)'}
    named = paper.site.world.call("PUT", address, details, by=paper.site.world.person(Role.ADMIN))
    assert named.status_code in (200, 201), named.get_data(as_text=True)
    return len(paper.bodies())


def expect_only_text(texts: Locator) -> None:
    assert texts.locator(LIVE).count() == 0
    links = texts.locator("a").evaluate_all("links => links.map((link) => link.protocol)")
    # A browser calls the protocol of what is no address at all ":".
    assert set(links) <= {"http:", "https:", "mailto:", ":"}


def read_section(page: Page, published: int) -> None:
    more = section(page).get_by_role("button", name="Weitere Kommentare laden")
    cards = section(page).locator(".part > li")
    while cards.count() < published - 1:
        before = cards.count()
        more.click()
        expect(cards).not_to_have_count(before)
    section(page).get_by_role("button", name="weitere Antworten").first.click()
    expect(section(page).locator(".replies article.comment")).not_to_have_count(3)
    expect_only_text(section(page).locator("article.comment .body, article.comment .author"))
    write(page, f"{insult(1)} {XSS[0]} {XSS[3]}")
    expect(section(page).locator("mark").first).to_be_visible()
    expect_only_text(section(page).locator(".marked"))


def read_plain(page: Page, paper: Newspaper) -> None:
    """The frame's page, and the piece of HTML in a page without any policy."""
    address = f"{paper.site.url}/embed/sites/{paper.key}/articles/{paper.article}"
    page.goto(f"{address}/comments.html")
    expect_only_text(page.locator("article"))
    fragment = page.request.get(f"{address}/fragment.html").text()
    page.goto(paper.print(before=fragment, csp=FREE))
    expect(page.locator("vorab-comments")).to_be_visible()
    page.goto(paper.print(before=fragment.replace("data-vorab-static", "data-kept"), csp=FREE))
    expect_only_text(page.locator(".vorab-static article"))


def read_desk(page: Page, paper: Newspaper) -> None:
    erika = paper.site.visitor(Role.MODERATOR, paper.key, name="Erika")
    page.goto(f"{paper.site.url}/desk?sort=oldest")
    page.locator("#email").fill(erika.email)
    page.locator("#password").fill(erika.password)
    page.locator("#sign-in button[type=submit]").click()
    expect(rows(page).first).to_be_visible()
    waiting = int(page.locator('[data-count="all"]').inner_text())
    assert waiting >= len(XSS[::3]) + len(XSS_URLS[::3])
    for number in range(waiting):
        # Now and then as slowly as somebody who reads: then the author's other comments are shown too.
        page.wait_for_timeout(400 if number % 8 == 0 else 0)
        expect_only_text(page.locator("#item .comment-text, #item .parent, .row-text, .row-author, .recent, .record"))
        page.keyboard.press("j")
    page.get_by_role("button", name="Archiv").click()
    expect(rows(page).first).to_be_visible()
    page.locator("#toggle-filters").click()
    expect(page.locator("select[name=author]")).to_be_visible()
    page.goto(f"{paper.site.url}/desk/figures")
    expect(page.locator("#days .chart")).to_be_visible()


def test_f1_what_strangers_write_is_only_ever_text(paper: Newspaper, watch: Watch) -> None:
    assert len(XSS) >= 60
    assert len(set(NAMES)) >= 60
    assert len(XSS_URLS) >= 15
    published = post_everything(paper)
    assert published > (len(XSS) + len(XSS_URLS)) / 2

    read_section(paper.open(paper.site.visitor()), published)
    read_plain(paper.visit().new_page(), paper)
    read_desk(paper.visit().new_page(), paper)

    watch.assert_clean()


def test_f1_the_demos_page_includes_strangers_texts_as_text(paper: Newspaper, watch: Watch) -> None:
    for number, (attack, name) in enumerate(zip(XSS[:12], NAMES[:12], strict=True)):
        author = paper.site.world.person(name=name)
        paper.site.world.post(author, f"{sentence(number)} {attack}", site="demo", article=ARTICLE_ID)
    page = paper.visit(java_script_enabled=False).new_page()
    page.goto(f"{paper.site.url}/")
    expect_only_text(page.locator(".vorab-static article"))
    page = paper.visit().new_page()
    page.goto(f"{paper.site.url}/")
    expect(section(page).locator("article.comment").first).to_be_visible()

    expect_only_text(section(page).locator("article.comment .body, article.comment .author"))
    assert watch.hosts == {urlsplit(paper.site.url).netloc}
    watch.assert_clean()
