"""What must be true of the rows at any time, counted afresh rather than taken from counters."""

from __future__ import annotations

import uuid
from collections import defaultdict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from moderation import publication
from moderation.db import Database
from moderation.models import (
    Appeal,
    AppealStatus,
    Article,
    Comment,
    Decision,
    Flag,
    Revision,
    ScreeningRecord,
    Status,
    Vote,
)

DECIDED = (Status.PUBLISHED, Status.REJECTED)


def assert_whole(database: Database) -> None:
    """Nothing is public without a decision that allows it, every counter is right, and whatever waits is queued."""
    with database.read() as session:
        assert_allowed(session)
        assert_newest_decided(session)
        assert_counted(session)
        assert_queued(session)


def assert_allowed(session: Session) -> None:
    """Every public revision has a decision of its own to publish it, by a person or on a screening that allowed it."""
    for comment in session.scalars(select(Comment).where(Comment.published_number.is_not(None))):
        revision = session.scalars(
            select(Revision).where(Revision.comment_id == comment.id, Revision.number == comment.published_number)
        ).one()
        allowing = [
            decision
            for decision in session.scalars(
                select(Decision).where(Decision.revision_id == revision.id, Decision.action == "publish")
            )
            if decision.actor_id is not None or _screening_allowed(session, decision, revision)
        ]
        assert allowing, f"revision {revision.number} of {comment.id} is public and nobody allowed it"


def _screening_allowed(session: Session, decision: Decision, revision: Revision) -> bool:
    if decision.screening_id is None:
        return False
    screening = session.get_one(ScreeningRecord, decision.screening_id)
    return screening.revision_id == revision.id and screening.outcome == "publish"


def assert_newest_decided(session: Session) -> None:
    """What nobody will look at again was decided about in its newest revision, not in an earlier one."""
    for comment in session.scalars(select(Comment).where(Comment.status.in_(DECIDED))):
        latest = session.scalars(
            select(Decision).where(Decision.comment_id == comment.id).order_by(Decision.id.desc()).limit(1)
        ).one()
        number = session.get_one(Revision, latest.revision_id).number
        assert number == comment.current_number, (
            f"nobody decided about revision {comment.current_number} of {comment.id}"
        )


def assert_counted(session: Session) -> None:
    comments = {comment.id: comment for comment in session.scalars(select(Comment))}
    under: dict[uuid.UUID | None, list[Comment]] = defaultdict(list)
    for comment in comments.values():
        under[comment.shown_under_id].append(comment)

    def is_listed(comment: Comment) -> bool:
        return comment.published_number is not None or any(is_listed(reply) for reply in under[comment.id])

    for comment in comments.values():
        assert comment.listed == is_listed(comment), comment.id
        assert comment.reply_count == sum(is_listed(reply) for reply in under[comment.id]), comment.id
        votes = session.scalar(select(func.coalesce(func.sum(Vote.value), 0)).where(Vote.comment_id == comment.id))
        assert comment.score == votes, comment.id
        flags = select(func.count()).where(Flag.comment_id == comment.id, Flag.resolved_at.is_(None))
        assert comment.open_flag_count == session.scalar(flags), comment.id
    for article in session.scalars(select(Article)):
        of_article = [comment for comment in comments.values() if comment.article_id == article.id]
        published = sum(comment.published_number is not None for comment in of_article)
        threads = sum(is_listed(comment) for comment in of_article if comment.shown_under_id is None)
        assert (article.published_count, article.thread_count) == (published, threads)
        assert publication.recount(session, article.id) == (published, threads)


def assert_queued(session: Session) -> None:
    """Whatever a person must look at is in the queue, and nothing else is."""
    for comment in session.scalars(select(Comment)):
        flagged = comment.published_number is not None and comment.open_flag_count > 0
        is_held = comment.status == Status.HELD and not comment.waits_for_author
        appeals = select(func.count()).where(Appeal.comment_id == comment.id, Appeal.status == AppealStatus.WAITING)
        is_appealed = session.scalar(appeals) == 1
        # What is published, withdrawn or screened anew has nothing to appeal against.
        assert not is_appealed or comment.status in (Status.REJECTED, Status.HELD), (comment.id, comment.status)
        must_wait = is_held or flagged or is_appealed
        assert (comment.queued_at is not None) == must_wait, (comment.id, comment.status, comment.open_flag_count)
