"""A site's own readers in the section: signed in by the page's token, out again by an empty one."""

from __future__ import annotations

import html
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.visitors import Site
from tests.site_tokens import Signer, shared_key

RUN_OUT = """() => {
  const key = Object.keys(localStorage).find((name) => /^vorab:session:.*v1$/.test(name));
  const kept = JSON.parse(localStorage.getItem(key));
  localStorage.setItem(key, JSON.stringify({ ...kept, expires_at: "2020-01-01T00:00:00Z" }));
}"""


@pytest.fixture(scope="module")
def signer(site: Site) -> Signer:
    return shared_key(site.world, kid="seite")


def show(page: Page, site: Site, attributes: str) -> None:
    """A page of the site with the section in it, as its server would write it."""
    script = f'<script src="{site.url}/embed.js" data-site="demo" {attributes}></script>'
    content = f'<!doctype html><html lang="de"><meta charset="utf-8"><title>Artikel</title><body>{script}</body></html>'

    def answer(route: Route) -> None:
        route.fulfill(body=content, content_type="text/html")

    page.route("**/seite", answer)
    page.goto(f"{site.url}/seite")


def with_token(site: Site, article: str, token: str) -> str:
    return f'data-article="{article}" data-token="{html.escape(token)}" data-sign-in="/anmelden"'


def test_a_reader_of_the_site_writes_without_seeing_a_form(
    site: Site, signer: Signer, visit: Callable[..., BrowserContext]
) -> None:
    page = visit().new_page()
    article = site.article()
    token = signer.token(sub="browser-1", name="Rosa Lind")

    show(page, site, with_token(site, article, token))
    expect(page.get_by_text("Rosa Lind").first).to_be_visible()

    # The same page again, with the same token, which is used: she stays signed in.
    show(page, site, with_token(site, article, token))
    expect(page.get_by_text("Rosa Lind").first).to_be_visible()
    assert page.evaluate("document.querySelector('vorab-comments').dataset.token") is None

    # Somebody else signed in on the site.
    show(page, site, with_token(site, article, signer.token(sub="browser-2", name="Tom Krug")))
    expect(page.get_by_text("Tom Krug").first).to_be_visible()
    expect(page.get_by_text("Rosa Lind")).to_have_count(0)

    # Nobody is signed in on the site any more.
    show(page, site, with_token(site, article, ""))
    expect(page.get_by_role("button", name="Anmelden").first).to_be_visible()
    expect(page.get_by_text("Tom Krug")).to_have_count(0)


def test_who_wants_to_write_is_sent_to_the_sites_own_form(
    site: Site, signer: Signer, visit: Callable[..., BrowserContext]
) -> None:
    page = visit().new_page()
    page.route(
        "**/anmelden", lambda route: route.fulfill(body="<h1>Anmelden bei der Zeitung</h1>", content_type="text/html")
    )
    show(page, site, with_token(site, site.article(), ""))

    page.get_by_role("button", name="Anmelden").first.click()

    expect(page.get_by_role("heading", name="Anmelden bei der Zeitung")).to_be_visible()


def test_a_refused_token_leaves_the_comments_readable_and_tells_the_developers(
    site: Site, signer: Signer, visit: Callable[..., BrowserContext]
) -> None:
    page = visit().new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))

    show(page, site, with_token(site, site.article(), signer.token(aud="https://anderswo.example")))

    expect(page.get_by_role("button", name="Anmelden").first).to_be_visible()
    assert any("site_token_wrong_audience" in line for line in said)


@pytest.mark.parametrize("has_run_out", [False, True])
def test_what_is_begun_after_somebody_has_left_the_site_belongs_to_whoever_signs_in_next(
    site: Site, signer: Signer, visit: Callable[..., BrowserContext], has_run_out: bool
) -> None:
    page = visit().new_page()
    article = site.article()
    show(page, site, with_token(site, article, signer.token(sub="browser-3", name="Rosa Lind")))
    expect(page.get_by_text("Rosa Lind").first).to_be_visible()
    page.get_by_label("Dein Kommentar").fill("Von Rosa begonnen.")
    if has_run_out:
        page.evaluate(RUN_OUT)

    show(page, site, with_token(site, article, ""))
    expect(page.get_by_label("Dein Kommentar")).to_have_value("")
    page.get_by_label("Dein Kommentar").fill("Vor der Anmeldung begonnen.")

    show(page, site, with_token(site, article, signer.token(sub="browser-4", name="Tom Krug")))
    expect(page.get_by_text("Tom Krug").first).to_be_visible()
    expect(page.get_by_label("Dein Kommentar")).to_have_value("Vor der Anmeldung begonnen.")
