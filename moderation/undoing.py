"""Moderators take back what they decided a moment ago."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from moderation import publication
from moderation.actors import Actor
from moderation.errors import NotFoundError, NotReviewableError, NotUndoableError, StaleReviewError
from moderation.models import Decision, Revision, Status
from moderation.review_queue import Reviewed


@dataclass(frozen=True, slots=True)
class TakeBack:
    """``version`` is the comment's after the decision that is to be taken back."""

    comment_id: uuid.UUID
    version: int


def take_back(session: Session, wish: TakeBack, *, actor: Actor, window: dt.timedelta, now: dt.datetime) -> Reviewed:
    """Undo the actor's own latest decision: status, what readers see, open flags and the time waited are as before.

    It goes on record as a decision of its own; nothing is removed.

    Raises:
        ForbiddenError: the actor is a reader.
        NotFoundError: no such comment, or it is on another's site.
        NotReviewableError: its author withdrew it.
        StaleReviewError: it was edited or decided since.
        NotUndoableError: the latest decision is not the actor's, was an undoing itself, or is older than ``window``.
    """
    actor.demand_staff()
    publication.hold_author(session, wish.comment_id)
    comment = publication.lock(session, wish.comment_id)
    if comment is None or not actor.may_moderate(comment.site_id):
        raise NotFoundError("comment")
    if comment.status == Status.WITHDRAWN:
        raise NotReviewableError
    if comment.version != wish.version:
        raise StaleReviewError
    latest, before = publication.latest_two(session, comment.id)
    if latest is None or latest.actor_id != actor.account_id or not _is_open(latest, window, now):
        raise NotUndoableError
    if session.get_one(Revision, latest.revision_id).number != comment.current_number:
        # What is new is being screened, or was; the status before would speak of a text that is not the newest.
        raise StaleReviewError
    decision = publication.take_back(session, comment, latest, before.reasons if before else (), now=now)
    return Reviewed(decision, session.get_one(Revision, decision.revision_id).number, comment.version)


def _is_open(decision: Decision, window: dt.timedelta, now: dt.datetime) -> bool:
    return decision.undoes_id is None and now - decision.decided_at <= window
