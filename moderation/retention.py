"""How long what readers do not see is kept: texts, comments that wait, and accounts that nobody has confirmed."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from moderation import appeal_records, erasure, forgetting, publication
from moderation.db import Database
from moderation.models import Appeal, Comment, Decision, Revision, Status
from moderation.publication import Change

EXPIRED = "expired"
NEVER_CONFIRMED = "address_never_confirmed"
"""The reasons of a refusal that nobody but the calendar decided."""
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Periods:
    refused: dt.timedelta = dt.timedelta(days=184)
    """After a comment was refused, or a version of it replaced or not published: so long an author can object."""
    withdrawn: dt.timedelta = dt.timedelta(days=30)
    held: dt.timedelta = dt.timedelta(days=90)
    """So long a comment waits. Then it is refused, and the period of refused texts begins."""
    unconfirmed: dt.timedelta = dt.timedelta(days=30)
    """So long an account waits for its holder to show that its address is theirs. Then it is deleted."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What was done in one round."""

    refused: int
    forgotten: int
    erased: int
    """Accounts."""


def enforce(database: Database, periods: Periods, *, now: dt.datetime) -> Kept:
    """Delete accounts that were never confirmed, refuse what has waited too long and remove texts whose time is over,
    all in small transactions."""
    erased = erasure.erase_unconfirmed(database, now - periods.unconfirmed, now=now)
    refused = forgotten = 0
    while done := _refuse_some(database, periods, now=now):
        refused += done
    while done := _forget_some(database, periods, now=now):
        forgotten += done
    _forget_explanations(database, periods, now=now)
    return Kept(refused, forgotten, erased)


def _refuse_some(database: Database, periods: Periods, *, now: dt.datetime) -> int:
    with database.write() as session:
        since = now - periods.held
        unseen = and_(Comment.waits_for_author, func.coalesce(Comment.edited_at, Comment.created_at) <= since)
        # An appeal is answered by a person, however long that takes.
        open_ = Comment.status == Status.HELD, ~appeal_records.waits()
        overdue = *open_, or_(Comment.queued_at <= since, unseen)
        ids = session.scalars(select(Comment.id).where(*overdue).order_by(Comment.id).limit(_BATCH)).all()
        for comment_id in ids:
            _refuse(session, comment_id, now=now)
    return len(ids)


def _refuse(session: Session, comment_id: uuid.UUID, *, now: dt.datetime) -> None:
    comment = publication.lock(session, comment_id)
    if comment is None or comment.status != Status.HELD:
        return  # A moderator was faster.
    revision = publication.current_revision(session, comment)
    reason = NEVER_CONFIRMED if comment.waits_for_author else EXPIRED
    publication.decide(session, comment, revision, Change("reject", (reason,)), now=now)


def _forget_some(database: Database, periods: Periods, *, now: dt.datetime) -> int:
    with database.write() as session:
        overdue = forgetting.unseen().where(_is_over(periods, now)).order_by(Revision.id).limit(_BATCH)
        # What somebody decides about at this moment is left for the next round: it may be shown after that.
        ids = session.scalars(overdue.with_for_update(of=Comment, skip_locked=True)).all()
        forgetting.forget_texts(session, ids, now=now)
    return len(ids)


def _forget_explanations(database: Database, periods: Periods, *, now: dt.datetime) -> None:
    """An appeal's explanation goes with the text that it is about, and where that is published, after the same time."""
    overdue = Appeal.text.is_not(None), Appeal.decided_at <= now - periods.refused
    with database.write() as session:
        session.execute(update(Appeal).where(*overdue).values(text=None))


def _is_over(periods: Periods, now: dt.datetime) -> ColumnElement[bool]:
    """Nothing was decided about the comment for as long as its text is kept. What waits is never forgotten."""
    settled = Comment.status.in_([Status.PUBLISHED, Status.REJECTED])
    return or_(
        and_(Comment.status == Status.WITHDRAWN, _quiet_since(now - periods.withdrawn)),
        and_(settled, Comment.queued_at.is_(None), _quiet_since(now - periods.refused)),
    )


def _quiet_since(moment: dt.datetime) -> ColumnElement[bool]:
    return ~exists().where(Decision.comment_id == Comment.id, Decision.decided_at > moment)
