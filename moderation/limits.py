"""How often something may be done in a window of time, counted where all processes agree.

A slot is taken before the work and may be given back after it. Taking is atomic: however many processes take at once,
exactly ``count`` of them get through.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Protocol, cast

from sqlalchemy import Executable, Table, bindparam, case, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from moderation.db import Database, UTCDateTime
from moderation.errors import RateLimitedError
from moderation.models import LimitWindow


@dataclass(frozen=True, slots=True)
class Limit:
    name: str
    count: int
    window_s: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in a limit, for a subject: an account, an address, a site."""

    limit: Limit
    subject: str

    @property
    def key(self) -> str:
        """The subject as it is stored: its hash, so that no address is kept."""
        return hashlib.sha256(self.subject.encode()).hexdigest()


class Limiter(Protocol):
    def take(self, *slots: Slot, now: dt.datetime) -> None:
        """Take all of the slots, or none of them.

        Raises:
            RateLimitedError: one of them is not to be had; it says for how many seconds.
            LimiterUnavailableError: nobody can say.
        """
        ...

    def give_back(self, *slots: Slot) -> None:
        """Return slots that were taken for something that turned out not to count."""
        ...


class DatabaseLimiter:
    """Counts in the database that everything else is in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, *slots: Slot, now: dt.datetime) -> None:
        with self._database.write() as session:
            for slot in _in_order(slots):
                _take(session, slot, now=now)

    def give_back(self, *slots: Slot) -> None:
        with self._database.write() as session:
            for slot in _in_order(slots):
                session.execute(
                    update(LimitWindow)
                    .where(
                        LimitWindow.name == slot.limit.name,
                        LimitWindow.subject == slot.key,
                        LimitWindow.count > 0,
                    )
                    .values(count=LimitWindow.count - 1)
                )


def forget_ended(session: Session, *, now: dt.datetime) -> None:
    session.execute(delete(LimitWindow).where(LimitWindow.ends_at <= now))


def _in_order(slots: Iterable[Slot]) -> list[Slot]:
    # Always the same order, so that two who take the same rows cannot wait for each other.
    return sorted(slots, key=lambda slot: (slot.limit.name, slot.key))


def _take(session: Session, slot: Slot, *, now: dt.datetime) -> None:
    limit = slot.limit
    given = {
        "new_name": limit.name,
        "new_subject": slot.key,
        "now": now,
        "new_end": now + dt.timedelta(seconds=limit.window_s),
        "most": limit.count,
    }
    count, until = session.connection().execute(_taking(session.get_bind().dialect.name), given).one()
    if count > limit.count:
        raise RateLimitedError(max(1, math.ceil((until - now).total_seconds())))


@cache
def _taking(dialect: str) -> Executable:
    """One statement, made once: every post takes several slots."""
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    table = cast(Table, LimitWindow.__table__)
    ends_at = bindparam("new_end", type_=UTCDateTime())
    running = table.c.ends_at > bindparam("now", type_=UTCDateTime())
    return (
        insert(table)
        .values(name=bindparam("new_name"), subject=bindparam("new_subject"), count=1, ends_at=ends_at)
        .on_conflict_do_update(
            index_elements=["name", "subject"],
            set_={
                # One more than the limit is as far as it counts, so that a flood cannot run the number up.
                "count": case(
                    (running & (table.c["count"] <= bindparam("most")), table.c["count"] + 1),
                    (running, table.c["count"]),
                    else_=1,
                ),
                "ends_at": case((running, table.c.ends_at), else_=ends_at),
            },
        )
        .returning(table.c["count"], table.c.ends_at)
    )
