"""How often something may be done in a window of time, counted where all processes agree.

A slot is taken before the work and may be given back after it. Taking is atomic: however many processes take at once,
exactly ``count`` of them get through.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, cast

from sqlalchemy import (
    ColumnElement,
    Executable,
    Integer,
    Table,
    bindparam,
    case,
    delete,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from moderation.db import Database
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
    """Counts in the database that everything else is in.

    Nobody waits for the disk: those who take the same slots would wait for each other. If the database's machine loses
    its power, what was counted in the last moment may be forgotten.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, *slots: Slot, now: dt.datetime) -> None:
        with self._database.write_hastily() as session:
            _take(session, _in_order(slots), now=now)

    def give_back(self, *slots: Slot) -> None:
        with self._database.write_hastily() as session:
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


def _take(session: Session, slots: Sequence[Slot], *, now: dt.datetime) -> None:
    given: dict[str, Any] = {"now": now}
    for place, slot in enumerate(slots):
        window = dt.timedelta(seconds=slot.limit.window_s)
        # A window that ends later was begun by a clock that was set back since: nobody may be shut out for so long.
        ends = {"new_end": now + window, "latest": now + 2 * window}
        values = {"a_name": slot.limit.name, "a_subject": slot.key, "most": slot.limit.count, **ends}
        given |= {f"{name}{place}": value for name, value in values.items()}
    connection = session.connection()
    rows = connection.execute(_taking(connection.dialect.name, len(slots)), given)
    taken = {(row.name, row.subject): row for row in rows}
    for slot in slots:
        row = taken[slot.limit.name, slot.key]
        if row.taken > slot.limit.count:
            raise RateLimitedError(max(1, math.ceil((row.ends_at - now).total_seconds())))


@cache
def _taking(dialect: str, slots: int) -> Executable:
    """One statement for so many slots, made once: every post takes several. Slots of one limit have one count."""
    table = cast(Table, LimitWindow.__table__)
    columns = ("name", "subject", "count", "ends_at")
    # Not VALUES of several rows: SQLAlchemy makes the SQL of that anew each time.
    wanted = union_all(*(select(*_wanted(table, place)) for place in range(slots)))
    insert = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table).from_select(columns, wanted)

    def given(name: str, kind: Any) -> ColumnElement[Any]:
        """What was given for the limit that the row is of."""
        values = (bindparam(f"{name}{place}", type_=kind) for place in range(slots))
        return case(*((table.c.name == bindparam(f"a_name{place}"), value) for place, value in enumerate(values)))

    running = (table.c.ends_at > bindparam("now")) & (table.c.ends_at <= given("latest", table.c.ends_at.type))
    most = given("most", Integer)
    return insert.on_conflict_do_update(
        index_elements=["name", "subject"],
        set_={
            # One more than the limit is as far as it counts, so that a flood cannot run the number up.
            "count": case(
                (running & (table.c["count"] <= most), table.c["count"] + 1), (running, table.c["count"]), else_=1
            ),
            "ends_at": case((running, table.c.ends_at), else_=insert.excluded.ends_at),
        },
    ).returning(table.c.name, table.c.subject, table.c["count"].label("taken"), table.c.ends_at)


def _wanted(table: Table, place: int) -> list[ColumnElement[Any]]:
    return [
        bindparam(f"a_name{place}", type_=table.c.name.type),
        bindparam(f"a_subject{place}", type_=table.c.subject.type),
        literal(1),
        bindparam(f"new_end{place}", type_=table.c.ends_at.type),
    ]
