"""Choosing another password: with the old one, or with a letter to the account's address."""

from __future__ import annotations

import datetime as dt
import uuid

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from moderation import accounts, addresses, outbox, passwords, sessions, tokens
from moderation.db import Database
from moderation.errors import ForbiddenError, InvalidTokenError, NoPasswordError, NotFoundError
from moderation.models import Account, PasswordReset, StaffIdentity
from moderation.passwords import Hasher
from moderation.sessions import Authenticated, Guard

log = structlog.get_logger()

LIFETIME = dt.timedelta(hours=1)


def request_reset(session: Session, email: str, language: str, *, now: dt.datetime) -> None:
    """Promise a letter with which a new password can be chosen.

    The same is stored whether the address is known or not, which tells nobody; an unknown one gets nothing.
    """
    outbox.promise_to(session, "password_reset", email, language, now=now)


def demand_another(
    session: Session, account_id: uuid.UUID, *, actor_id: uuid.UUID | None = None, now: dt.datetime
) -> Account:
    """Make somebody choose a new password by letter. The old one is worth nothing from now on, and every session ends.

    Whoever asks for it neither chooses nor learns a password (ASVS 6.4.6). An empty ``actor_id`` is the operator.

    Raises:
        NotFoundError: there is no such account.
        ForbiddenError: one's own is changed with the current one.
        NoPasswordError: a site vouches for the account.
    """
    if account_id == actor_id:
        raise ForbiddenError
    account = accounts.get(session, account_id)
    if account.leaving is not None or account_id == accounts.NOBODY:
        raise NotFoundError("account")
    if account.email_key is None:
        raise NoPasswordError
    account.password_hash = None
    _end_all_that_began_before(session, account)
    outbox.promise(session, outbox.RESET_DEMANDED, account, now=now)
    log.info("password_reset_demanded", account_id=str(account_id), actor_id=str(actor_id) if actor_id else None)
    return account


def issue(session: Session, account: Account, *, now: dt.datetime) -> str:
    """A token of 256 random bits, which replaces an earlier one of the account."""
    token = tokens.new()
    session.execute(delete(PasswordReset).where(PasswordReset.account_id == account.id))
    session.add(PasswordReset(account_id=account.id, token_hash=tokens.digest(token), expires_at=now + LIFETIME))
    session.flush()
    return token


def reset(
    database: Database, hasher: Hasher, token: str, password: str, *, forbidden: tuple[str, ...], now: dt.datetime
) -> uuid.UUID:
    """Choose a new password with a letter's token. Ends every session, and signs nobody in.

    Raises:
        InvalidTokenError: the token is used, replaced or too old, or never was one; or the account is being deleted.
        InvalidInputError: the password is not acceptable.
    """
    with database.read() as session:
        account = accounts.get(session, _holder(session, token, now=now))
    _check(account, password, forbidden)
    hashed = hasher.hash(password)
    with database.write() as session:
        if accounts.lock_present(session, account.id) is None:
            raise InvalidTokenError
        used = session.execute(
            delete(PasswordReset)
            .where(PasswordReset.token_hash == tokens.digest(token), PasswordReset.expires_at > now)
            .returning(PasswordReset.account_id)
        ).one_or_none()
        if used is None:
            raise InvalidTokenError
        _set(session, used.account_id, hashed, but=None, now=now)
        # Whoever has the letter's token reads what is sent to the address. What waits for that is screened by a sweep.
        addresses.prove(session, used.account_id, now=now)
    return account.id


def change(
    database: Database,
    hasher: Hasher,
    who: Authenticated,
    current: str,
    password: str,
    *,
    guard: Guard,
    forbidden: tuple[str, ...],
    now: dt.datetime,
) -> None:
    """Choose a new password with the old one. Ends every session but the one that asks.

    Raises:
        WrongPasswordError: the old one is another.
        RateLimitedError, LimiterUnavailableError: too many tries.
        InvalidInputError: the new one is not acceptable.
    """
    _check(who.account, password, forbidden)
    sessions.demand_password(hasher, who.account, current, guard=guard, now=now)
    hashed = hasher.hash(password)
    with database.write() as session:
        _set(session, who.account.id, hashed, but=who.session_id, now=now)


def _set(session: Session, account_id: uuid.UUID, hashed: str, *, but: uuid.UUID | None, now: dt.datetime) -> None:
    account = accounts.get(session, account_id)
    account.password_hash = hashed
    _end_all_that_began_before(session, account, but=but)
    outbox.promise(session, "password_changed", account, now=now)


def _end_all_that_began_before(session: Session, account: Account, *, but: uuid.UUID | None = None) -> None:
    """Whoever knew the old password may be why there is another: nothing that they began with it goes on."""
    session.execute(delete(PasswordReset).where(PasswordReset.account_id == account.id))
    session.execute(delete(StaffIdentity).where(StaffIdentity.account_id == account.id))
    addresses.forget_change(session, account)
    sessions.end_all(session, account.id, but=but)


def _holder(session: Session, token: str, *, now: dt.datetime) -> uuid.UUID:
    account_id = session.scalar(
        select(PasswordReset.account_id).where(
            PasswordReset.token_hash == tokens.digest(token), PasswordReset.expires_at > now
        )
    )
    if account_id is None:
        raise InvalidTokenError
    return account_id


def _check(account: Account, password: str, forbidden: tuple[str, ...]) -> None:
    own = (account.display_name, (account.email or "").partition("@")[0])
    passwords.check_acceptable(password, forbidden=(*forbidden, *own))
