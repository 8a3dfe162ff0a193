"""Readers on a newspaper's pages: a web server of its own, so that the comment section runs across origins."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.visitors import Site, Visitor
from tests.sentences import CALM
from tests.world import ORIGIN, Person, json_of

NONCE = "bm9uY2U"
STRICT_CSP = (
    "default-src 'none'; script-src 'nonce-{nonce}'; connect-src {vorab}; img-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'; form-action 'none'"
)
"""What docs/embedding.md tells publishers: the section needs its script and one host to talk to, and nothing else."""
_PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Radwege in der Altstadt</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>
<body><main><h1>Radwege in der Altstadt</h1>{before}
<script src="{vorab}/embed.js" nonce="{nonce}" data-site="{key}" data-article="{article}" async></script>
</main></body></html>"""


@dataclass
class Press:
    """The web server of a newspaper."""

    url: str
    pages: dict[str, tuple[str, str]]
    """Path to page and Content-Security-Policy."""


@contextmanager
def printing() -> Iterator[Press]:
    pages: dict[str, tuple[str, str]] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(pages))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Press(f"http://127.0.0.1:{server.server_port}", pages)
    server.shutdown()
    thread.join()
    server.server_close()


def _handler(pages: dict[str, tuple[str, str]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page, policy = pages.get(self.path.partition("?")[0], ("", ""))
            content = page.encode()
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            if policy:
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    return Handler


@dataclass
class Newspaper:
    """A site of each test's own, with one article."""

    site: Site
    press: Press
    visit: Callable[..., BrowserContext]
    article: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        self.article = self.site.article()
        self.key = self.article.replace("artikel", "zeitung")
        self.site.world.site(self.key, policy=CALM, origins=(self.press.url, ORIGIN))

    @property
    def address(self) -> str:
        return f"{self.press.url}/{self.article}"

    def print(self, *, head: str = "", before: str = "", lang: str = "de", csp: str = STRICT_CSP) -> str:
        """Put the article on the newspaper's server and tell its address."""
        names = {"vorab": self.site.url, "nonce": NONCE, "key": self.key, "article": self.article}
        page = _PAGE.format(head=head, before=before, lang=lang, **names)
        self.press.pages[f"/{self.article}"] = (page, csp.format(**names))
        return self.address

    def open(self, who: Visitor | None = None, *, options: dict[str, Any] | None = None, **printed: str) -> Page:
        self.print(**printed)
        page = self.visit(**(options or {})).new_page()
        page.goto(self.address)
        expect(writing(page)).to_be_visible()
        if who:
            sign_in(page, who)
        return page

    def post(self, by: Person, body: str, **options: Any) -> dict[str, Any]:
        answer = self.site.world.post(by, body, site=self.key, article=self.article, **options)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        posted = json_of(answer)
        until = time.monotonic() + 20
        while posted["status"] == "screening":
            # The first text of a process waits until the languages are loaded.
            assert time.monotonic() < until
            time.sleep(0.05)
            posted = json_of(self.site.world.call("GET", f"/comments/{posted['id']}", by=by))
        return posted

    def bodies(self) -> list[str]:
        """What the public can read, on the server."""
        address = f"/sites/{self.key}/articles/{self.article}/comments"
        found = json_of(self.site.world.call("GET", f"{address}?limit=100"))
        return [str(item["body"]) for item in found.get("items", [])]


def section(page: Page) -> Locator:
    return page.locator("vorab-comments")


def writing(page: Page) -> Locator:
    """The form for a new comment."""
    return section(page).locator("#text-new")


def comment(page: Page, text: str) -> Locator:
    return section(page).locator("article.comment").filter(has_text=text)


def press_button(page: Page, name: str) -> None:
    section(page).get_by_role("button", name=name, exact=True).click()


def sign_in(page: Page, who: Visitor) -> None:
    section(page).locator(".gate + .row button").first.click()
    fill_in(page, {"#field-email": who.email, "#field-password": who.password})
    section(page).locator("dialog button[type=submit]").click()
    expect(section(page).locator(".account")).to_contain_text(who.name)


def fill_in(page: Page, values: dict[str, str]) -> None:
    for field_id, value in values.items():
        section(page).locator(f"dialog {field_id}").fill(value)


def write(page: Page, text: str) -> None:
    writing(page).fill(text)
    press_button(page, "Absenden")
