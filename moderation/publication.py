"""The one writer of a comment's status, and of everything that follows from it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from sqlalchemy import Table, Update, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from moderation import appeal_records
from moderation.db import insert_plainly
from moderation.models import Account, Article, Comment, Decision, Flag, Revision, Status
from moderation.screening.rules.address import UNCONFIRMED

FLAGGED = "flagged"
"""The reason of decisions that readers' flags came to."""
_STATUS_AFTER = {
    "publish": Status.PUBLISHED,
    "hold": Status.HELD,
    "reject": Status.REJECTED,
    "withdraw": Status.WITHDRAWN,
}
_ACTION_TO = {status: action for action, status in _STATUS_AFTER.items()}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of status. No ``actor_id`` means that the machine decided."""

    action: str
    reasons: Sequence[str] = ()
    actor_id: uuid.UUID | None = None
    screening_id: uuid.UUID | None = None
    note: str | None = None
    takes_down: bool = False
    """Nothing of the comment is to be seen any more. Otherwise a revision that was published before stays."""
    waits_for_author: bool = False
    """It is held until its author has confirmed their address, and no moderator is asked before."""
    removal_id: uuid.UUID | None = None
    """All that the author had written goes with it."""


class Revised(Protocol):
    """The revision that is decided about: its row, or what is known of it."""

    @property
    def id(self) -> uuid.UUID: ...

    @property
    def number(self) -> int: ...


def status_after(change: Change) -> Status:
    return _STATUS_AFTER[change.action]


def decide(
    session: Session,
    comment: Comment,
    revision: Revised,
    change: Change,
    *,
    is_alone: bool = False,
    now: dt.datetime,
) -> Decision:
    """Change the status of a comment that the caller has locked, put the decision on record, and (un)queue it.

    ``is_alone`` if nothing else was decided since it was locked in this transaction: its counters are known then, and
    its row is written once.
    """
    decision = Decision(
        comment_id=comment.id,
        revision_id=revision.id,
        screening_id=change.screening_id,
        actor_id=change.actor_id,
        action=change.action,
        from_status=comment.status,
        to_status=_STATUS_AFTER[change.action],
        reasons=list(change.reasons),
        note=change.note,
        decided_at=now,
        waited_since=comment.queued_at,
        replaced_number=comment.published_number,
        removal_id=change.removal_id,
    )
    was_published = comment.published_number is not None
    comment.status = _STATUS_AFTER[change.action]
    comment.waits_for_author = change.waits_for_author
    if change.action == "publish":
        comment.published_number = revision.number
    elif change.takes_down:
        comment.published_number = None
    queue(comment, now=now)
    own_step = _list_itself(comment) if is_alone else None
    session.flush()
    insert_plainly(session, decision)
    if change.actor_id is not None:
        appeal_records.settle(session, comment, decision, now=now)
    _count(session, comment, own_step, was_published=was_published)
    return decision


def take_back(
    session: Session,
    comment: Comment,
    undone: Decision,
    reasons: Sequence[str],
    *,
    actor_id: uuid.UUID | None = None,
    now: dt.datetime,
) -> Decision:
    """Put a comment that the caller has locked back to where it was before ``undone``, its latest decision.

    That is a decision of its own, by the same person or by ``actor_id``, with the ``reasons`` for the status that it
    returns to. A comment that was still being screened waits for a moderator instead: its screening may be over by now.
    So does one that waited for its author, if they have confirmed their address meanwhile; the caller keeps them from
    doing so now (:func:`hold_author`).
    """
    status = Status.HELD if undone.from_status == Status.SCREENING else Status(undone.from_status)
    decision = Decision(
        comment_id=comment.id,
        revision_id=undone.revision_id,
        actor_id=actor_id or undone.actor_id,
        action=_ACTION_TO[status],
        from_status=comment.status,
        to_status=status,
        reasons=list(reasons),
        decided_at=now,
        replaced_number=comment.published_number,
        undoes_id=undone.id,
    )
    was_published = comment.published_number is not None
    comment.status = status
    comment.published_number = undone.replaced_number
    comment.queued_at = undone.waited_since
    comment.waits_for_author = (
        undone.from_status == Status.HELD
        and UNCONFIRMED in reasons
        and session.get_one(Account, comment.author_id, populate_existing=True).unconfirmed
    )
    _reopen_flags(session, comment, undone)
    is_appealed = appeal_records.waits_after(session, comment, undone)
    queue(comment, is_appealed=is_appealed, now=now)
    session.flush()
    insert_plainly(session, decision)
    if not is_appealed:
        # The refusal itself was taken back.
        appeal_records.settle(session, comment, decision, now=now)
    _count(session, comment, was_published=was_published)
    return decision


def hold_author(session: Session, comment_id: uuid.UUID) -> None:
    """Keep a comment's author from confirming their address or leaving until the transaction ends.

    To be called before the comment is locked, as whatever changes an account locks that first, too.
    """
    session.scalar(
        select(Account.id)
        .join(Comment, Comment.author_id == Account.id)
        .where(Comment.id == comment_id)
        .with_for_update(read=True, key_share=True, of=Account)
    )


def latest_two(session: Session, comment_id: uuid.UUID) -> tuple[Decision | None, Decision | None]:
    """The latest decision about a comment, and the one before."""
    found = session.scalars(
        select(Decision).where(Decision.comment_id == comment_id).order_by(Decision.id.desc()).limit(2)
    ).all()
    latest, before, *_ = [*found, None, None]
    return latest, before


def reopen(comment: Comment, revision: Revision, *, now: dt.datetime) -> None:
    """Let the newest revision of a comment that the caller has locked be screened anew, as if it had just come."""
    comment.status = Status.SCREENING
    comment.waits_for_author = False
    revision.screened_at = revision.lease_until = revision.lease_token = None
    revision.attempts = 0
    queue(comment, now=now)


def _reopen_flags(session: Session, comment: Comment, undone: Decision) -> None:
    """The flags that this decision had answered are open again."""
    answered = Flag.comment_id == comment.id, Flag.resolved_at == undone.decided_at
    comment.open_flag_count += session.scalar(select(func.count()).where(*answered)) or 0
    session.execute(update(Flag).where(*answered).values(resolved_at=None))


def queue(comment: Comment, *, is_appealed: bool = False, now: dt.datetime) -> None:
    """Let the comment wait for a moderator if it is held, if readers see it and flagged it, or if its author appealed;
    else no longer.

    Readers may see an earlier revision whatever the status of the newest one is.
    """
    is_held = comment.status == Status.HELD and not comment.waits_for_author
    waits = is_held or is_appealed or (comment.published_number is not None and comment.open_flag_count > 0)
    if not waits:
        comment.queued_at = None
    elif comment.queued_at is None:
        comment.queued_at = now


def resolve_flags(session: Session, comment: Comment, *, now: dt.datetime) -> None:
    """A person has looked: the flags that led them here are answered."""
    session.execute(
        update(Flag).where(Flag.comment_id == comment.id, Flag.resolved_at.is_(None)).values(resolved_at=now)
    )
    comment.open_flag_count = 0


def current_revision(session: Session, comment: Comment) -> Revision:
    return session.scalars(
        select(Revision).where(Revision.comment_id == comment.id, Revision.number == comment.current_number)
    ).one()


def lock(session: Session, comment_id: uuid.UUID) -> Comment | None:
    """The comment as it is now, locked until the transaction ends."""
    return session.scalar(_LOCKED, {"comment": comment_id})


def _list_itself(comment: Comment) -> int:
    """Give a comment whose counters are known its place in the thread, or take it away. Returns 1, -1 or 0."""
    was_listed, comment.listed = comment.listed, comment.published_number is not None or comment.reply_count > 0
    return int(comment.listed) - int(was_listed)


def _count(session: Session, comment: Comment, own_step: int | None = None, *, was_published: bool) -> None:
    """Bring the counters up to date. Rows are locked from the comment upwards and the article last, always in this
    order, so that two decisions in one thread cannot wait for each other."""
    is_published = comment.published_number is not None
    if own_step is None:
        thread_step = _relist(session, comment.id)
    else:
        thread_step = _carried_up(session, own_step, comment.shown_under_id)
    if was_published or is_published or thread_step:
        published_step = int(is_published) - int(was_published)
        steps = {"published_step": published_step, "thread_step": thread_step}
        session.connection().execute(_COUNTED, {"article": comment.article_id, **steps})


def _relist(session: Session, comment_id: uuid.UUID) -> int:
    """Give the comment its place in the thread, or take it away, and so on up the thread.

    Returns by how many the article's listed top-level comments change. Core statements, because counters are no
    changes that a moderator's decision could be stale against.
    """
    changed = session.connection().execute(_RELISTED, {"comment": comment_id}).one_or_none()
    if changed is None:
        return 0
    return _carried_up(session, 1 if changed.listed else -1, changed.shown_under_id)


def _carried_up(session: Session, step: int, shown_under_id: uuid.UUID | None) -> int:
    """The same, of what is above a comment that was given its place, or had it taken away."""
    if not step or shown_under_id is None:
        return step
    session.connection().execute(_REPLIES_COUNTED, {"comment": shown_under_id, "step": step})
    return _relist(session, shown_under_id)


def renew(session: Session, *articles: uuid.UUID) -> None:
    """Say that what readers see under these articles has changed, in another way than by a decision.

    To be called last in a transaction: rows are locked from the comment upwards.
    """
    session.execute(
        _untracked(update(Article).where(Article.id.in_(articles)).values(public_version=Article.public_version + 1))
    )


def renew_all_of(session: Session, account_id: uuid.UUID) -> None:
    """The same for every article that an account has published comments under, after a change of name, say."""
    under = select(Comment.article_id).where(Comment.author_id == account_id, Comment.published_number.is_not(None))
    session.execute(
        _untracked(update(Article).where(Article.id.in_(under)).values(public_version=Article.public_version + 1))
    )


def _untracked(statement: Update) -> Update:
    """Counters are read back from the database, never from objects that a session may hold."""
    return statement.execution_options(synchronize_session=False)


# Made once: every decision runs them, and making a statement takes longer than running it.
_LOCKED = (
    select(Comment)
    .where(Comment.id == bindparam("comment"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_comment = cast(Table, Comment.__table__)
_article = cast(Table, Article.__table__)
_has_place = or_(_comment.c.published_number.is_not(None), _comment.c.reply_count > 0)
_RELISTED = (
    update(_comment)
    .where(_comment.c.id == bindparam("comment"), _comment.c.listed != _has_place)
    .values(listed=_has_place)
    .returning(_comment.c.listed, _comment.c.shown_under_id)
)
_REPLIES_COUNTED = (
    update(_comment)
    .where(_comment.c.id == bindparam("comment"))
    .values(reply_count=_comment.c.reply_count + bindparam("step"))
)
_COUNTED = (
    update(_article)
    .where(_article.c.id == bindparam("article"))
    .values(
        published_count=_article.c.published_count + bindparam("published_step"),
        thread_count=_article.c.thread_count + bindparam("thread_step"),
        public_version=_article.c.public_version + 1,
    )
)


def recount(session: Session, article_id: uuid.UUID) -> tuple[int, int]:
    """Published and listed top-level comments, counted from the rows: what the counters must say."""
    published, threads = session.execute(
        select(
            func.count().filter(Comment.published_number.is_not(None)),
            func.count().filter(Comment.listed, Comment.shown_under_id.is_(None)),
        ).where(Comment.article_id == article_id)
    ).one()
    return published, threads
