"""Deleting an account: the person goes, the thread stays readable."""

from __future__ import annotations

import datetime as dt
import uuid
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

import structlog
from sqlalchemy import ColumnElement, Select, and_, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from moderation import accounts, appeal_records, forgetting, outbox, publication, sessions, submissions
from moderation.accounts import NOBODY
from moderation.db import Database
from moderation.errors import NotFoundError
from moderation.models import (
    Account,
    Appeal,
    Comment,
    Decision,
    Flag,
    Removal,
    Role,
    Sanction,
    SiteIdentity,
    StaffIdentity,
    Status,
    Vote,
)
from moderation.passwords import Hasher
from moderation.publication import Change
from moderation.sessions import Authenticated, Guard

log = structlog.get_logger()

_BATCH = 100
_ACCOUNTS_AT_ONCE = 200
_STEPS_AT_ONCE = 5
"""So many batches of comments are settled while the person waits for an answer."""


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
    erase_account(database, who.account.id, wish.comments, now=now, steps=_STEPS_AT_ONCE)


def erase_account(
    database: Database, account_id: uuid.UUID, fate: Fate, *, now: dt.datetime, steps: int | None = None
) -> None:
    """Delete an account: the person at once, their comments in small transactions, which nobody has to wait for long.

    After so many ``steps`` the rest is left to :func:`finish`, as it is if the process dies.

    Raises:
        NotFoundError: there is no such account.
        LastAdminError: nobody else could run the place.
    """
    with database.write() as session:
        _send_away(session, _lock(session, account_id), fate, now=now)
    log.info("account_erased", account_id=str(account_id), comments=fate.value)
    _go_on(database, account_id, now=now, steps=steps)


def erase_unconfirmed(database: Database, made_until: dt.datetime, *, now: dt.datetime) -> int:
    """Delete the accounts made up to then whose address nobody has confirmed; says how many there were.

    Nobody is written to: the address may be a stranger's. What a moderator published of theirs stays, as nobody's.
    """
    overdue = _unconfirmed(made_until)
    erased = 0
    while done := _erase_some(database, overdue, now=now):
        erased += done
    return erased


def _unconfirmed(made_until: dt.datetime) -> ColumnElement[bool]:
    """Staff are left alone: the operator, who gave them their role, knows them."""
    waits = Account.unconfirmed, Account.leaving.is_(None), Account.role == Role.READER
    return and_(*waits, Account.created_at <= made_until)


def _erase_some(database: Database, overdue: ColumnElement[bool], *, now: dt.datetime) -> int:
    with database.read() as session:
        query = select(Account.id).where(overdue).order_by(Account.id).limit(_ACCOUNTS_AT_ONCE)
        found = session.scalars(query).all()
    return sum(_erase_if(database, account_id, overdue, now=now) for account_id in found)


def _erase_if(database: Database, account_id: uuid.UUID, overdue: ColumnElement[bool], *, now: dt.datetime) -> bool:
    """Delete an account if that is still to be done once nobody else can change it."""
    with database.write() as session:
        account = session.scalar(select(Account).where(Account.id == account_id, overdue).with_for_update())
        if account is None:
            return False  # It was confirmed a moment ago, or another process was faster.
        _send_away(session, account, Fate.KEEP, is_told=False, now=now)
    log.info("account_erased", account_id=str(account_id), comments=Fate.KEEP.value, reason="address_never_confirmed")
    with suppress(NotFoundError):  # Another process completes what it finds begun.
        _go_on(database, account_id, now=now, steps=None)
    return True


def finish(database: Database, *, now: dt.datetime) -> None:
    """Complete the deletions that were begun and are not done."""
    with database.read() as session:
        leaving = session.scalars(select(Account.id).where(Account.leaving.is_not(None))).all()
    for account_id in leaving:
        with suppress(NotFoundError):  # Another process was faster.
            _go_on(database, account_id, now=now, steps=None)


def _go_on(database: Database, account_id: uuid.UUID, *, now: dt.datetime, steps: int | None) -> None:
    done = 0
    while steps is None or done < steps:
        with database.write() as session:
            if _step(session, _lock(session, account_id), now=now):
                return
        done += 1


def _lock(session: Session, account_id: uuid.UUID) -> Account:
    """The account, which nobody can write in the name of until the transaction ends."""
    account = session.get(Account, account_id, with_for_update=True)
    if account is None or account.id == NOBODY:
        raise NotFoundError("account")
    return account


def _send_away(session: Session, account: Account, fate: Fate, *, is_told: bool = True, now: dt.datetime) -> None:
    """Nobody can sign in any more, the address is free, and no name is shown."""
    accounts.demand_not_last_admin(session, account)
    sessions.end_all(session, account.id)
    session.execute(delete(SiteIdentity).where(SiteIdentity.account_id == account.id))
    session.execute(delete(StaffIdentity).where(StaffIdentity.account_id == account.id))
    outbox.forget_about(session, account)
    if is_told:
        outbox.say_goodbye(session, account, now=now)
    accounts.assign_role(session, account, Role.READER, ())
    account.email = account.email_key = account.password_hash = None
    account.display_name = ""
    account.leaving = fate.value
    session.flush()
    publication.renew_all_of(session, account.id)


def _step(session: Session, account: Account, *, now: dt.datetime) -> bool:
    """Settle some comments; once all are, remove the account. ``True`` if that was done."""
    assert account.leaving is not None
    fate = Fate(account.leaving)
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
    appeal_records.close(session, comment.id, now=now)
    shown = publication.current_revision(session, comment)
    publication.decide(session, comment, shown, Change("publish", actor_id=comment.author_id), now=now)


def _remove(session: Session, account: Account, *, now: dt.datetime) -> None:
    articles = _articles_of(session, account.id)
    unseen = session.scalars(forgetting.unseen().where(Comment.author_id == account.id)).all()
    forgetting.forget_texts(session, unseen, now=now)
    _take_votes_back(session, account.id)
    session.execute(update(Flag).where(Flag.account_id == account.id).values(account_id=None, text=None))
    _hand_to_nobody(session, account.id, now=now)
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
    make_nobody(session, now=now)
    theirs = select(Comment.id).where(Comment.author_id == account_id)
    for statement in (
        update(Decision).where(Decision.comment_id.in_(theirs)).values(note=None),
        update(Appeal).where(Appeal.comment_id.in_(theirs)).values(text=None),
        update(Decision).where(Decision.actor_id == account_id).values(actor_id=NOBODY),
        update(Sanction).where(Sanction.actor_id == account_id).values(actor_id=NOBODY),
        update(Removal).where(Removal.actor_id == account_id).values(actor_id=NOBODY),
        update(Removal).where(Removal.undone_by_id == account_id).values(undone_by_id=NOBODY),
        update(Comment).where(Comment.author_id == account_id).values(author_id=NOBODY, by_staff=False),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def make_nobody(session: Session, *, now: dt.datetime) -> None:
    """See that there is the account that the comments of those who are gone belong to."""
    if session.get(Account, NOBODY) is not None:
        return
    nobody = Account(id=NOBODY, email=None, email_key=None, display_name="", password_hash=None, created_at=now)
    try:
        with session.begin_nested():
            session.add(nobody)
    except IntegrityError:
        return  # Somebody else's account was deleted at the same moment, and was the first.
