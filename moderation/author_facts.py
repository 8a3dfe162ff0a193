"""What the rules may know of an author on a site."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased

from moderation import standings
from moderation.models import Account, Comment, Decision, Revision, Status
from moderation.policies import Policy
from moderation.screening.context import AuthorFacts, RecentText

_RECENT_TEXTS = 50


def collect(
    session: Session,
    account_id: uuid.UUID,
    site_id: uuid.UUID,
    policy: Policy,
    *,
    now: dt.datetime,
    but: uuid.UUID | None = None,
) -> AuthorFacts:
    """The facts that this policy asks for, leaving out the comment that is being screened."""
    theirs = (Comment.author_id == account_id) & (Comment.site_id == site_id)
    is_published = Comment.published_number.is_not(None)
    refused, published_lately = _judged(session, theirs, policy, now=now)
    return AuthorFacts(
        standing=standings.of(session, account_id, site_id, now=now).standing,
        unconfirmed=session.get_one(Account, account_id).unconfirmed,
        published_count=_count(session, theirs, is_published) if policy.premoderate_first else 0,
        refused_lately=refused,
        published_lately=published_lately,
        recent=_recent(session, theirs & (Comment.id != but), policy, now=now),
    )


def _judged(session: Session, theirs: ColumnElement[bool], policy: Policy, *, now: dt.datetime) -> tuple[int, int]:
    """How many comments of the policy's last days moderators refused, and how many are published.

    Withdrawing a refused comment makes it none the less refused. What the machine or the calendar refused does not
    count: nobody has looked at it.
    """
    if not policy.offender_refusals:
        return 0, 0
    lately = Comment.created_at > now - dt.timedelta(days=policy.offender_days)
    refused = _count(session, theirs, lately, Comment.status.in_([Status.REJECTED, Status.WITHDRAWN]), _was_refused())
    if refused < policy.offender_refusals:
        return refused, 0
    return refused, _count(session, theirs, lately, Comment.status == Status.PUBLISHED)


def _was_refused() -> ColumnElement[bool]:
    taking_back = aliased(Decision)
    return exists().where(
        Decision.comment_id == Comment.id,
        Decision.action == "reject",
        Decision.actor_id.is_not(None),
        ~exists().where(taking_back.undoes_id == Decision.id),
    )


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Comment).where(*conditions)) or 0


def _recent(
    session: Session, theirs: ColumnElement[bool], policy: Policy, *, now: dt.datetime
) -> tuple[RecentText, ...]:
    since = now - dt.timedelta(seconds=max(policy.repeat_window_s, policy.burst_window_s))
    found = session.execute(
        select(Revision.body, Comment.created_at)
        .join(Comment, (Comment.id == Revision.comment_id) & (Comment.current_number == Revision.number))
        .where(theirs, Comment.created_at > since, Comment.status != Status.WITHDRAWN)
        .order_by(Comment.id.desc())
        .limit(_RECENT_TEXTS)
    )
    return tuple(RecentText(body, (now - created_at).total_seconds()) for body, created_at in found)
