"""First pages of a thread of 20 comments over connections that stay open: two of our processes, the documented nginx
with its micro-cache in front of them, and Isso beside it, in turns.

``wrk`` asks (Debian's package of that name). ``VORAB_BENCH_SECONDS`` says for how long each time. Goals on two cores
that do nothing else: 1,500 pages/s and p99 of at most 50 ms from two processes, 10,000/s through nginx, ten times Isso.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from moderation.db import Database
from tests import nginx
from tests.benchmarks import isso, stock
from tests.benchmarks.serving import Server, postgresql, serving
from tests.sentences import sentence

COMMENTS = 20
ROUNDS = 3
CONNECTIONS = 16
SECONDS = int(os.environ.get("VORAB_BENCH_SECONDS", "5"))
PAGE = f"/api/v1/sites/{stock.SITE}/articles/{stock.THREAD}/comments"
PEER = "Isso, 2 workers"


@dataclass(frozen=True)
class Load:
    """What was asked, and what came of it: answers a second and milliseconds."""

    rate: float
    p50: float
    p99: float
    errors: int


def main() -> None:
    console = Console()
    wrk = shutil.which("wrk")
    if wrk is None:
        console.print("left out: wrk is not installed")
        return
    with ExitStack() as open_ones:
        folder = Path(open_ones.enter_context(tempfile.TemporaryDirectory()))
        address = open_ones.enter_context(postgresql())
        server = open_ones.enter_context(serving(folder, address, workers=2, fill=_fill))
        asked = {"Vorab, 2 processes": _command(wrk, _address(server) + PAGE)}
        asked["the same, nothing has changed (304)"] = [
            *asked["Vorab, 2 processes"],
            "--header",
            f"If-None-Match: {_etag(_address(server) + PAGE)}",
        ]
        program = nginx.program()
        if program is not None:
            front = open_ones.enter_context(nginx.in_front_of(_address(server), program, folder))
            asked["Vorab behind the documented nginx"] = _command(wrk, front + PAGE)
        peer = open_ones.enter_context(isso.serving(folder, [sentence(place) for place in range(COMMENTS)]))
        if peer is not None:
            asked[PEER] = _command(wrk, peer + isso.THREAD)
        time.sleep(2)
        kind = "PostgreSQL" if address else "SQLite"
        console.print(_table(f"first page of {COMMENTS} comments, {CONNECTIONS} connections, {kind}", _measure(asked)))


def _fill(url: str) -> None:
    database = Database(url)
    stock.fill(database, COMMENTS, Console(), mixed=False)
    database.dispose()


def _address(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def _etag(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  # Our own address.
        return str(answer.headers["ETag"])


def _command(wrk: str, url: str) -> list[str]:
    return [wrk, "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{SECONDS}s", "--latency", url]


def _measure(asked: dict[str, list[str]]) -> dict[str, list[Load]]:
    found: dict[str, list[Load]] = {name: [] for name in asked}
    for _ in track(range(ROUNDS), "asking", transient=True):
        for name, command in asked.items():
            found[name].append(_read(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    return found


def _read(said: str) -> Load:
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    rate = re.search(r"Requests/sec: +([\d.]+)", said)
    assert rate is not None, said
    return Load(float(rate[1]), _percentile(said, 50), _percentile(said, 99), int(errors[1]) if errors else 0)


def _percentile(said: str, percent: int) -> float:
    found = re.search(rf"^ +{percent}% +([\d.]+)(us|ms|s)\b", said, re.MULTILINE)
    assert found is not None, said
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]


def _table(title: str, found: dict[str, list[Load]]) -> Table:
    made = Table(title=title, title_justify="left")
    for head in ("", "pages/s, median of rounds", "fastest round", "p50 ms", "p99 ms", "errors", "against Isso"):
        made.add_column(head, justify="right" if head else "left")
    rates = {name: statistics.median(load.rate for load in loads) for name, loads in found.items()}
    for name, loads in found.items():
        made.add_row(
            name,
            f"{rates[name]:.0f}",
            f"{max(load.rate for load in loads):.0f}",
            f"{statistics.median(load.p50 for load in loads):.1f}",
            f"{statistics.median(load.p99 for load in loads):.1f}",
            str(sum(load.errors for load in loads)),
            f"{rates[name] / rates[PEER]:.1f}" if PEER in rates else "–",
        )
    return made
