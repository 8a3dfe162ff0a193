"""Deleting an account: the person goes, the thread stays readable."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from enum import StrEnum

import structlog
from sqlalchemy import Select, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from moderation import accounts, forgetting, outbox, publication, sessions, submissions
from moderation.db import Database
from moderation.errors import NotFoundError
from moderation.models import Account, Comment, Decision, Flag, Status, Vote
from moderation.passwords import Hasher
from moderation.publication import Change
from moderation.sessions import Authenticated, Guard

log = structlog.get_logger()

NOBODY = uuid.UUID("00000000-0000-4000-8000-000000000000")
"""The account that the comments of everybody who is gone belong to. It has no name, and nobody can sign in with it."""
_BATCH = 100


class Fate(StrEnum):
    """What becomes of somebody's published comments."""

    KEEP = "keep"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Wish:
    password: str
    comments: Fate


def erase(
    database: Database, hasher: Hasher, who: Authenticated, wish: Wish, *, guard: Guard, now: dt.datetime
) -> None:
    """Delete one's own account. Whom a site vouches for has no password, and needs none.

    Raises:
        WrongPasswordError: the password is another.
        RateLimitedError, LimiterUnavailableError: too many tries.
        LastAdminError: nobody else could run the place.
    """
    if who.account.password_hash is not None:
        sessions.demand_password(hasher, who.account, wish.password, guard=guard, now=now)
    erase_account(database, who.account.id, wish.comments, now=now)


def erase_account(database: Database, account_id: uuid.UUID, fate: Fate, *, now: dt.datetime) -> None:
    """Delete an account, its sessions first and its comments in small transactions: nobody waits for a long one.

    A process that dies meanwhile leaves an account that can be deleted again, with some of its comments gone.

    Raises:
        NotFoundError: there is no such account.
        LastAdminError: nobody else could run the place.
    """
    with database.write() as session:
        sessions.end_all(session, _lock(session, account_id).id)
    is_gone = False
    while not is_gone:
        with database.write() as session:
            is_gone = _step(session, _lock(session, account_id), fate, now=now)
    log.info("account_erased", account_id=str(account_id), comments=fate.value)


def _lock(session: Session, account_id: uuid.UUID) -> Account:
    """The account, which nobody can write in the name of until the transaction ends."""
    account = session.get(Account, account_id, with_for_update=True)
    if account is None or account.id == NOBODY:
        raise NotFoundError("account")
    accounts.demand_not_last_admin(session, account)
    return account


def _step(session: Session, account: Account, fate: Fate, *, now: dt.datetime) -> bool:
    """Settle some comments; once all are, remove the account. ``True`` if that was done."""
    found = session.scalars(_unsettled(account.id, fate).limit(_BATCH)).all()
    for comment_id in found:
        _settle(session, comment_id, fate, now=now)
    if len(found) == _BATCH:
        return False
    _remove(session, account, now=now)
    return True


def _unsettled(account_id: uuid.UUID, fate: Fate) -> Select[uuid.UUID]:
    mine = select(Comment.id).where(Comment.author_id == account_id).order_by(Comment.id)
    if fate is Fate.REMOVE:
        return mine.where(Comment.status != Status.WITHDRAWN)
    settled = Comment.status.in_([Status.WITHDRAWN, Status.PUBLISHED])
    return mine.where(or_(~settled, Comment.published_number != Comment.current_number))


def _settle(session: Session, comment_id: uuid.UUID, fate: Fate, *, now: dt.datetime) -> None:
    """Withdraw the comment. If texts are to stay, only what readers do not see: an edit that waits is given up."""
    comment = publication.lock(session, comment_id)
    assert comment is not None
    if fate is Fate.REMOVE or comment.published_number is None:
        submissions.retract(session, comment, now=now)
        return
    comment.current_number = comment.published_number
    shown = submissions.current_revision(session, comment)
    publication.decide(session, comment, shown, Change("publish", actor_id=comment.author_id), now=now)


def _remove(session: Session, account: Account, *, now: dt.datetime) -> None:
    articles = _articles_of(session, account.id)
    unseen = session.scalars(forgetting.unseen().where(Comment.author_id == account.id)).all()
    forgetting.forget_texts(session, unseen, now=now)
    _take_votes_back(session, account.id)
    session.execute(update(Flag).where(Flag.account_id == account.id).values(account_id=None, text=None))
    _hand_to_nobody(session, account.id, now=now)
    outbox.forget_about(session, account)
    outbox.say_goodbye(session, account, now=now)
    session.delete(account)
    session.flush()
    publication.renew(session, *articles)


def _articles_of(session: Session, account_id: uuid.UUID) -> list[uuid.UUID]:
    """Where readers see something that comes from this account: a comment, or a vote."""
    voted = select(Vote.comment_id).where(Vote.account_id == account_id)
    theirs = or_(Comment.author_id == account_id, Comment.id.in_(voted))
    return list(session.scalars(select(Comment.article_id).where(theirs, Comment.listed).distinct()))


def _take_votes_back(session: Session, account_id: uuid.UUID) -> None:
    cast = select(Vote.value).where(Vote.comment_id == Comment.id, Vote.account_id == account_id).scalar_subquery()
    session.execute(
        update(Comment)
        .where(Comment.id.in_(select(Vote.comment_id).where(Vote.account_id == account_id)))
        .values(score=Comment.score - cast)
        .execution_options(synchronize_session=False)
    )


def _hand_to_nobody(session: Session, account_id: uuid.UUID, *, now: dt.datetime) -> None:
    """Comments and decisions stay, and nothing tells whose they were, nor that they were one person's.

    What moderators wrote to the author goes: it was for them alone, and may speak of them.
    """
    _make_nobody(session, now=now)
    theirs = select(Comment.id).where(Comment.author_id == account_id)
    for statement in (
        update(Decision).where(Decision.comment_id.in_(theirs)).values(note=None),
        update(Decision).where(Decision.actor_id == account_id).values(actor_id=NOBODY),
        update(Comment).where(Comment.author_id == account_id).values(author_id=NOBODY),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def _make_nobody(session: Session, *, now: dt.datetime) -> None:
    if session.get(Account, NOBODY) is not None:
        return
    nobody = Account(id=NOBODY, email=None, email_key=None, display_name="", password_hash=None, created_at=now)
    try:
        with session.begin_nested():
            session.add(nobody)
    except IntegrityError:
        return  # Somebody else's account was deleted at the same moment, and was the first.
