"""Sign-in sessions: opaque tokens that can be ended at any time."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import structlog
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from moderation import accounts, outbox, second_factor, tokens
from moderation.actors import Actor
from moderation.db import Database
from moderation.errors import NotFoundError, WrongCredentialsError, WrongPasswordError
from moderation.limits import Limiter, Slot
from moderation.models import Account, SignInSession
from moderation.passwords import Hasher
from moderation.proofs import Checker, Choice, Proof

log = structlog.get_logger()

_TOUCH_EVERY = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """A session ends when it was not used for ``idle``, and after ``absolute`` whatever happens."""

    idle: dt.timedelta = dt.timedelta(days=14)
    absolute: dt.timedelta = dt.timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Credentials:
    email: str
    password: str
    device: str | None = None
    proof: Proof = Proof()
    """Of the account's second factor."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What a try costs, and who counts. A try that succeeds is given back."""

    limiter: Limiter
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class SignedIn:
    token: str
    expires_at: dt.datetime
    account: Account


def sign_in(
    database: Database,
    hasher: Hasher,
    credentials: Credentials,
    *,
    guard: Guard,
    checker: Checker,
    lifetimes: Lifetimes,
    now: dt.datetime,
) -> SignedIn:
    """Check a password and begin a session.

    Takes several short transactions rather than one: a failed try must stay counted, and no connection may be held
    while the password is hashed. Known and unknown addresses take the same steps.

    Raises:
        WrongCredentialsError: whichever of the two was wrong.
        SecondFactorRequiredError: both are right, and a second factor has to be shown.
        WrongCodeError, PasskeyRefusedError: what was shown is not right.
        RateLimitedError: too many failures for this account or from this address.
        LimiterUnavailableError: nobody can say how many there were.
        TooBusyError: too many sign-ins wait.
    """
    with hasher.room():
        known, needs_proof = _demand_credentials(database, hasher, credentials, guard=guard, now=now)
        assert known.password_hash is not None
        renewed = hasher.hash(credentials.password) if hasher.is_outdated(known.password_hash) else None
        if needs_proof and credentials.proof.is_empty:
            guard.limiter.give_back(*guard.slots)
        presented = checker.present(database, known.id, credentials.proof, now=now) if needs_proof else None
        with database.write() as session:
            account = _demand_same_password(session, known)
            if renewed is not None:
                account.password_hash = renewed
            if presented is not None:
                checker.demand(session, account, presented, now=now)
            seen_at = now if needs_proof else None
            signed_in = begin(
                session, account, device=credentials.device, lifetimes=lifetimes, now=now, second_factor_at=seen_at
            )
        guard.limiter.give_back(*guard.slots)
        return signed_in


def choose_second_factor(
    database: Database, hasher: Hasher, credentials: Credentials, *, guard: Guard, checker: Checker, now: dt.datetime
) -> Choice:
    """What somebody may show besides their password, which is asked for here too: it is nobody else's business.

    Raises:
        WrongCredentialsError, RateLimitedError, LimiterUnavailableError, TooBusyError: as :func:`sign_in`.
    """
    with hasher.room():
        known, _ = _demand_credentials(database, hasher, credentials, guard=guard, now=now)
        guard.limiter.give_back(*guard.slots)
    with database.write() as session:
        return checker.choice(session, known.id, now=now)


def _demand_credentials(
    database: Database, hasher: Hasher, credentials: Credentials, *, guard: Guard, now: dt.datetime
) -> tuple[Account, bool]:
    """The account of this address and password, and whether they are not enough. The try is counted."""
    key = accounts.email_key(credentials.email)
    guard.limiter.take(*guard.slots, now=now)
    with database.read() as session:
        known = accounts.by_email(session, key)
        needs_proof = known is not None and second_factor.is_on(session, known.id)
    if not hasher.verify(known.password_hash if known else None, credentials.password) or known is None:
        log.warning("sign_in_failed", account_id=str(known.id) if known else None)
        raise WrongCredentialsError
    return known, needs_proof


def _demand_same_password(session: Session, known: Account) -> Account:
    """The account, locked. Hashing takes a while: whoever chose another password meanwhile has ended all sessions, and
    neither may one more begin nor the old password's hash be written over the new one's.

    Raises:
        WrongCredentialsError: the password that was checked is the account's no longer.
    """
    account = session.get(Account, known.id, with_for_update=True, populate_existing=True)
    if account is None or account.password_hash != known.password_hash:
        raise WrongCredentialsError
    return account


def demand_password(hasher: Hasher, account: Account, password: str, *, guard: Guard, now: dt.datetime) -> None:
    """Ask somebody who is signed in for their password once more. No transaction may be open.

    Raises:
        WrongPasswordError: it is another.
        RateLimitedError, LimiterUnavailableError: too many tries.
        TooBusyError: too many passwords wait to be checked.
    """
    with hasher.room():
        guard.limiter.take(*guard.slots, now=now)
        if not hasher.verify(account.password_hash, password):
            raise WrongPasswordError
        guard.limiter.give_back(*guard.slots)


