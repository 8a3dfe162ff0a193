"""Fifty people sign in at once: how long do they wait, and is the server there for everything else (control H6)?

A real server with one process; passwords cost what they cost. Goals: /healthz ("alive") answers
within 200 ms, and the process
takes no more memory than two hashes and what fifty requests need.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
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


@dataclass
class Watch:
    """Asks whether the server lives, again and again, and looks how much memory its processes have."""

    host: str
    times: list[float] = field(default_factory=list)
    most_mib: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def over(self) -> Iterator[None]:
        thread = threading.Thread(target=self._loop)
        thread.start()
        yield
        self._stop.set()
        thread.join()

    def _loop(self) -> None:
        while not self._stop.is_set():
            began = time.perf_counter()
            assert _ask(self.host, "GET", "/healthz") == 200
            self.times.append((time.perf_counter() - began) * 1000)
            self.most_mib = max(self.most_mib, memory_mib(self.host))
            time.sleep(0.02)


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
    before, watch, began = memory_mib(host), Watch(host), time.perf_counter()
    with watch.over():
        statuses = Counter(at_once([lambda: _ask(host, "POST", "/api/v1/sessions", wish)] * PEOPLE))
    whole = time.perf_counter() - began
    answers = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
    return [
        str(PEOPLE),
        answers,
        f"{whole:.1f}",
        f"{statistics.median(watch.times):.0f}",
        f"{sorted(watch.times)[int(len(watch.times) * 0.95)]:.0f}",
        f"{max(watch.times):.0f}",
        f"{before:.0f}",
        f"{watch.most_mib:.0f}",
    ]


def _ask(host: str, method: str, path: str, body: object = None) -> int:
    connection = http.client.HTTPConnection(host, timeout=60)
    with contextlib.closing(connection):
        sent = None if body is None else json.dumps(body)
        connection.request(method, path, sent, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status


def memory_mib(host: str) -> float:
    """Of the processes of the server at this address: those that were started with its port."""
    port, total = host.rpartition(":")[2], 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"tests.servers\0{port}\0" in (process / "cmdline").read_text(encoding="utf-8", errors="replace"):
                total += int((process / "statm").read_text(encoding="ascii").split()[1]) * 4
    return total / 1024
