"""What the rules may know of an author on a site."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, literal, select, true
from sqlalchemy.orm import Session, aliased

from moderation.models import Account, Comment, Decision, Revision, Status
from moderation.policies import Policy
from moderation.screening.context import AuthorFacts, RecentText, Standing

_RECENT_TEXTS = 50
_Values = dict[str, Any]
_NO_COMMENT = uuid.UUID(int=0)


def collect(
    session: Session,
    account_id: uuid.UUID,
    site_id: uuid.UUID,
    policy: Policy,
    *,
    standing: Standing,
    now: dt.datetime,
    but: uuid.UUID = _NO_COMMENT,
) -> AuthorFacts:
    """The facts that this policy asks for, leaving out the comment that is being screened."""
    theirs = {"author": account_id, "site": site_id}
    refused, recent = _refused_and_recent(session, {**theirs, "but": but}, policy, now=now)
    return AuthorFacts(
        standing=standing,
        unconfirmed=session.get_one(Account, account_id).unconfirmed,
        published_count=_count(session, _PUBLISHED, theirs) if policy.premoderate_first else 0,
        refused_lately=refused,
        published_lately=_published_lately(session, theirs, policy, now=now)
        if policy.offender_refusals and refused >= policy.offender_refusals
        else 0,
        recent=recent,
    )


def _refused_and_recent(
    session: Session, theirs: _Values, policy: Policy, *, now: dt.datetime
) -> tuple[int, tuple[RecentText, ...]]:
    """How many comments of the policy's last days moderators refused, and the texts of its last seconds, in one query.

    Withdrawing a refused comment makes it none the less refused. What the machine or the calendar refused does not
    count: nobody has looked at it.
    """
    seconds = max(policy.repeat_window_s, policy.burst_window_s)
    times = {"since": now - dt.timedelta(days=policy.offender_days), "since_then": now - dt.timedelta(seconds=seconds)}
    if not seconds:
        return _count(session, _REFUSED_LATELY, {**theirs, **times}) if policy.offender_refusals else 0, ()
    asked = _REFUSED_AND_RECENT if policy.offender_refusals else _RECENT
    rows = session.connection().execute(asked, {**theirs, **times}).all()
    texts = ((body, created_at) for body, created_at, *_ in rows if body is not None)
    refused = rows[0].refused if policy.offender_refusals else 0
    return refused, tuple(RecentText(body, (now - created_at).total_seconds()) for body, created_at in texts)


def _published_lately(session: Session, theirs: _Values, policy: Policy, *, now: dt.datetime) -> int:
    since = now - dt.timedelta(days=policy.offender_days)
    return _count(session, _PUBLISHED_LATELY, {**theirs, "since": since})


def _count(session: Session, counting: Select[int], values: _Values) -> int:
    return session.connection().scalars(counting, values).one()


# Made once: every post asks, and making a statement takes longer than running it.
_THEIRS = (Comment.author_id == bindparam("author"), Comment.site_id == bindparam("site"))
_LATELY = Comment.created_at > bindparam("since")
_COUNT = select(func.count()).select_from(Comment).where(*_THEIRS)
_taking_back = aliased(Decision)
_was_refused = exists().where(
    Decision.comment_id == Comment.id,
    Decision.action == "reject",
    Decision.actor_id.is_not(None),
    ~exists().where(_taking_back.undoes_id == Decision.id),
)
_PUBLISHED = _COUNT.where(Comment.published_number.is_not(None))
_PUBLISHED_LATELY = _COUNT.where(_LATELY, Comment.status == Status.PUBLISHED)
_REFUSED_LATELY = _COUNT.where(_LATELY, Comment.status.in_([Status.REJECTED, Status.WITHDRAWN]), _was_refused)
_RECENT = (
    select(Revision.body, Comment.created_at)
    .join(Comment, (Comment.id == Revision.comment_id) & (Comment.current_number == Revision.number))
    .where(
        *_THEIRS,
        Comment.created_at > bindparam("since_then"),
        Comment.id != bindparam("but"),
        Comment.status != Status.WITHDRAWN,
    )
    .order_by(Comment.id.desc())
    .limit(_RECENT_TEXTS)
)
_recent = _RECENT.add_columns(Comment.id).subquery()
_nothing = select(literal(1).label("one")).subquery()
_REFUSED_AND_RECENT = (
    # Counted even where there are no texts.
    select(_recent.c.body, _recent.c.created_at, _REFUSED_LATELY.scalar_subquery().label("refused"))
    .select_from(_nothing.outerjoin(_recent, true()))
    .order_by(_recent.c.id.desc())
)
