"""Do answers take the same time whether an address has an account or not? Register, sign in, reset, change of address.

Known and unknown addresses alternate, the order changing from pair to pair, so that a busy machine is as unkind to
both. Goal (control B1): medians within 10 % of each other, and no p below 0.01 in a Mann-Whitney test. Passwords are
hashed at their real cost. ``VORAB_BENCH_PAIRS`` is the number of pairs, 50 without it.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from api import logs
from api.app import Replacements, create_app, utc_now
from api.settings import Settings
from tests import databases
from tests.fakes import FakeClassifier
from tests.world import World, json_of

PASSWORD = "Ahornblatt am Fenster"
_MANY = 10**9
Ask = Callable[[str], int]
"""Makes one request about an address; gives the answer's status."""


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    ask: Ask
    status: int
    times_as_many: int = 1
    """What hashes nothing is over in a few milliseconds, of which a busy machine takes more than its share."""


def main() -> None:
    pairs = int(os.environ.get("VORAB_BENCH_PAIRS", "50"))
    load = os.getloadavg()[0]
    table = Table(title=f"{pairs} pairs each, load {load:.1f} on {os.cpu_count()} cores", title_justify="left")
    for head in ("call", "known ms", "unknown ms", "ratio", "p", "goal"):
        table.add_column(head, justify="left" if head == "call" else "right")
    for verifies in (True, False):
        with world(verify_addresses=verifies) as made:
            chosen = cases(made) if verifies else cases(made)[:1]
            for case in chosen:
                suffix = "" if verifies else ", addresses not verified"
                table.add_row(case.name + suffix, *_figures(*_measure(case, pairs * case.times_as_many)))
    Console().print(table)


def cases(made: World) -> list[Case]:
    token = _sign_in(made, "asker@example.org")
    headers = {"Authorization": f"Bearer {token}"}

    def call(method: str, path: str, **wish: str) -> int:
        return made.call(method, path, wish, headers=headers if path.startswith("/accounts/me") else {}).status_code

    return [
        Case(
            "register", lambda email: call("POST", "/accounts", email=email, display_name="X", password=PASSWORD), 201
        ),
        Case("sign in", lambda email: call("POST", "/sessions", email=email, password="falsch falsch falsch"), 401),
        Case("reset", lambda email: call("POST", "/password-resets", email=email), 202, 4),
        Case(
            "change of address",
            lambda email: call("PUT", "/accounts/me/email", email=email, current_password=PASSWORD),
            202,
        ),
    ]


@contextmanager
def world(**changes: object) -> Iterator[World]:
    """An installation with one reader to know of, and limits that are out of the way."""
    with tempfile.TemporaryDirectory() as folder:
        database = databases.sqlite_copy(databases.sqlite_template(Path(folder)), Path(folder))
        url = database.engine.url.render_as_string(hide_password=False)
        settings = Settings(secret_key="b" * 32, database_url=url, mail="console")
        limits = {field.name: _MANY for field in dataclasses.fields(Settings) if "_per_" in field.name}
        logs.configure("error")
        app = create_app(
            dataclasses.replace(settings, **limits, **changes),
            Replacements(database=database, classifier=FakeClassifier()),
        )
        made = World(app, app.extensions["vorab"], utc_now, FakeClassifier())  # type: ignore[arg-type]  # Time goes by.
        for email in ("known@example.org", "asker@example.org"):
            made.call("POST", "/accounts", {"email": email, "display_name": "Bea", "password": PASSWORD})
        yield made
        made.services.runner.close()
        database.dispose()


def _sign_in(made: World, email: str) -> str:
    token: str = json_of(made.call("POST", "/sessions", {"email": email, "password": PASSWORD}))["token"]
    return token


def _measure(case: Case, pairs: int) -> tuple[list[float], list[float]]:
    numbers = itertools.count()
    known: list[float] = []
    unknown: list[float] = []
    for number in range(pairs + 3):
        turns = [(known, "known@example.org"), (unknown, f"u{next(numbers):04}@example.org")]
        for times, email in turns if number % 2 else reversed(turns):
            began = time.perf_counter()
            status = case.ask(email)
            times.append((time.perf_counter() - began) * 1000)
            assert status == case.status, (case.name, email, status)
    # The first calls fill caches.
    return known[3:], unknown[3:]


def _figures(known: Sequence[float], unknown: Sequence[float]) -> list[str]:
    ratio = statistics.median(known) / statistics.median(unknown)
    p = mann_whitney(known, unknown)
    reached = abs(ratio - 1) <= 0.1 and p > 0.01
    return [
        f"{statistics.median(known):.1f}",
        f"{statistics.median(unknown):.1f}",
        f"{ratio:.3f}",
        f"{p:.3f}",
        "yes" if reached else "NO",
    ]


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> float:
    """The two-sided p of Mann and Whitney's test (1947) in its normal approximation, good from 20 values a side on."""
    n, m = len(first), len(second)
    wins = sum((one > other) + (one == other) / 2 for one in first for other in second)
    deviation = math.sqrt(n * m * (n + m + 1) / 12)
    return 2 * (1 - statistics.NormalDist().cdf(abs(wins - n * m / 2) / deviation))
