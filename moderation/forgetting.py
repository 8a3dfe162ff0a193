"""Removing texts: of people who are gone, and of comments that nobody may see any more."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from moderation.models import Appeal, Comment, Revision, ScreeningRecord, VerdictRecord
from moderation.models.comment import FORGOTTEN

_AT_ONCE = 500


def unseen() -> Select[uuid.UUID]:
    """The revisions that readers do not see and whose texts are still there; to be narrowed by the caller."""
    return (
        select(Revision.id)
        .join(Comment, Comment.id == Revision.comment_id)
        .where(
            or_(Comment.published_number.is_(None), Comment.published_number != Revision.number),
            Revision.body != FORGOTTEN,
        )
    )


def forget_texts(session: Session, revision_ids: Sequence[uuid.UUID], *, now: dt.datetime) -> None:
    """Remove these revisions' texts and whatever was quoted from them.

    What was decided, when and on which scores stays: figures are made of it.
    """
    for begin in range(0, len(revision_ids), _AT_ONCE):
        ids = revision_ids[begin : begin + _AT_ONCE]
        screenings = select(ScreeningRecord.id).where(ScreeningRecord.revision_id.in_(ids))
        for statement in (
            update(VerdictRecord).where(VerdictRecord.screening_id.in_(screenings)).values(passages=[], evidence={}),
            update(ScreeningRecord).where(ScreeningRecord.revision_id.in_(ids)).values(passages=[]),
            update(Appeal).where(Appeal.revision_id.in_(ids)).values(text=None),
            update(Revision)
            .where(Revision.id.in_(ids))
            .values(
                body=FORGOTTEN,
                screened_at=func.coalesce(Revision.screened_at, now),
                lease_until=None,
                lease_token=None,
            ),
        ):
            session.execute(statement.execution_options(synchronize_session=False))
