"""Fifty people sign in at once: how long do they wait, and is the server there for everything else (control H6)?

A real server with one process; passwords cost what they cost. Goals: /healthz ("alive") answers
within 200 ms, and the process
takes no more memory than two hashes and what fifty requests need.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import multiprocessing
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from os import cpu_count, getloadavg
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from tests import databases
from tests.parallel import at_once
from tests.servers import serving

PEOPLE = 50
PASSWORD = "Ahornblatt am Fenster"
_MANY = "1000000"
_LIMITS = {f"VORAB_SIGN_IN_PER_{scope}": _MANY for scope in ("ACCOUNT", "ADDRESS", "SITE")}


@dataclass(frozen=True)
class Seen:
    """What was seen of a server: how long each answer took, in ms, and the most memory its processes had, in MiB."""

    times: list[float]
    most_mib: float


class Watch:
    """Asks whether the server lives, again and again, and looks how much memory its processes have.

    From a process of its own: in ours fifty threads are at work, and what it takes to have a turn among them would be
    counted as the server's.
    """

    def __init__(self, host: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_watch, args=(host, theirs))

    @contextlib.contextmanager
    def over(self) -> Iterator[None]:
        self._process.start()
        self._connection.recv()
        yield
        self._connection.send("stop")

    def seen(self) -> Seen:
        found: Seen = self._connection.recv()
        self._process.join()
        return found


def _watch(host: str, connection: Connection) -> None:
    processes, times, most_mib = processes_of(host), [], 0.0
    connection.send("begun")
    while not connection.poll(0.02):
        began = time.perf_counter()
        assert _ask(host, "GET", "/healthz") == 200
        times.append((time.perf_counter() - began) * 1000)
        most_mib = max(most_mib, memory_mib(processes))
    connection.send(Seen(times, most_mib))


def main() -> None:
    table = Table(title=f"load {getloadavg()[0]:.1f} on {cpu_count()} cores", title_justify="left")
    for head in ("sign-ins", "answers", "whole s", "alive ms", "95 %", "slowest", "MiB before", "most"):
        table.add_column(head, justify="right")
    with tempfile.TemporaryDirectory() as folder:
        database = databases.sqlite_copy(databases.sqlite_template(Path(folder)), Path(folder))
        with serving(database, VORAB_TEST_MEMORY_KIB="47104", VORAB_VERIFY_ADDRESSES="0", **_LIMITS) as address:
            table.add_row(*_measure(urlsplit(address).netloc))
        database.dispose()
    Console().print(table)


def _measure(host: str) -> list[str]:
    wish = {"email": "ada@example.org", "password": PASSWORD}
    assert _ask(host, "POST", "/api/v1/accounts", {**wish, "display_name": "Ada"}) == 201
    assert _ask(host, "POST", "/api/v1/sessions", wish) == 201
    before, watch = memory_mib(processes_of(host)), Watch(host)
    with watch.over():
        began = time.perf_counter()
        statuses = Counter(at_once([lambda: _ask(host, "POST", "/api/v1/sessions", wish)] * PEOPLE))
        whole = time.perf_counter() - began
    seen = watch.seen()
    answers = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
    return [
        str(PEOPLE),
        answers,
        f"{whole:.1f}",
        f"{statistics.median(seen.times):.0f}",
        f"{sorted(seen.times)[int(len(seen.times) * 0.95)]:.0f}",
        f"{max(seen.times):.0f}",
        f"{before:.0f}",
        f"{seen.most_mib:.0f}",
    ]


def _ask(host: str, method: str, path: str, body: object = None) -> int:
    connection = http.client.HTTPConnection(host, timeout=60)
    with contextlib.closing(connection):
        sent = None if body is None else json.dumps(body)
        connection.request(method, path, sent, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status


def processes_of(host: str) -> list[Path]:
    """The processes of the server at this address: those that were started with its port."""
    port = host.rpartition(":")[2]
    return [folder for folder in Path("/proc").glob("[0-9]*") if f"tests.servers\0{port}\0" in _command(folder)]


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:  # It has ended meanwhile.
        return ""


def memory_mib(processes: Sequence[Path]) -> float:
    pages = sum(int((one / "statm").read_text(encoding="ascii").split()[1]) for one in processes)
    return pages * 4 / 1024
