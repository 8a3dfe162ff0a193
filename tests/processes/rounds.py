"""``make faults``: a whole installation whose parts are killed at every step of a comment's life, seeded.

Two web processes, two workers, a PostgreSQL and a broker of their own, Redis or RabbitMQ. In each round readers post, a
part is killed while a comment is at a chosen point, and comes back. What was acknowledged must be there, decided once
within the lease and five seconds; nothing may be public that nobody allowed; a letter that was promised is sent.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import http.client
import itertools
import json
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from api import migrating
from api.app import utc_now
from moderation.db import Database
from moderation.models import Article, Comment, Decision, OutboxMessage, Revision, Role, Status, Worker
from tests.integrity import assert_whole
from tests.processes.outside import world_on
from tests.processes.parts import Ours, Part, Postgres, RabbitServer, RedisServer, wait_for
from tests.processes.points import AT_THE_WEB, POINTS, Points
from tests.sentences import insult, sentence
from tests.world import ORIGIN, Person, World

LEASE_S = 2.0
GRACE_S = 5.0
BROKERS: dict[str, type[RedisServer | RabbitServer]] = {"redis": RedisServer, "rabbitmq": RabbitServer}
VICTIMS = ("web", "worker", "broker", "database")


@dataclass
class Round:
    """What is to happen in a round, and what did."""

    number: int
    victim: str
    point: str
    down_s: float
    goes_on_before_it_is_back: bool
    was_reached: bool = False
    settled_s: float = 0.0
    posted: int = 0
    retried: int = 0
    objections: list[str] = field(default_factory=list)


def plan(rounds: int, seed: int) -> list[Round]:
    """Every victim at every point before any of them comes again, in an order that the seed decides."""
    chance = random.Random(seed)  # noqa: S311  # It has to be the same again.
    pairs: list[tuple[str, str]] = []
    while len(pairs) < rounds:
        once = list(itertools.product(VICTIMS, POINTS))
        chance.shuffle(once)
        pairs += once
    return [
        Round(number, victim, point, chance.choice((0.0, 0.3, 1.5)), chance.random() < 0.5)
        for number, (victim, point) in enumerate(pairs[:rounds], 1)
    ]


class Installation:
    """All parts, and what looks at them from outside."""

    def __init__(self, folder: Path, broker: str = "redis") -> None:
        self.folder = folder
        self.points = Points(folder)
        self.database_part = Postgres(folder / "postgres.log")
        self.broker = BROKERS[broker](folder / "broker.log")
        environment = self.environment()
        self.webs = [Ours("web", folder, environment, name=f"web-{number}") for number in range(2)]
        self.workers = [Ours("worker", folder, environment, name=f"worker-{number}") for number in range(2)]
        self.database = Database(self.database_part.url)
        self.workers_begun_at = utc_now()

    def environment(self) -> dict[str, str]:
        return {
            "VORAB_SECRET_KEY": "t" * 32,
            "VORAB_DATABASE_URL": self.database_part.url,
            "VORAB_SCREENING": "celery",
            "VORAB_BROKER_URL": self.broker.url,
            "VORAB_MAIL": f"folder:{self.folder / 'mail'}",
            "VORAB_SCREENING_LEASE_S": str(LEASE_S),
            "VORAB_SCREENING_DEADLINE_S": "1",
            "VORAB_CLASSIFIER_TIMEOUT_S": "1",
            "VORAB_LOG_LEVEL": "info",
            "OMP_NUM_THREADS": "1",
            **{f"VORAB_POSTS_PER_{scope}": "100000" for scope in ("ACCOUNT", "ADDRESS", "SITE")},
            **{f"VORAB_REGISTRATIONS_PER_{scope}": "100000" for scope in ("ACCOUNT", "ADDRESS", "SITE")},
        }

    @property
    def ours(self) -> list[Ours]:
        return [*self.webs, *self.workers]

    def begin(self) -> None:
        self.database_part.make()
        self.database_part.begin()
        migrating.upgrade(self.database)
        self.broker.begin()
        for part in self.ours:
            part.begin()
        self.wait_until_there()

    def wait_until_there(self) -> None:
        """Every web process answers, and every worker has said that it is there since it was begun."""
        for web in self.webs:
            wait_for(lambda web=web: is_alive(web), web.name)  # type: ignore[misc]
        wait_for(lambda: self.heard_of_since(self.workers_begun_at), "the workers")

    def heard_of_since(self, begun_at: dt.datetime) -> bool:
        with contextlib.suppress(DBAPIError), self.database.read() as session:
            return session.scalar(select(func.count()).where(Worker.started_at >= begun_at)) != 0
        return False

    def end(self) -> None:
        for part in self.ours:
            part.kill()
        self.broker.remove()
        self.database.dispose()
        self.database_part.remove()

    def part_at(self, pid: int | None, among: Sequence[Ours], chance: random.Random) -> Ours:
        """The one that a process belongs to: its own, or its worker's under gunicorn."""
        from tests.processes.parts import children_of

        for part in among:
            if part.process is not None and pid in (part.process.pid, *children_of(part.process.pid)):
                return part
        return chance.choice(among)


