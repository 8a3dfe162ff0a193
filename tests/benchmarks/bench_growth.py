"""What one request costs: seconds of processor time in each process, and bytes on the disk. For docs/growth.md.

Processor time, unlike requests a second, hardly depends on what else the machine does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import text

from api import classifying, migrating
from moderation.classifiers import detoxify
from moderation.db import Database
from moderation.screening.pipeline import Material, default_rules, screen
from tests import nginx as documented
from tests.benchmarks.serving import postgresql
from tests.processes.outside import THREAD, asked, world_on
from tests.processes.parts import children_of
from tests.sentences import CALM, sentence
from tests.servers import serving
from tests.world import Person, World

_LIMITS = {f"VORAB_POSTS_PER_{scope}": "1000000" for scope in ("ACCOUNT", "ADDRESS", "SITE")}
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_POSTS, _READS, _CACHED, _SCREENED = 400, 400, 4000, 200


def main() -> None:
    with postgresql() as url, tempfile.TemporaryDirectory() as folder:
        if url is None:
            print("no PostgreSQL to measure on")
            return
        database = Database(url)
        migrating.upgrade(database)
        world = world_on(database)
        world.set_policy(dataclasses.replace(CALM, hold_thresholds={}))
        known = set(children_of(os.getpid()))
        with serving(database, **_LIMITS) as address:
            processes = [pid for pid in children_of(os.getpid()) if pid not in known]
            measure(int(address.rpartition(":")[2]), processes, database, world, Path(folder))
        database.dispose()
    measure_model()


def measure_model() -> None:
    """The whole screening of texts of 200 characters by the embedded model, in this process."""
    model, rules = classifying.warmed(detoxify.load_embedded()), default_rules()
    texts = [body_of(number) for number in range(2000, 2000 + _SCREENED)]
    began = time.process_time()
    for one in texts:
        screen(Material(one, "de", CALM), rules, model)
    print(
        f"{'screening one of them with the embedded model':<44}{(time.process_time() - began) / _SCREENED * 1000:>9.2f}"
    )


def body_of(number: int) -> str:
    return " ".join(sentence(3 * number + place) for place in range(3))


def measure(port: int, processes: Sequence[int], database: Database, world: World, folder: Path) -> None:
    print(f"{'':<44}{'web, ms':>9}{'database, ms':>14}")

    def show(name: str, times: int, work: Callable[[], None]) -> None:
        own, theirs = cpu_s(processes), cpu_s(backends(database))
        work()
        own, theirs = cpu_s(processes) - own, cpu_s(backends(database)) - theirs
        print(f"{name:<44}{own / times * 1000:>9.2f}{theirs / times * 1000:>14.2f}", flush=True)

    people = [world.person() for _ in range(4)]
    post_all(port, people, range(40))
    before = size_of(database)
    show("a post of 200 characters, without the model", _POSTS, lambda: post_all(port, people, range(40, 40 + _POSTS)))
    grown = size_of(database) - before
    etag = asked(port, "GET", f"{THREAD}?limit=20")[2]["ETag"]
    show(
        "a first page of 20, nothing changed (304)",
        _READS,
        lambda: read_all(port, _READS, {"If-None-Match": etag}),
    )
    show("a first page of 20, from memory", _READS, lambda: read_all(port, _READS, {}))
    stranger = world.person()
    show("the same for somebody signed in", _READS, lambda: read_all(port, _READS, stranger.headers))
    show("… who has written some of the 20", _READS, lambda: read_all(port, _READS, people[0].headers))
    with nginx(port, folder) as (front, pids):
        read_all(front, 10, {})
        began = cpu_s(pids)
        read_all(front, _CACHED, {})
        own = (cpu_s(pids) - began) / _CACHED * 1000
        print(f"{'the same from nginx, which has it in memory':<44}{own:>9.3f}   (of nginx)")
    size = grown / _POSTS / 1024
    print(f"\na comment of 200 characters takes {size:.1f} KiB in PostgreSQL, with indexes, verdicts and decision")


def cpu_s(pids: Sequence[int]) -> float:
    """Processor time that these processes have used so far, in the kernel and out of it."""
    found = 0.0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            found += (int(fields[11]) + int(fields[12])) * _TICK_S
    return found


def backends(database: Database) -> list[int]:
    with database.engine.connect() as connection:
        return list(connection.scalars(text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")))


def size_of(database: Database) -> int:
    with database.engine.connect() as connection:
        return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)


def post_all(port: int, people: Sequence[Person], numbers: range) -> None:
    def post(number: int) -> None:
        status, own, _ = asked(port, "POST", THREAD, {"body": body_of(number)}, people[number % len(people)])
        assert status == 201, own

    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(post, numbers))


def read_all(port: int, times: int, headers: dict[str, str]) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        for _ in range(times):
            connection.request("GET", f"{THREAD}?limit=20", headers=headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status in (200, 304)


@contextlib.contextmanager
def nginx(behind: int, folder: Path) -> Iterator[tuple[int, list[int]]]:
    """The documented nginx in front of a port: its own, and its processes."""
    program = documented.program() or "/usr/sbin/nginx"
    with documented.in_front_of(f"http://127.0.0.1:{behind}", program, folder) as address:
        threading.Event().wait(1.5)
        first = int((folder / "pid").read_text(encoding="utf-8"))
        yield int(address.rpartition(":")[2]), [first, *children_of(first)]


if __name__ == "__main__":
    main()
