"""What waits for somebody or something, counted: for operators, who want to know before readers do."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from moderation.models import Appeal, AppealStatus, Comment, OutboxMessage, Revision


@dataclass(frozen=True, slots=True)
class Line:
    length: int
    oldest: dt.datetime | None
    """When the one that waits longest began to."""


def appeals(session: Session) -> dict[str, int]:
    """How many appeals there are, by how they stand."""
    number = func.count().label("number")
    rows = session.execute(select(Appeal.status, number).group_by(Appeal.status))
    found: dict[str, int] = {row.status: row.number for row in rows}
    return {status.value: found.get(status, 0) for status in AppealStatus}


def all_kinds(session: Session) -> dict[str, Line]:
    """By kind: ``screening`` (revisions), ``review`` (comments), ``mail`` (letters that were not sent yet)."""
    screening = select(func.count(), func.min(Revision.created_at)).where(Revision.screened_at.is_(None))
    review = select(func.count(), func.min(Comment.queued_at)).where(Comment.queued_at.is_not(None))
    mail = select(func.count(), func.min(OutboxMessage.created_at)).where(OutboxMessage.sent_at.is_(None))
    found = {"screening": screening, "review": review, "mail": mail}
    return {kind: Line(*session.execute(statement).one()) for kind, statement in found.items()}