def mark(session: Session, session_id: uuid.UUID, *, now: dt.datetime | None) -> None:
    """Note that a second factor was shown in this session, or with ``None`` that there is none any more."""
    session.execute(update(SignInSession).where(SignInSession.id == session_id).values(second_factor_at=now))


def begin(
    session: Session,
    account: Account,
    *,
    lifetimes: Lifetimes,
    now: dt.datetime,
    device: str | None = None,
    second_factor_at: dt.datetime | None = None,
) -> SignedIn:
    """A new session with a token of 256 random bits, which is told once and stored as its hash only."""
    if device is not None and account.home_site_id is None and _is_new(session, account.id, device):
        outbox.promise(session, "new_device", account, now=now, device=device)
    token = tokens.new()
    expires_at = now + lifetimes.absolute
    session.add(
        SignInSession(
            token_hash=tokens.digest(token),
            account_id=account.id,
            device=device,
            created_at=now,
            last_used_at=now,
            expires_at=expires_at,
            second_factor_at=second_factor_at,
        )
    )
    session.flush()
    return SignedIn(token, expires_at, account)


def _is_new(session: Session, account_id: uuid.UUID, device: str) -> bool:
    """Whether the account is signed in with other devices, and not with one like this. Earlier ones are forgotten."""
    used = session.scalars(
        select(SignInSession.device).where(SignInSession.account_id == account_id, SignInSession.device.is_not(None))
    ).all()
    return bool(used) and device not in used


@dataclass(frozen=True, slots=True)
class Authenticated:
    actor: Actor
    account: Account
    session_id: uuid.UUID
    needs_touch: bool
    """The session's last use was noted long enough ago to note it again."""


def authenticate(session: Session, token: str, *, lifetimes: Lifetimes, now: dt.datetime) -> Authenticated | None:
    """Who holds this token, with the role that they have now; ``None`` if the session is over or never was."""
    row = session.execute(_HOLDER, {"token_hash": tokens.digest(token)}).one_or_none()
    if row is None:
        return None
    sign_in_session, account = row
    if now >= sign_in_session.expires_at or now >= sign_in_session.last_used_at + lifetimes.idle:
        return None
    needs_touch = now >= sign_in_session.last_used_at + _TOUCH_EVERY
    actor = accounts.actor_for(session, account, has_second_factor=sign_in_session.second_factor_at is not None)
    return Authenticated(actor, account, sign_in_session.id, needs_touch)


_HOLDER = (
    select(SignInSession, Account)
    .join(Account, Account.id == SignInSession.account_id)
    .where(SignInSession.token_hash == bindparam("token_hash"))
)


def touch(session: Session, token: str, *, now: dt.datetime) -> None:
    """Note that the session is in use. Now and then is enough, and spares a write per request."""
    row = session.scalar(
        select(SignInSession).where(SignInSession.token_hash == tokens.digest(token)).with_for_update()
    )
    if row is not None and row.last_used_at < now:
        row.last_used_at = now


def end(session: Session, token: str) -> None:
    session.execute(delete(SignInSession).where(SignInSession.token_hash == tokens.digest(token)))


def listed(session: Session, account_id: uuid.UUID, *, lifetimes: Lifetimes, now: dt.datetime) -> list[SignInSession]:
    """An account's sessions that are not over, the one used last first."""
    return list(
        session.scalars(
            select(SignInSession)
            .where(
                SignInSession.account_id == account_id,
                SignInSession.expires_at > now,
                SignInSession.last_used_at > now - lifetimes.idle,
            )
            .order_by(SignInSession.last_used_at.desc(), SignInSession.id.desc())
        )
    )


def end_one(session: Session, session_id: uuid.UUID, *, actor: Actor) -> None:
    """
    Raises:
        NotFoundError: the actor has no such session.
    """
    ended = session.execute(
        delete(SignInSession)
        .where(SignInSession.id == session_id, SignInSession.account_id == actor.account_id)
        .returning(SignInSession.id)
    ).one_or_none()
    if ended is None:
        raise NotFoundError("session")


def end_all(session: Session, account_id: uuid.UUID, *, but: uuid.UUID | None = None) -> None:
    """End every session of an account at its next request, save for the one named in ``but``."""
    ending = delete(SignInSession).where(SignInSession.account_id == account_id)
    session.execute(ending if but is None else ending.where(SignInSession.id != but))


def forget_expired(session: Session, *, lifetimes: Lifetimes, now: dt.datetime) -> None:
    session.execute(
        delete(SignInSession).where(
            (SignInSession.expires_at <= now) | (SignInSession.last_used_at <= now - lifetimes.idle)
        )
    )
