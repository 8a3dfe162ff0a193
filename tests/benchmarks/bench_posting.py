"""Posting to a running server with the embedded model by 1, 8 and 32 clients at once; the goal is 150 a second from two
processes on two cores that do nothing else. ``VORAB_BENCH_ROWS`` says how many comments each time.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from moderation.db import Database
from tests.benchmarks import stock
from tests.benchmarks.bench_replay import Posted, Row, post, screenings
from tests.benchmarks.serving import Client, postgresql, serving
from tests.sentences import sentence

AT_ONCE = (1, 8, 32)
ROWS = int(os.environ.get("VORAB_BENCH_ROWS", "300"))
# What only hits somebody who posts thousands of comments in minutes from one address.
UNLIMITED = {f"VORAB_POSTS_PER_{subject}": "1000000" for subject in ("ACCOUNT", "ADDRESS", "SITE")}


def main() -> None:
    console = Console()
    for kind, workers in (("SQLite", 1), ("PostgreSQL", 2)):
        with ExitStack() as open_ones:
            folder = Path(open_ones.enter_context(tempfile.TemporaryDirectory()))
            address = open_ones.enter_context(postgresql()) if kind == "PostgreSQL" else ""
            if address is None:
                console.print(f"{kind}: no server on localhost, left out")
                continue
            tokens: list[str] = []
            server = open_ones.enter_context(
                serving(folder, address, workers=workers, fill=partial(_fill, tokens), **UNLIMITED)
            )
            clients = [server.client(token) for token in tokens]
            # Each process scores its first text late, and opens its connections.
            _post(clients, 0, len(clients), 8, console)
            made = Table(title=f"posting: {kind}, {workers} process(es)", title_justify="left")
            for head in ("clients", "comments/s", "whole p50 ms", "p95 ms", "the model p50 ms", "ours p50 ms", "early"):
                made.add_column(head, justify="right")
            for turn, at_once in enumerate(AT_ONCE, start=1):
                posted, wall = _post(clients, turn * 100_000, ROWS, at_once, console)
                made.add_row(str(at_once), f"{len(posted) / wall:.1f}", *_times(posted, server.database_url))
            console.print(made)


def _fill(tokens: list[str], url: str) -> None:
    """An empty site in the database, and the tokens of as many readers as there are clients in the list."""
    database = Database(url)
    stock.open_site(database)
    tokens += stock.tokens(database, max(AT_ONCE))
    database.dispose()


def _post(
    clients: Sequence[Client], first: int, number: int, at_once: int, console: Console
) -> tuple[list[Posted], float]:
    began = time.perf_counter()
    with Progress(console=console, transient=True) as progress, ThreadPoolExecutor(at_once) as pool:
        task = progress.add_task(f"{at_once} at a time", total=number)

        def work(worker: int) -> list[Posted]:
            mine, done = clients[worker::at_once], []
            for place in range(worker, number, at_once):
                text = f"{sentence(first + place)} {sentence(first + place + 7)}"
                done.append(post(mine[place // at_once % len(mine)], Row(text, None)))
                progress.advance(task)
            return done

        posted = [one for part in pool.map(work, range(at_once)) for one in part]
    return posted, time.perf_counter() - began


def _times(posted: Sequence[Posted], url: str) -> list[str]:
    """Only requests that waited for their outcome can be split into the model's share and ours."""
    screened = screenings(url)
    waited = [one for one in posted if one.status != "screening"]
    whole = [one.seconds * 1000 for one in waited]
    model = [screened[one.comment_id].model_ms for one in waited]
    ours = [total - part for total, part in zip(whole, model, strict=True)]
    p95 = statistics.quantiles(whole, n=20)[-1]
    medians = [statistics.median(values) for values in (whole, model, ours)]
    return [f"{medians[0]:.1f}", f"{p95:.1f}", f"{medians[1]:.1f}", f"{medians[2]:.1f}", str(len(posted) - len(waited))]
