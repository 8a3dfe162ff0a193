"""How often something may be done in a window of time, counted in the database so that all processes agree.

A slot is taken before the work and may be given back after it. Taking is one statement: however many processes take at
once, exactly ``limit`` of them get through.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from dataclasses import dataclass

from sqlalchemy import case, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from moderation.errors import RateLimitedError
from moderation.models import LimitWindow


@dataclass(frozen=True, slots=True)
class Limit:
    name: str
    count: int
    window_s: int


def take(session: Session, limit: Limit, subject: str, *, now: dt.datetime) -> None:
    """Take one slot for ``subject`` (an address, an account).

    Raises:
        RateLimitedError: there is none left; it says for how many seconds.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    ends_at = now + dt.timedelta(seconds=limit.window_s)
    running = LimitWindow.ends_at > now
    statement = (
        insert(LimitWindow)
        .values(name=limit.name, subject=_hash(subject), count=1, ends_at=ends_at)
        .on_conflict_do_update(
            index_elements=["name", "subject"],
            set_={
                # One more than the limit is as far as it counts, so that a flood cannot run the number up.
                "count": case(
                    (running & (LimitWindow.count <= limit.count), LimitWindow.count + 1),
                    (running, LimitWindow.count),
                    else_=1,
                ),
                "ends_at": case((running, LimitWindow.ends_at), else_=ends_at),
            },
        )
        .returning(LimitWindow.count, LimitWindow.ends_at)
    )
    count, until = session.execute(statement).one()
    if count > limit.count:
        raise RateLimitedError(max(1, math.ceil((until - now).total_seconds())))


def give_back(session: Session, limit: Limit, subject: str) -> None:
    """Return a slot that was taken for something that turned out not to count."""
    session.execute(
        update(LimitWindow)
        .where(LimitWindow.name == limit.name, LimitWindow.subject == _hash(subject), LimitWindow.count > 0)
        .values(count=LimitWindow.count - 1)
    )


def forget_ended(session: Session, *, now: dt.datetime) -> None:
    session.execute(delete(LimitWindow).where(LimitWindow.ends_at <= now))


def _hash(subject: str) -> str:
    return hashlib.sha256(subject.encode()).hexdigest()
