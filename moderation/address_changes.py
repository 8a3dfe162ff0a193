"""Another address for an account: asked for with the password, in force once the new address has confirmed it."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import structlog
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from moderation import accounts, addresses, outbox, sessions
from moderation.addresses import Shown
from moderation.db import Database
from moderation.errors import InvalidInputError, InvalidTokenError
from moderation.models import Account, PasswordReset
from moderation.passwords import Hasher
from moderation.sessions import Authenticated, Guard

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Wish:
    email: str
    password: str


def request(
    database: Database,
    hasher: Hasher,
    who: Authenticated,
    wish: Wish,
    *,
    guard: Guard,
    letters: Guard,
    now: dt.datetime,
) -> None:
    """Promise a letter to the new address. Nothing else changes before its link is opened.

    The same is stored whether or not the address is somebody's: its owner gets another letter then, and the one who
    asks learns nothing.

    Raises:
        WrongPasswordError: the password is another.
        RateLimitedError, LimiterUnavailableError: too many tries, or too many letters.
        InvalidInputError: it is the account's address already.
    """
    sessions.demand_password(hasher, who.account, wish.password, guard=guard, now=now)
    letters.limiter.take(*letters.slots, now=now)
    if accounts.email_key(wish.email) == who.account.email_key:
        raise InvalidInputError("email", "same_email")
    with database.write() as session:
        accounts.demand_present(session, who.account.id)
        addresses.forget_unsent(session, who.account.id, outbox.ADDRESS_CHANGE)
        asked_in = {"session_id": str(who.session_id)}
        outbox.promise(session, outbox.ADDRESS_CHANGE, who.account, to=wish.email, now=now, **asked_in)


def confirm(session: Session, token: str, *, now: dt.datetime) -> list[uuid.UUID]:
    """Take a letter's token: its holder reads what is sent to the address, which is the account's from now on.

    Another address ends every session but the one that asked for it, and the old address is told. Returns the revisions
    that waited for a confirmation and are to be screened now.

    Raises:
        InvalidTokenError: the token is used, replaced or too old, or never was one; or the account is being deleted, or
            the address is another account's by now.
    """
    shown = addresses.take(session, token, now=now)
    account = accounts.get(session, shown.account_id)
    if accounts.email_key(shown.email) != account.email_key:
        _change(session, account, shown, now=now)
    return addresses.prove(session, account.id, now=now)


def _change(session: Session, account: Account, shown: Shown, *, now: dt.datetime) -> None:
    outbox.promise(session, "address_changed", account, now=now)
    try:
        with session.begin_nested():
            account.email, account.email_key = shown.email, accounts.email_key(shown.email)
    except IntegrityError as error:
        raise InvalidTokenError from error
    session.execute(delete(PasswordReset).where(PasswordReset.account_id == account.id))
    sessions.end_all(session, account.id, but=shown.session_id)
    log.info("address_changed", account_id=str(account.id))
