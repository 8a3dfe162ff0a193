"""The comment section in Chromium: what it costs a page, and whether it stays smooth with 10,000 comments.

``VORAB_BENCH_PEERS`` may name pages with other comment systems to measure beside it: ``Name=http://…`` separated by
spaces. Each is opened with an empty cache; what it costs is what it adds to the same page without any comments.
"""

from __future__ import annotations

import datetime as dt
import os
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.table import Table
from sqlalchemy import select, update

from api import logs
from api.app import create_app, utc_now
from api.embed import bundle
from moderation.identifiers import new_id
from moderation.models import Article, Comment, Revision, Site, Status
from tests import databases
from tests.browser import server, visitors
from tests.browser.section_visits import printing
from tests.fakes import FakeClassifier
from tests.sentences import sentence
from tests.world import World

ROUNDS = 9
MANY = 10_000
FEW = 50
CHECKPOINTS = (20, 1_020, 5_020, MANY)
_PAGE = "<!doctype html><html lang=de><meta charset=utf-8><title>Artikel</title><main><h1>Artikel</h1>{}</main>"
_TAG = '<script src="{}/embed.js" data-site="demo" data-article="{}" data-sort="oldest" async></script>'
_COST = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration", "JSHeapUsedSize")

_MORE = """async (wanted) => {
  const root = document.querySelector("vorab-comments").shadowRoot;
  const size = () => [...root.querySelectorAll(".part")].reduce((sum, part) => sum + part.children.length, 0);
  const frame = () => new Promise(requestAnimationFrame);
  const took = [];
  while (size() < wanted) {
    const before = size(), began = performance.now();
    root.querySelector(".foot button").click();
    while (size() === before) await frame();
    await frame();
    took.push(performance.now() - began);
  }
  return took.slice(-10);
}"""
_SMOOTHNESS = """async () => {
  const root = document.querySelector("vorab-comments").shadowRoot;
  const frame = () => new Promise(requestAnimationFrame);
  const area = root.querySelector("#text-new"), typed = [];
  for (let at = 0; at < 30; at += 1) {
    await frame();
    const began = performance.now();
    area.value += "x";
    area.dispatchEvent(new InputEvent("input"));
    area.getBoundingClientRect();
    typed.push(performance.now() - began);
  }
  const list = root.querySelector(".list");
  const top = list.getBoundingClientRect().top + scrollY, gaps = [];
  scrollTo(0, top);
  await frame();
  let last = performance.now();
  for (let at = 0; at < 120; at += 1) {
    scrollBy(0, 400);
    await frame();
    gaps.push(performance.now() - last);
    last = performance.now();
  }
  return { typed, gaps };
}"""


@dataclass(frozen=True)
class Cost:
    requests: int
    bytes: int
    figures: dict[str, float]


@contextmanager
def serving() -> Iterator[tuple[str, World, dict[str, tuple[str, str]], str]]:
    """Our server, its database, and a page's server with its pages."""
    logs.configure("error")
    with tempfile.TemporaryDirectory() as name, printing() as press:
        database = databases.sqlite_copy(databases.sqlite_template(Path(name)), Path(name))
        url = database.engine.url.render_as_string(hide_password=False)
        with visitors.serving(url) as address:
            settings = server.settings_for(url, urlsplit(address).port or 0)
            app = create_app(settings, server.replacements())
            world = World(app, app.extensions["vorab"], utc_now, FakeClassifier())  # type: ignore[arg-type]  # Time goes by.
            world.site(origins=(address, press.url, "https://zeitung.example"))
            yield address, world, press.pages, press.url
            world.services.runner.close()
        database.dispose()


def fill(world: World, article: str, number: int) -> None:
    """So many published comments, put into the database directly: screening them is not what is measured."""
    ada = world.person(name="Ada")
    world.post(ada, sentence(1), article=article)
    with world.database.write() as session:
        site = session.scalars(select(Site).where(Site.key == "demo")).one()
        row = session.scalars(select(Article).where(Article.external_id == article)).one()
        for at in range(number - 1):
            now = utc_now() + dt.timedelta(milliseconds=at)
            comment = Comment(
                id=new_id(),
                site_id=site.id,
                article_id=row.id,
                author_id=ada.account.id,
                status=Status.PUBLISHED,
                published_number=1,
                listed=True,
                created_at=now,
            )
            body = " ".join(sentence(at + add) for add in range(1 + at % 4))
            session.add(comment)
            session.add(Revision(comment_id=comment.id, number=1, body=body, created_at=now, screened_at=now))
        session.flush()
        counts = {"published_count": number, "thread_count": number, "public_version": row.public_version + 1}
        session.execute(update(Article).where(Article.id == row.id).values(**counts))


