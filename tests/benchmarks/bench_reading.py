"""Reading from small and from large databases: time must hardly grow with what they hold.

``VORAB_BENCH_COMMENTS`` names how many comments the databases hold (default ``100,10000,1000000``); the first is the
baseline. Goal: the first page of a thread with a million comments in at most 1.3 times the time of one with a hundred.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from moderation import cursors, review_queue, threads
from moderation.comment_views import Viewer
from moderation.db import Database
from moderation.review_queue import QueueRequest
from moderation.threads import PageRequest
from tests.benchmarks import stock
from tests.benchmarks.serving import postgresql
from tests.benchmarks.stock import Stock

ROUNDS = int(os.environ.get("VORAB_BENCH_ROUNDS", "60"))
Question = Callable[[Session, Stock], object]


def _page(request: PageRequest) -> Question:
    return lambda session, _: threads.of_article(session, stock.SITE, stock.THREAD, request, Viewer())


def _middle(session: Session, stocked: Stock) -> object:
    cursor = cursors.encode("oldest", [str(stocked.middle)])
    return threads.of_article(session, stock.SITE, stock.THREAD, PageRequest(cursor=cursor), Viewer())


def _counts(session: Session, _: Stock) -> object:
    wanted = [f"{stock.THREAD}{place or ''}" for place in range(stock.COUNTED)]
    return threads.counts(session, stock.SITE, wanted)


def _queue(session: Session, stocked: Stock) -> object:
    return review_queue.page(session, QueueRequest(), actor=stocked.moderator)


QUESTIONS: dict[str, Question] = {
    "first page, oldest": _page(PageRequest()),
    "first page, newest": _page(PageRequest(sort="newest")),
    "first page, top": _page(PageRequest(sort="top")),
    "page in the middle": _middle,
    f"counts of {stock.COUNTED} articles": _counts,
    "queue by risk (a tenth is held)": _queue,
}


def main() -> None:
    console = Console()
    sizes = [int(size) for size in os.environ.get("VORAB_BENCH_COMMENTS", "100,10000,1000000").split(",")]
    for kind, opened in (("SQLite", sqlite), ("PostgreSQL", on_postgresql)):
        with contextlib.ExitStack() as open_ones:
            databases = [open_ones.enter_context(opened(size)) for size in sizes]
            if None in databases:
                console.print(f"{kind}: no server on localhost, left out")
                continue
            stocks = [stock.fill(database, size, console) for database, size in zip(databases, sizes, strict=True)]
            console.print(table(kind, sizes, measure(stocks)))


@contextmanager
def sqlite(_size: int) -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
        yield database
        database.dispose()


@contextmanager
def on_postgresql(size: int) -> Iterator[Database | None]:
    with postgresql(f"_{size}") as address:
        database = Database(address) if address is not None else None
        yield database
        if database is not None:
            database.dispose()


Times = tuple[float, float]
"""Milliseconds: the median, and what the fastest tenth of all stayed under."""


def measure(stocks: list[Stock]) -> dict[str, list[Times]]:
    """By question and database. All take turns, so that a busy moment of the machine hits every one of them."""
    taken: dict[str, list[list[float]]] = {name: [[] for _ in stocks] for name in QUESTIONS}
    for _ in range(ROUNDS):
        for name, ask in QUESTIONS.items():
            for place, stocked in enumerate(stocks):
                began = time.perf_counter()
                with stocked.database.read() as session:
                    ask(session, stocked)
                taken[name][place].append((time.perf_counter() - began) * 1000)
    return {
        name: [(statistics.median(times), statistics.quantiles(times, n=10, method="inclusive")[0]) for times in places]
        for name, places in taken.items()
    }


def table(kind: str, sizes: list[int], found: dict[str, list[Times]]) -> Table:
    made = Table(title=f"{kind}: p50 · fastest tenth in ms (against {sizes[0]:,} comments)", title_justify="left")
    made.add_column("")
    for size in sizes:
        made.add_column(f"{size:,} comments", justify="right")
    for name, times in found.items():
        made.add_row(name, *(f"{p50:.1f} · {fast:.2f} ({p50 / times[0][0]:.2f})" for p50, fast in times))
    return made
