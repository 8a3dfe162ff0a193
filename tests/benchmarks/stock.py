"""Databases full of comments for benchmarks: rows written straight into the tables, as nobody could post so many."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import Progress
from sqlalchemy import Table, insert, select, update
from sqlalchemy.orm import Session

from api import migrating
from moderation import accounts, sessions, sites
from moderation.accounts import NewAccount
from moderation.actors import Actor
from moderation.db import Database
from moderation.identifiers import new_id
from moderation.models import Account, Article, Comment, Revision, Role, Site, Status
from moderation.policies import Policy
from moderation.sites import NewSite
from tests.benchmarks.serving import ORIGIN
from tests.sentences import sentence

SITE, THREAD = "bench", "thread"
COUNTED = 50
_CHUNK = 5_000
_AUTHORS = 200
_HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$x"
# People who write thousands of comments in minutes are no readers: what only hits such writers is turned off.
POLICY = Policy(burst_limit=1_000_000, repeat_window_s=0, burst_window_s=0)


@dataclass(frozen=True)
class Stock:
    database: Database
    site: Site
    moderator: Actor
    middle: uuid.UUID
    """A top-level comment in the middle of the thread."""


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def open_site(database: Database) -> Site:
    """A database with all tables and a site in it."""
    migrating.upgrade(database)
    with database.write() as session:
        return sites.create(session, NewSite(SITE, "Bench", "de", (ORIGIN,)), policy=POLICY, now=now())


def tokens(database: Database, number: int) -> list[str]:
    """So many readers, signed in."""
    with database.write() as session:
        return [_signed_in(session, place) for place in range(number)]


def _signed_in(session: Session, place: int) -> str:
    command = NewAccount(f"reader{place}@example.org", f"Reader {place}", _HASH)
    accounts.register(session, command, now=now())
    account = accounts.demand_by_email(session, command.email)
    return sessions.begin(session, account, lifetimes=sessions.Lifetimes(), now=now()).token


def fill(database: Database, comments: int, console: Console, *, mixed: bool = True) -> Stock:
    """A thread of so many comments; if ``mixed``, each fourth of them is a reply, and each tenth is held, not shown."""
    site = open_site(database)
    tokens(database, _AUTHORS)
    with database.write() as session:
        authors = list(session.scalars(select(Account.id).order_by(Account.id)))
        staff = accounts.create_staff(
            session, NewAccount("staff@example.org", "Staff", _HASH), Role.MODERATOR, (SITE,), now=now()
        )
        moderator = accounts.actor_for(session, staff)
        articles = [
            Article(site_id=site.id, external_id=f"{THREAD}{place or ''}", title="Bench", created_at=now())
            for place in range(COUNTED)
        ]
        session.add_all(articles)
        session.flush()
        thread = articles[0]
    like = Comment(site_id=site.id, article_id=thread.id, author_id=authors[0], created_at=now())
    rows = _rows(comments, like, authors, mixed=mixed)
    top: list[uuid.UUID] = []
    listed = 0
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(f"{comments} comments", total=comments)
        while chunk := list(itertools.islice(rows, _CHUNK)):
            _write(database, Comment, [row for row, _ in chunk])
            _write(database, Revision, [revision for _, revision in chunk])
            top += [row["id"] for row, _ in chunk if row["listed"] and row["parent_id"] is None]
            listed += sum(row["listed"] for row, _ in chunk)
            progress.advance(task, len(chunk))
    with database.write() as session:
        counted = update(Article).where(Article.id == thread.id)
        session.execute(counted.values(published_count=listed, thread_count=len(top)))
    _settle(database)
    return Stock(database, site, moderator, top[len(top) // 2])


def _settle(database: Database) -> None:
    """What both databases do by themselves sooner or later: statistics, and on PostgreSQL what lets an index answer."""
    if database.is_sqlite:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("ANALYZE")
            connection.commit()
        return
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def _rows(
    number: int, like: Comment, authors: Sequence[uuid.UUID], *, mixed: bool
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    began = now() - dt.timedelta(days=365)
    parent: uuid.UUID | None = None
    for place in range(number):
        held, reply = mixed and place % 10 == 9, mixed and place % 4 == 3
        comment_id, at = new_id(), began + dt.timedelta(seconds=place)
        comment = {
            "id": comment_id,
            "site_id": like.site_id,
            "article_id": like.article_id,
            "author_id": authors[place % len(authors)],
            "parent_id": parent if reply else None,
            "shown_under_id": parent if reply else None,
            "depth": 2 if reply else 1,
            "status": Status.HELD.value if held else Status.PUBLISHED.value,
            "current_number": 1,
            "published_number": None if held else 1,
            "listed": not held,
            "score": place % 97,
            "reply_count": int(mixed and place % 4 == 2 and (place + 1) % 10 != 9),
            "open_flag_count": 0,
            "risk": (place % 1000) / 1000,
            "queued_at": at if held else None,
            "created_at": at,
            "edited_at": None,
            "version": 1,
        }
        parent = comment_id
        yield comment, _revision(comment_id, place, at)


def _revision(comment_id: uuid.UUID, place: int, at: dt.datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "comment_id": comment_id,
        "number": 1,
        "body": sentence(place % 5_000),
        "created_at": at,
        "screened_at": at,
        "attempts": 1,
        "lease_until": None,
        "lease_token": None,
    }


def _write(database: Database, model: type[Any], rows: list[dict[str, Any]]) -> None:
    table: Table = model.__table__
    if database.is_sqlite:
        with database.write() as session:
            session.connection().execute(insert(table), rows)
        return
    names = list(rows[0])
    with database.engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        columns = ", ".join(f'"{name}"' for name in names)
        with driver.cursor().copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row([row[name] for name in names])
