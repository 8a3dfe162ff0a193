"""Authors ask a person to look once more at what was refused.

In the European Union a publisher's complaint handling is bound by the Digital Services Act (Regulation (EU) 2022/2065,
Article 20): free of charge, electronic, for six months after the decision, and not decided by a machine alone.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from moderation import accounts, appeal_records, decisions, publication, sites, submissions
from moderation.actors import Actor
from moderation.errors import (
    AddressUnconfirmedError,
    AlreadyAppealedError,
    AppealsOffError,
    AppealTooLateError,
    InvalidInputError,
    NotFoundError,
    NotRefusedError,
)
from moderation.models import Account, Appeal, AppealStatus, Comment, Decision, Revision, Status
from moderation.models.comment import FORGOTTEN
from moderation.text.input import clean

log = structlog.get_logger()

TEXT_LENGTH = 1000
_RISK = 0.5
"""Of the queue's order: an appeal stands where a flagged comment does, at least."""


def appeal(session: Session, comment_id: uuid.UUID, text: str | None, *, actor: Actor, now: dt.datetime) -> None:
    """Let the actor's own refused comment wait for a moderator. It stays refused meanwhile.

    The same appeal again changes nothing. Suspended and banned authors may appeal, too.

    Raises:
        NotSignedInError: the account was deleted a moment ago.
        NotFoundError, NotAuthorError: it is not the actor's comment, or was withdrawn.
        InvalidInputError: the explanation is not acceptable.
        NotRefusedError: nothing is refused.
        AlreadyAppealedError: there was an appeal against this refusal.
        AppealsOffError: the site takes none.
        AppealTooLateError: the refusal is too long ago, or the text was removed.
        AddressUnconfirmedError: nobody knows yet whether the author can be reached.
    """
    author = accounts.demand_present(session, actor.account_id)
    words = _clean(text)
    comment = submissions.demand_own(session, comment_id, actor)
    if comment.status == Status.WITHDRAWN:
        raise NotFoundError("comment")
    if comment.status != Status.REJECTED:
        raise NotRefusedError
    made = _record(session, comment)
    earlier = appeal_records.concerning(appeal_records.of_comments(session, [comment.id])[comment.id], made)
    if earlier is not None:
        if earlier.status == AppealStatus.WAITING and earlier.text == words:
            return
        raise AlreadyAppealedError
    refusal = decisions.standing(made)[-1]
    revision = publication.current_revision(session, comment)
    _demand_possible(session, comment, author, revision, refusal, now=now)
    made_now = Appeal(comment_id=comment.id, revision_id=revision.id, refusal_id=refusal.id, text=words, created_at=now)
    session.add(made_now)
    _let_wait(comment, now=now)
    session.flush()
    log.info("appealed", comment_id=str(comment.id), appeal_id=str(made_now.id), actor_id=str(actor.account_id))


def reconcile(session: Session, *, now: dt.datetime) -> None:
    """Put right what a process of a release that knows no appeals did to comments with one: what it decided is the
    answer, and what it took out of the queue waits again."""
    lost = or_(Comment.queued_at.is_(None), Comment.status.not_in([Status.REJECTED, Status.HELD]))
    query = select(Appeal.comment_id).join(Comment, Comment.id == Appeal.comment_id)
    for comment_id in session.scalars(query.where(Appeal.status == AppealStatus.WAITING, lost)).all():
        publication.hold_author(session, comment_id)
        comment = publication.lock(session, comment_id)
        found = appeal_records.waiting(session, comment_id)
        if comment is not None and found is not None:
            _reconcile(session, comment, found, now=now)
    session.flush()


def _reconcile(session: Session, comment: Comment, found: Appeal, *, now: dt.datetime) -> None:
    answer = decisions.standing(_record(session, comment))[-1]
    if answer.id != found.refusal_id and answer.actor_id is not None:
        appeal_records.settle(session, comment, answer, now=now)
    elif comment.status == Status.REJECTED:
        _let_wait(comment, now=now)
    else:
        appeal_records.close(session, comment.id, now=now)


def _record(session: Session, comment: Comment) -> Sequence[Decision]:
    return session.scalars(select(Decision).where(Decision.comment_id == comment.id).order_by(Decision.id)).all()


def _let_wait(comment: Comment, *, now: dt.datetime) -> None:
    """A moderator who had the comment before them has not seen the appeal, so its version changes in any case."""
    comment.queued_at = comment.queued_at or now
    comment.risk = max(comment.risk, _RISK)
    flag_modified(comment, "queued_at")


def _demand_possible(
    session: Session, comment: Comment, author: Account, revision: Revision, refusal: Decision, *, now: dt.datetime
) -> None:
    days = sites.policy_of(session, comment.site_id).policy.appeal_days
    if not days:
        raise AppealsOffError
    if revision.body == FORGOTTEN or now > refusal.decided_at + dt.timedelta(days=days):
        raise AppealTooLateError(days=days)
    if author.unconfirmed:
        raise AddressUnconfirmedError


def _clean(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    if len(text) > TEXT_LENGTH:
        raise InvalidInputError("text", "too_long", maximum=TEXT_LENGTH)
    return clean(text, field="text")
