"""Appeals as they stand, and what becomes of them when something is decided about their comments."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from moderation import decisions, outbox
from moderation.models import Account, Appeal, AppealStatus, Comment, Decision, Status
from moderation.models.comment import FORGOTTEN

GRANTED_LETTER = "appeal_granted"
DENIED_LETTER = "appeal_denied"
_LETTERS = {AppealStatus.GRANTED: GRANTED_LETTER, AppealStatus.DENIED: DENIED_LETTER}
_STATUS_AFTER = {"publish": AppealStatus.GRANTED, "reject": AppealStatus.DENIED}


def waits() -> ColumnElement[bool]:
    """Whether an appeal for the comment of the query around waits."""
    # Not as EXISTS: a database is to begin with the appeals, of which few wait.
    return Comment.id.in_(select(Appeal.comment_id).where(Appeal.status == AppealStatus.WAITING))


def waiting(session: Session, comment_id: uuid.UUID) -> Appeal | None:
    return session.scalar(
        select(Appeal)
        .where(Appeal.comment_id == comment_id, Appeal.status == AppealStatus.WAITING)
        .execution_options(populate_existing=True)
    )


def of_comments(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Appeal]]:
    """Every appeal for these comments, oldest first."""
    found: defaultdict[uuid.UUID, list[Appeal]] = defaultdict(list)
    if ids:
        for appeal in session.scalars(select(Appeal).where(Appeal.comment_id.in_(ids)).order_by(Appeal.id)):
            found[appeal.comment_id].append(appeal)
    return found


def concerning(appeals: Sequence[Appeal], made: Sequence[Decision]) -> Appeal | None:
    """The appeal that a comment's present state has to do with: one that waits, one against the refusal in force, or
    the one that led to what is in force. Both are the comment's, oldest first."""
    standing = decisions.standing(made)
    # Also what was confirmed and no longer is: nobody appeals anew because a moderator took a confirmation back.
    relevant = *decisions.refusals(standing), *decisions.refusals(made), *standing[-1:], *made[-1:]
    ids = {decision.id for decision in relevant}
    for appeal in reversed(appeals):
        if appeal.status == AppealStatus.WAITING or ids & {appeal.refusal_id, appeal.decision_id}:
            return appeal
    return None


def possible_until(author: Account, body: str, refusal: Decision, *, days: int) -> dt.datetime | None:
    """Until when a refusal that nobody has appealed yet can be; ``None`` if it cannot."""
    if not days or body == FORGOTTEN or author.unconfirmed:
        return None
    return refusal.decided_at + dt.timedelta(days=days)


def settle(session: Session, comment: Comment, decision: Decision, *, now: dt.datetime) -> None:
    """Answer the appeal that waits, if there is one: a person has decided about the comment, or it was withdrawn.

    The author is told by letter. It is written when it is sent, from what holds by then.
    """
    appeal = waiting(session, comment.id)
    if appeal is None:
        return
    appeal.status = _STATUS_AFTER.get(decision.action, AppealStatus.CLOSED)
    appeal.decision_id = decision.id
    appeal.decided_at = now
    session.flush()
    if appeal.status in _LETTERS:
        author = session.get_one(Account, comment.author_id)
        told = {"appeal_id": str(appeal.id), "decision_id": str(decision.id)}
        outbox.promise(session, _LETTERS[AppealStatus(appeal.status)], author, now=now, **told)


def waits_after(session: Session, comment: Comment, undone: Decision) -> bool:
    """Whether an appeal waits once ``undone`` is taken back: the one that it had answered does so again, and one that
    came later still does if the comment is refused all the same."""
    reopened = session.scalar(
        update(Appeal)
        .where(Appeal.decision_id == undone.id)
        .values(status=AppealStatus.WAITING, decision_id=None, decided_at=None)
        .returning(Appeal.id)
    )
    return reopened is not None or (comment.status == Status.REJECTED and waiting(session, comment.id) is not None)


def close(session: Session, comment_id: uuid.UUID, *, now: dt.datetime) -> None:
    """Nobody has to answer the appeal any more, and no decision has."""
    session.execute(
        update(Appeal)
        .where(Appeal.comment_id == comment_id, Appeal.status == AppealStatus.WAITING)
        .values(status=AppealStatus.CLOSED, decided_at=now)
    )