@contextlib.contextmanager
def installation(folder: Path, broker: str = "redis") -> Iterator[tuple[Installation, World]]:
    """The parts, running, with a site and people."""
    made = Installation(folder, broker)
    try:
        made.begin()
        world = world_on(made.database)
        yield made, world
    finally:
        made.end()


class Reader(threading.Thread):
    """Posts one text, again and again with the same key, until it is acknowledged; as the comment section does."""

    def __init__(self, person: Person, web: Ours, article: str, text: str) -> None:
        super().__init__(daemon=True)
        self._person, self._web, self._article, self.text = person, web, article, text
        self.acknowledged: str | None = None
        self.tries = 0
        self.refusals: list[int] = []

    def run(self) -> None:
        until = time.monotonic() + 60
        while self.acknowledged is None and time.monotonic() < until:
            self.tries += 1
            try:
                status, answer = call(
                    self._web, "POST", f"/sites/demo/articles/{self._article}/comments", {"body": self.text},
                    {**self._person.headers, "Idempotency-Key": self.text},
                )  # fmt: skip
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)
                continue
            if status == 201:
                self.acknowledged = answer["id"]
            else:
                self.refusals.append(status)
                time.sleep(0.1)


def is_alive(web: Ours) -> bool:
    with (
        contextlib.suppress(OSError, http.client.HTTPException),
        contextlib.closing(http.client.HTTPConnection("127.0.0.1", web.port, timeout=5)) as connection,
    ):
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    return False


def call(web: Ours, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=20)
    with contextlib.closing(connection):
        sent = {"Content-Type": "application/json", "Origin": ORIGIN, **headers}
        connection.request(method, f"/api/v1{path}", json.dumps(body), sent)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")


class Play:
    """Plays rounds one after the other."""

    def __init__(self, made: Installation, world: World, seed: int) -> None:
        self._made, self._world = made, world
        self._chance = random.Random(seed)  # noqa: S311  # As above.
        self._people = [world.person(Role.READER) for _ in range(3)]
        self._texts = itertools.count()

    def play(self, one: Round) -> Round:
        made = self._made
        article = f"runde-{one.number}"
        made.points.arm(one.point)
        readers = [self._reader(number, article) for number in range(3)]
        letters = threading.Thread(target=self._ask_for_a_letter, daemon=True)
        for reader in (*readers, letters):
            reader.start()
        reached_by = self._wait_for_the_point(one)
        since = self._kill(one, reached_by)
        for reader in (*readers, letters):
            reader.join(timeout=90)
        self._settle(one, article, since)
        one.posted, one.retried = len(readers), sum(reader.tries - 1 for reader in readers)
        self._object(one, article, readers)
        return one

    def _reader(self, number: int, article: str) -> Reader:
        index = next(self._texts)
        text = insult(index) if number == 2 else sentence(index)
        return Reader(self._people[number], self._made.webs[number % 2], article, text)

    def _ask_for_a_letter(self) -> None:
        taken = {"email": self._people[0].account.email, "display_name": "Ada", "password": "Ahornblatt am Fenster"}
        with contextlib.suppress(OSError, http.client.HTTPException):
            call(self._made.webs[0], "POST", "/accounts", taken, {})

    def _wait_for_the_point(self, one: Round) -> int | None:
        until = time.monotonic() + 5
        while time.monotonic() < until:
            found = self._made.points.reached_by(one.point)
            if found is not None:
                one.was_reached = True
                return found
            time.sleep(0.01)
        return None

    def _kill(self, one: Round, reached_by: int | None) -> dt.datetime:
        """Kill and begin again. Gives the time from which all that is needed to decide about a comment was there:
        without the database nothing can be; of all else there is another one, or no need.
        """
        made = self._made
        if one.victim in ("web", "worker"):
            among = made.webs if one.victim == "web" else made.workers
            same = (one.point in AT_THE_WEB) == (one.victim == "web")
            victim: Part = made.part_at(reached_by if same else None, among, self._chance)
        else:
            victim = made.broker if one.victim == "broker" else made.database_part
        victim.kill()
        since = utc_now()
        if one.goes_on_before_it_is_back:
            made.points.disarm(one.point)
        time.sleep(one.down_s)
        if one.victim == "worker":
            made.workers_begun_at = utc_now()
        victim.begin()
        made.points.disarm(one.point)
        if one.victim == "broker" and not one.goes_on_before_it_is_back:
            # Until now we have held somebody up, and RabbitMQ takes seconds to begin.
            since = utc_now()
        if one.victim == "database":
            since = utc_now()
            made.database.dispose()
        made.wait_until_there()
        return since

    def _settle(self, one: Round, article: str, since: dt.datetime) -> None:
        """Wait until everything is decided and sent; note how long the slowest comment took, counted from ``since``."""
        until = time.monotonic() + LEASE_S + GRACE_S + 30
        while time.monotonic() < until:
            with contextlib.suppress(DBAPIError), self._made.database.read() as session:
                waiting = session.scalar(
                    select(func.count()).select_from(Comment).join(Article, Article.id == Comment.article_id)
                    .where(Article.external_id == article, Comment.status == Status.SCREENING)
                )  # fmt: skip
                unsent = session.scalar(select(func.count()).where(OutboxMessage.sent_at.is_(None)))
                if not waiting and not unsent:
                    break
            time.sleep(0.05)
        else:
            one.objections.append("something still waits")
        with self._made.database.read() as session:
            times = session.execute(
                select(Comment.created_at, Decision.decided_at)
                .join(Decision, Decision.comment_id == Comment.id)
                .join(Article, Article.id == Comment.article_id)
                .where(Article.external_id == article)
            ).all()
        waits = [(decided_at - max(stored_at, since)).total_seconds() for stored_at, decided_at in times]
        one.settled_s = max([0.0, *waits])

    def _object(self, one: Round, article: str, readers: Sequence[Reader]) -> None:
        if one.settled_s > LEASE_S + GRACE_S:
            one.objections.append(f"decided only after {one.settled_s:.1f} s")
        one.objections += [f"never acknowledged: {reader.refusals}" for reader in readers if not reader.acknowledged]
        one.objections += sorted({f"answered {s}" for r in readers for s in r.refusals if s not in (503, 409)})
        with self._made.database.read() as session:
            rows = session.execute(
                select(Comment.id, Comment.status, Revision.body, func.count(Decision.id))
                .join(Article, Article.id == Comment.article_id)
                .join(Revision, Revision.comment_id == Comment.id)
                .outerjoin(Decision, Decision.comment_id == Comment.id)
                .where(Article.external_id == article)
                .group_by(Comment.id, Comment.status, Revision.body)
            ).all()
            letters = session.scalars(select(OutboxMessage.id)).all()
        found = {str(row[0]): row for row in rows}
        one.objections += ["acknowledged and lost" for reader in readers if reader.acknowledged not in found]
        if len({body for _, _, body, _ in rows}) != len(rows):
            one.objections.append("a text is there twice")
        for _, status, body, decisions in rows:
            expected = Status.HELD if "Murrkopf" in body else Status.PUBLISHED
            if status != expected or decisions != 1:
                one.objections.append(f"{status} by {decisions} decisions instead of {expected} by one")
        sent = {path.stem for path in (self._made.folder / "mail").glob("*.eml")}
        if sent != {str(letter) for letter in letters}:
            one.objections.append("letters promised and letters sent differ")


