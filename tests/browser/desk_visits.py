"""Moderators at the desk: a site of each test's own, comments that wait, and what the pages are asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, FloatRect, Page, expect

from moderation.models import Role
from tests.browser.visitors import Site, Visitor
from tests.sentences import CALM, insult
from tests.world import Person, json_of


@dataclass
class Desk:
    site: Site
    visit: Callable[..., BrowserContext]
    key: str = ""
    readers: list[Person] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.key = self.site.article().replace("artikel", "seite")
        self.site.world.site(self.key, policy=CALM)

    def moderator(self, name: str) -> Visitor:
        return self.site.visitor(Role.MODERATOR, self.key, name=name)

    def reader(self, name: str | None = None) -> Person:
        return self.site.world.person(name=name)

    def post(self, by: Person, body: str, **options: Any) -> dict[str, Any]:
        answer = self.site.world.post(by, body, site=self.key, **options)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        posted = json_of(answer)
        until = time.monotonic() + 20
        while posted["status"] == "screening":
            # The first text of a process waits until the languages are loaded.
            assert time.monotonic() < until
            time.sleep(0.05)
            posted = json_of(self.site.world.call("GET", f"/comments/{posted['id']}", by=by))
        return posted

    def waiting(self, number: int, *, by: Person | None = None) -> list[dict[str, Any]]:
        """So many comments that are held, in the order in which they were written."""
        author = by or self.reader()
        return [self.post(author, insult(each)) for each in range(number)]

    def open(self, who: Visitor, path: str = "/desk?sort=oldest", **options: Any) -> Page:
        """Sign in and wait for the queue."""
        page = self.visit(**{"viewport": {"width": 1280, "height": 800}, **options}).new_page()
        page.goto(self.site.url + path)
        page.locator("#email").fill(who.email)
        page.locator("#password").fill(who.password)
        page.locator("#sign-in button[type=submit]").click()
        expect(page.locator("#sign-out")).to_be_visible()
        return page

    def status(self, comment: dict[str, Any]) -> str:
        admin = self.site.world.person(Role.ADMIN)
        return str(self.site.world.queue_item(comment["id"], admin)["status"])

    def expect_statuses(self, comments: Sequence[dict[str, Any]], expected: Sequence[str]) -> None:
        """Decisions are sent behind the page's back: wait until they have arrived."""
        until = time.monotonic() + 10
        while (found := [self.status(comment) for comment in comments]) != list(expected):
            assert time.monotonic() < until, found
            time.sleep(0.05)

    def history(self, comment: dict[str, Any]) -> list[dict[str, Any]]:
        admin = self.site.world.person(Role.ADMIN)
        answer = self.site.world.call("GET", f"/comments/{comment['id']}/decisions", by=admin)
        items: list[dict[str, Any]] = json_of(answer)["items"]
        return items


def rows(page: Page) -> Any:
    return page.locator("#list > li")


def body_of(page: Page) -> Any:
    return page.locator("#item > .comment-text")


def box_of(page: Page, selector: str) -> FloatRect:
    found = page.locator(selector).bounding_box()
    assert found is not None
    return found


def counts(page: Page) -> list[int]:
    """What the tabs say waits, at one moment: all, held, flagged."""
    read = "names => names.map((name) => Number(document.querySelector(`[data-count=${name}]`).textContent))"
    found: list[int] = page.evaluate(read, ["all", "held", "flagged"])
    return found


def expect_counts(page: Page, every: int, held: int, flagged: int) -> None:
    for name, number in (("all", every), ("held", held), ("flagged", flagged)):
        expect(page.locator(f'[data-count="{name}"]')).to_have_text(str(number))
