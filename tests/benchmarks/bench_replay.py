"""A replay of real comments: posted over HTTP to a running server, one by one and eight at a time.

The comments are those of austrotox, split dev, from the folder that ``VORAB_DATA`` names (default ``../shared/data``).
Where they are absent, the demo's comments are posted instead, and the table says so.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import create_engine, text

from moderation.models import Role
from tests.benchmarks.serving import Client, Server, postgresql, serving

ACCOUNTS = 20
PASSWORD = "ein langes Kennwort"
# Twenty accounts that write thousands of comments in minutes are no readers: what only hits such writers is turned off.
POLICY = {"burst_limit": 1_000_000, "repeat_window_s": 0, "burst_window_s": 0}


@dataclass(frozen=True)
class Row:
    text: str
    toxic: bool | None


@dataclass(frozen=True)
class Posted:
    row: Row
    comment_id: str
    status: str
    seconds: float


@dataclass(frozen=True)
class Screened:
    """What the server put on record of a comment."""

    status: str
    model_ms: float


def main() -> None:
    rows, source = load()
    console = Console()
    console.print(f"{len(rows)} comments: {source}")
    outcomes: list[tuple[Row, str]] = []
    for kind, url in databases():
        for at_once in (1, 8):
            with tempfile.TemporaryDirectory() as folder, url() as address:
                if address is None:
                    console.print(f"{kind}: no server on localhost, left out")
                    break
                with serving(Path(folder), address or None) as server:
                    posted, wall = replay(server, rows, at_once, console)
                    screened = screenings(server.database_url)
            report_times(console, f"{kind}, {at_once} at a time", posted, screened, wall)
            outcomes = [(entry.row, screened[entry.comment_id].status) for entry in posted]
    report_outcomes(console, outcomes)


def databases() -> list[tuple[str, Callable]]:
    from contextlib import nullcontext

    return [("SQLite", lambda: nullcontext("")), ("PostgreSQL", postgresql)]


def load() -> tuple[list[Row], str]:
    path = Path(os.environ.get("VORAB_DATA", "../shared/data")) / "comments.jsonl.gz"
    if path.exists():
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            found = [json.loads(line) for line in lines]
        rows = [
            Row(row["text"], bool(row["toxic"])) for row in found if row["set"] == "austrotox" and row["split"] == "dev"
        ]
        most = int(os.environ.get("VORAB_BENCH_ROWS", "0")) or len(rows)
        return rows[:most], "austrotox, split dev"
    demo = json.loads((Path(__file__).parents[2] / "seeds" / "data" / "comments.json").read_text(encoding="utf-8"))
    texts = [step["body"] for step in demo if "body" in step]
    return [Row(body, None) for body in texts], f"the demo's, since {path} is absent"


def replay(server: Server, rows: Sequence[Row], at_once: int, console: Console) -> tuple[list[Posted], float]:
    clients = prepare(server)
    began = time.perf_counter()
    with Progress(console=console, transient=True) as progress, ThreadPoolExecutor(at_once) as pool:
        task = progress.add_task(f"posting, {at_once} at a time", total=len(rows))

        def work(worker: int) -> list[Posted]:
            mine = clients[worker::at_once]
            done = []
            for number, row in enumerate(rows[worker::at_once]):
                done.append(post(mine[number % len(mine)], row))
                progress.advance(task)
            return done

        posted = [entry for part in pool.map(work, range(at_once)) for entry in part]
    return posted, time.perf_counter() - began


def prepare(server: Server) -> list[Client]:
    """A site whose policy suits the replay, and accounts with tokens, made as an operator and readers make them."""
    server.command("sites", "create", "--key", "bench", "--name", "Bench", "--origin", "https://zeitung.example")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as policy:
        json.dump(POLICY, policy)
        policy.flush()
        server.command("sites", "set-policy", "bench", policy.name)
    clients = []
    for number in range(ACCOUNTS):
        email = f"reader{number}@example.org"
        arguments = ("--email", email, "--display-name", f"Reader {number}", "--role", Role.READER.value)
        server.command("accounts", "create", *arguments, "--password-stdin", password=f"{PASSWORD}\n")
        _, signed_in = server.client().call("POST", "/sessions", {"email": email, "password": PASSWORD})
        clients.append(server.client(signed_in["token"]))
    return clients


def post(client: Client, row: Row) -> Posted:
    began = time.perf_counter()
    status, answer = client.call("POST", "/sites/bench/articles/replay/comments", {"body": row.text})
    seconds = time.perf_counter() - began
    assert status == 201, answer
    return Posted(row, answer["id"], answer["status"], seconds)


def screenings(url: str) -> dict[str, Screened]:
    """Status and milliseconds in the classifier of each comment, once the last one is screened."""
    engine = create_engine(url)
    query = text(
        "SELECT comment.id, comment.status, screening.duration_ms FROM comment"
        " JOIN revision ON revision.comment_id = comment.id JOIN screening ON screening.revision_id = revision.id"
    )
    with engine.connect() as connection:
        while connection.execute(text("SELECT count(*) FROM comment WHERE status = 'screening'")).scalar():
            connection.rollback()
            time.sleep(0.5)
        found = {str(uuid.UUID(str(row[0]))): Screened(row[1], row[2]) for row in connection.execute(query)}
    engine.dispose()
    return found


def report_times(
    console: Console, title: str, posted: Sequence[Posted], screened: Mapping[str, Screened], wall: float
) -> None:
    """Only requests that waited for their outcome can be split into the model's share and ours."""
    waited = [entry for entry in posted if entry.status != "screening"]
    table = Table(title=title, title_justify="left")
    for head in ("", "p50 ms", "p95 ms", "p50 against the model's"):
        table.add_column(head, justify="left" if not head else "right")
    whole = [entry.seconds * 1000 for entry in waited]
    model = [screened[entry.comment_id].model_ms for entry in waited]
    ours = [total - part for total, part in zip(whole, model, strict=True)]
    baseline = statistics.median(model)
    for name, values in (("the model", model), ("ours (the rest)", ours), ("whole request", whole)):
        p50, p95 = statistics.median(values), statistics.quantiles(values, n=20)[-1]
        table.add_row(name, f"{p50:.1f}", f"{p95:.1f}", f"{p50 / baseline:.2f}")
    console.print(table)
    left = len(posted) - len(waited)
    console.print(f"{len(posted) / wall:.0f} comments/s; {left} of {len(posted)} were answered before their outcome\n")


def report_outcomes(console: Console, outcomes: Sequence[tuple[Row, str]]) -> None:
    counts = Counter((row.toxic, status) for row, status in outcomes)
    statuses = sorted({status for _, status in counts})
    table = Table(title="what became of them", title_justify="left")
    for head in ("label", *statuses, "stopped"):
        table.add_column(head, justify="left" if head == "label" else "right")
    for label, name in ((True, "toxic"), (False, "not toxic"), (None, "unlabelled")):
        row = [counts[label, status] for status in statuses]
        if sum(row):
            stopped = 1 - counts[label, "published"] / sum(row)
            table.add_row(name, *map(str, row), f"{stopped:.1%}")
    console.print(table)