def cost(browser: Browser, address: str) -> Cost:
    """Of opening a page once, with an empty cache."""
    page = browser.new_context().new_page()
    session = page.context.new_cdp_session(page)
    received: list[float] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    session.send("Network.enable")
    # Processor time, not the clock's: other work on the machine counts little.
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    found = {entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]}
    page.context.close()
    return Cost(len(received), round(sum(received)), {name: found[name] for name in _COST})


def added(found: list[tuple[Cost, Cost]]) -> list[str]:
    """What pages cost more than ones without comments: medians over the rounds."""
    requests = statistics.median(one.requests - other.requests for one, other in found)
    size = statistics.median(one.bytes - other.bytes for one, other in found)

    def milliseconds(name: str) -> str:
        return f"{statistics.median(one.figures[name] - other.figures[name] for one, other in found) * 1000:.0f} ms"

    return [f"{requests:.0f}", f"{size / 1000:.1f} kB", milliseconds("TaskDuration"), milliseconds("ScriptDuration")]


def costs(browser: Browser, address: str, pages: dict[str, tuple[str, str]], press: str) -> Table:
    script = bundle.scripts()["embed.js"]
    table = Table(title=f"opening a page with {FEW} comments ({len(script.compressed):,} bytes of script)")
    for head in ("section", "requests", "transferred", "main thread", "of it script"):
        table.add_column(head, justify="right")
    pages["/ohne"] = (_PAGE.format(""), "")
    pages["/wenige"] = (_PAGE.format(_TAG.format(address, "wenige")), "")
    peers = dict(entry.split("=", 1) for entry in os.environ.get("VORAB_BENCH_PEERS", "").split())
    subjects = {"Vorab": f"{press}/wenige", **peers}
    found: dict[str, list[tuple[Cost, Cost]]] = {name: [] for name in subjects}
    # In turn, so that what else the machine does meets all of them.
    for _ in range(ROUNDS):
        without = cost(browser, f"{press}/ohne")
        for name, place in subjects.items():
            found[name].append((cost(browser, place), without))
    for name, rounds in found.items():
        table.add_row(name, *added(rounds))
    return table


def smoothness(page: Page) -> Table:
    table = Table(title=f"reading {MANY:,} comments (milliseconds; the machine's load is part of them)")
    for head in ("comments shown", "50 more", "a letter typed", "frame while scrolling", "worst frame", "heap"):
        table.add_column(head, justify="right")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    for wanted in CHECKPOINTS:
        took = page.evaluate(_MORE, wanted)
        found: dict[str, Any] = page.evaluate(_SMOOTHNESS)
        session.send("HeapProfiler.collectGarbage")
        heap = next(
            one["value"] for one in session.send("Performance.getMetrics")["metrics"] if one["name"] == _COST[-1]
        )
        table.add_row(
            f"{wanted:,}",
            f"{statistics.median(took):.0f}" if took else "–",
            f"{statistics.median(found['typed']):.1f}",
            f"{statistics.median(found['gaps']):.0f}",
            f"{max(found['gaps']):.0f}",
            f"{heap / 1e6:.0f} MB",
        )
    return table


def main() -> None:
    console = Console()
    with serving() as (address, world, pages, press), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=visitors.chromium(), args=visitors.CHROMIUM)
        fill(world, "wenige", FEW)
        console.print(costs(browser, address, pages, press))
        fill(world, "viele", MANY)
        pages["/viele"] = (_PAGE.format(_TAG.format(address, "viele")), "")
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(600_000)
        page.goto(f"{press}/viele")
        page.locator("vorab-comments article.comment").first.wait_for()
        console.print(smoothness(page))
        console.print(f"load: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        browser.close()
