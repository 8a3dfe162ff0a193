"""Letters are promised in the transaction that they tell of, and sent after it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from moderation.models import Account, OutboxMessage

_LONGEST_PAUSE_S = 3600


def promise(session: Session, kind: str, account: Account, *, now: dt.datetime, **context: Any) -> None:
    """Store a letter to an account's holder. ``context`` is plain JSON that its text needs."""
    session.add(
        OutboxMessage(
            kind=kind,
            recipient=account.email,
            language=account.language,
            context={"display_name": account.display_name, **context},
            created_at=now,
            due_at=now,
        )
    )


def has_due(session: Session, *, now: dt.datetime) -> bool:
    waiting = select(OutboxMessage.id).where(OutboxMessage.sent_at.is_(None), OutboxMessage.due_at <= now)
    return session.scalar(waiting.limit(1)) is not None


def due(session: Session, *, now: dt.datetime, limit: int = 20) -> list[OutboxMessage]:
    """The letters to send now, oldest first, kept from other processes until the transaction ends."""
    statement = (
        select(OutboxMessage)
        .where(OutboxMessage.sent_at.is_(None), OutboxMessage.due_at <= now)
        .order_by(OutboxMessage.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(statement))


def mark_sent(message: OutboxMessage, *, now: dt.datetime) -> None:
    message.sent_at = now


def postpone(message: OutboxMessage, *, now: dt.datetime) -> None:
    """Try again later, and later still the more often it failed."""
    message.attempts += 1
    message.due_at = now + dt.timedelta(seconds=min(_LONGEST_PAUSE_S, 2**message.attempts))
