"""Whether an address is its account's: a letter's link says so, for a new account and for a new address."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from moderation import accounts, outbox, publication, tokens
from moderation.errors import AlreadyConfirmedError, InvalidTokenError, NotFoundError
from moderation.models import Account, AddressConfirmation, Comment, OutboxMessage, Status

log = structlog.get_logger()

LIFETIME = dt.timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Shown:
    """Somebody reads what is sent to ``email``, and it was this account that the letter was about."""

    account_id: uuid.UUID
    email: str
    session_id: uuid.UUID | None
    """The sign-in that asked for the letter, if one did."""


def ask(session: Session, account: Account, *, now: dt.datetime) -> None:
    """Promise a letter whose link confirms the account's address. One that waits to be sent is replaced.

    Raises:
        AlreadyConfirmedError: nobody needs it.
    """
    demand_unconfirmed(account)
    forget_unsent(session, account.id, outbox.ADDRESS_CONFIRMATION)
    outbox.promise(session, outbox.ADDRESS_CONFIRMATION, account, now=now)


def demand_unconfirmed(account: Account) -> None:
    """
    Raises:
        AlreadyConfirmedError: nothing is left to confirm.
    """
    if not account.unconfirmed:
        raise AlreadyConfirmedError


def issue(
    session: Session, account_id: uuid.UUID, email: str, *, now: dt.datetime, session_id: uuid.UUID | None = None
) -> str:
    """A token of 256 random bits that stands for this address. It replaces an earlier one of the account."""
    token = tokens.new()
    session.execute(delete(AddressConfirmation).where(AddressConfirmation.account_id == account_id))
    session.add(
        AddressConfirmation(
            account_id=account_id,
            email=email,
            token_hash=tokens.digest(token),
            session_id=session_id,
            expires_at=now + LIFETIME,
        )
    )
    session.flush()
    return token


def take(session: Session, token: str, *, now: dt.datetime) -> Shown:
    """Use a letter's token up. The account is locked first, as whoever deletes it does.

    Raises:
        InvalidTokenError: the token is used, replaced or too old, or never was one; or the account is being deleted.
    """
    valid = AddressConfirmation.token_hash == tokens.digest(token), AddressConfirmation.expires_at > now
    account_id = session.scalar(select(AddressConfirmation.account_id).where(*valid))
    if account_id is None or accounts.lock_present(session, account_id) is None:
        raise InvalidTokenError
    used = session.execute(
        delete(AddressConfirmation)
        .where(*valid)
        .returning(AddressConfirmation.account_id, AddressConfirmation.email, AddressConfirmation.session_id)
    ).one_or_none()
    if used is None:
        raise InvalidTokenError
    return Shown(*used)


def prove(session: Session, account_id: uuid.UUID, *, now: dt.datetime) -> list[uuid.UUID]:
    """Note that an account's holder reads what is sent to its address, and let what waited for that be screened.

    Returns the revisions to screen. The account is locked first: a screening that ends meanwhile looks again.

    Raises:
        NotFoundError: it is deleted, or about to be.
    """
    account = accounts.lock_present(session, account_id)
    if account is None:
        raise NotFoundError("account")
    if not account.unconfirmed:
        return []
    account.unconfirmed = False
    session.execute(delete(AddressConfirmation).where(AddressConfirmation.account_id == account_id))
    forget_unsent(session, account_id, outbox.ADDRESS_CONFIRMATION)
    session.flush()
    released = [_release(session, comment_id, now=now) for comment_id in _waiting(session, account_id)]
    log.info("address_confirmed", account_id=str(account_id), comments=len(released))
    return [revision_id for revision_id in released if revision_id is not None]


def is_unconfirmed(session: Session, account_id: uuid.UUID) -> bool:
    """Whether it is so at this moment, and stays so until the transaction ends."""
    return bool(session.scalar(select(Account.unconfirmed).where(Account.id == account_id).with_for_update(read=True)))


def forget_unsent(session: Session, account_id: uuid.UUID, kind: str) -> None:
    """Nobody is to get a letter that the next one contradicts."""
    session.execute(
        delete(OutboxMessage).where(
            OutboxMessage.account_id == account_id, OutboxMessage.kind == kind, OutboxMessage.sent_at.is_(None)
        )
    )


def forget_change(session: Session, account: Account) -> None:
    """Call off a change of address that somebody asked for; that the account's own address waits is another matter."""
    forget_unsent(session, account.id, outbox.ADDRESS_CHANGE)
    session.execute(
        delete(AddressConfirmation).where(
            AddressConfirmation.account_id == account.id, AddressConfirmation.email != account.email
        )
    )


def forget_expired(session: Session, *, now: dt.datetime) -> None:
    session.execute(delete(AddressConfirmation).where(AddressConfirmation.expires_at <= now))


def _waiting(session: Session, account_id: uuid.UUID) -> list[uuid.UUID]:
    waits = Comment.author_id == account_id, Comment.status == Status.HELD, Comment.waits_for_author
    return list(session.scalars(select(Comment.id).where(*waits).order_by(Comment.id)))


def _release(session: Session, comment_id: uuid.UUID, *, now: dt.datetime) -> uuid.UUID | None:
    comment = publication.lock(session, comment_id)
    if comment is None or comment.status != Status.HELD or not comment.waits_for_author:
        return None  # A moderator was faster, or the author took it back.
    revision = publication.current_revision(session, comment)
    publication.reopen(comment, revision, now=now)
    return revision.id