def report(played: Sequence[Round], console: Console) -> None:
    title = f"seconds from the kill, or the database's return, to the decision; at the most {LEASE_S + GRACE_S:g}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for head in ("killed", "rounds", "at point", "comments", "sent again", "median", "most", "failed"):
        table.add_column(head, justify="left" if head == "killed" else "right")
    for victim in (*VICTIMS, "all"):
        some = [one for one in played if victim in (one.victim, "all")]
        if some:
            times = [one.settled_s for one in some]
            table.add_row(
                victim, str(len(some)), str(sum(one.was_reached for one in some)), str(sum(one.posted for one in some)),
                str(sum(one.retried for one in some)), f"{statistics.median(times):.1f} s", f"{max(times):.1f} s",
                str(sum(bool(one.objections) for one in some)),
            )  # fmt: skip
    console.print(table)
    for one in played:
        for objection in one.objections:
            console.print(f"round {one.number}: {one.victim} killed at “{one.point}”: {objection}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--broker", choices=sorted(BROKERS), default="redis")
    parser.add_argument("--logs", type=Path, help="keep the parts' logs in this folder")
    given = parser.parse_args()
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="vorab-faults-"))
    began, played = time.monotonic(), []
    try:
        with installation(folder, given.broker) as (made, world):
            play = Play(made, world, given.seed)
            for one in plan(given.rounds, given.seed):
                play.play(one)
                played.append(one)
                bad = "; ".join(one.objections)
                print(
                    f"{one.number:>3}/{given.rounds} {one.victim:<8} at “{one.point}”"
                    f"{'' if one.was_reached else ' (not reached)'}: decided after {one.settled_s:.1f} s {bad}",
                    flush=True,
                )
            assert_whole(made.database)
    finally:
        if given.logs is not None:
            shutil.copytree(folder, given.logs, dirs_exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
    report(played, console)
    console.print(f"{len(played)} rounds in {time.monotonic() - began:.0f} s, seed {given.seed}, {given.broker}")
    return 1 if any(one.objections for one in played) else 0


if __name__ == "__main__":
    sys.exit(main())
