"""Accounts: who registers, who is staff."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import bindparam, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from moderation import outbox, passwords
from moderation.actors import Actor
from moderation.errors import (
    AlreadyExistsError,
    InvalidInputError,
    LastAdminError,
    NotFoundError,
    NotSignedInError,
)
from moderation.models import Account, ModeratedSite, Role, SignInSession, Site
from moderation.text.input import clean_name

log = structlog.get_logger()

NOBODY = uuid.UUID("00000000-0000-4000-8000-000000000000")
"""The account that the comments of everybody who is gone belong to. It has no name, and nobody can sign in with it."""
_LANGUAGES = ("de", "en")


@dataclass(frozen=True, slots=True)
class NewAccount:
    email: str
    display_name: str
    password_hash: str
    language: str = "de"
    must_confirm: bool = False
    """What the account's holder writes waits until a letter's link has shown that the address is theirs."""


def check_email(email: str) -> str:
    """The address in its usual spelling.

    Raises:
        InvalidInputError: it cannot be an address. Whether it exists is not asked.
    """
    try:
        return validate_email(email, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise InvalidInputError("email", "invalid_email") from error


def check_new(email: str, display_name: str, password: str, *, forbidden: tuple[str, ...]) -> tuple[str, str]:
    """The address and name as they will be stored.

    Raises:
        InvalidInputError: one of the three is not acceptable.
    """
    address = check_email(email)
    name = clean_name(display_name)
    passwords.check_acceptable(password, forbidden=(*forbidden, name, address.partition("@")[0]))
    return address, name


def register(session: Session, command: NewAccount, *, now: dt.datetime) -> None:
    """Make a reader's account. If the address is taken nothing changes, and its owner gets a letter.

    The caller cannot tell the two cases apart, and must not: that would tell strangers who has an account.
    """
    taken = by_email(session, command.email)
    if taken is not None:
        outbox.promise(session, "address_taken", taken, now=now)
        return
    try:
        with session.begin_nested():
            account = _add(session, command, Role.READER, now=now)
            if command.must_confirm:
                outbox.promise(session, outbox.ADDRESS_CONFIRMATION, account, now=now)
    except IntegrityError:
        # Somebody registered the same address a moment ago; their letter of welcome is enough.
        return


def create_staff(
    session: Session, command: NewAccount, role: Role, site_keys: Iterable[str], *, now: dt.datetime
) -> Account:
    """Make an account of any role; a moderator's names the sites that they work for.

    Raises:
        AlreadyExistsError: the address is taken.
        NotFoundError: there is no such site.
        InvalidInputError: a moderator of no site.
    """
    keys = _check_sites(role, site_keys)
    if by_email(session, command.email) is not None:
        raise AlreadyExistsError("account")
    account = _add(session, command, role, now=now)
    _set_sites(session, account, keys)
    log.info("staff_created", account_id=str(account.id), role=role.value)
    return account


def change_role(session: Session, email: str, role: Role, site_keys: Iterable[str]) -> Account:
    """Give an account another role, which ends its sessions, or a moderator other sites, which apply at once.

    Raises:
        NotFoundError: no such account or site.
        InvalidInputError: a moderator of no site.
        LastAdminError: it would leave nobody in charge.
    """
    keys = _check_sites(role, site_keys)
    account = demand_by_email(session, email)
    if role != Role.ADMIN:
        demand_not_last_admin(session, account)
    if account.role != role:
        # Whoever holds an old token must not find it worth more than it was (ASVS 7.2.4).
        session.execute(delete(SignInSession).where(SignInSession.account_id == account.id))
    account.role = role
    _set_sites(session, account, keys if role == Role.MODERATOR else ())
    log.info("role_changed", account_id=str(account.id), role=role.value)
    return account


def assign_role(session: Session, account: Account, role: Role, site_ids: Iterable[uuid.UUID]) -> None:
    """Write a role down, with the sites that a moderator works for. Whether that may be is the caller's business."""
    account.role = role
    session.execute(delete(ModeratedSite).where(ModeratedSite.account_id == account.id))
    session.add_all(ModeratedSite(account_id=account.id, site_id=site_id) for site_id in site_ids)
    session.flush()


def by_email(session: Session, email: str) -> Account | None:
    return session.scalar(select(Account).where(Account.email_key == email_key(email)))


def demand_by_email(session: Session, email: str) -> Account:
    """
    Raises:
        NotFoundError: nobody has this address.
    """
    account = by_email(session, email)
    if account is None:
        raise NotFoundError("account")
    return account


def get(session: Session, account_id: uuid.UUID) -> Account:
    """
    Raises:
        NotFoundError: there is no such account.
    """
    account = session.get(Account, account_id)
    if account is None:
        raise NotFoundError("account")
    return account


def demand_present(session: Session, account_id: uuid.UUID) -> Account:
    """Keep an account from being deleted until the transaction ends: something is about to be written in its name.

    To be called before any other row is locked, as deleting locks the account first, too.

    Raises:
        NotSignedInError: it was deleted after its holder had been asked who they are.
    """
    found = session.scalar(_PRESENT, {"account": account_id})
    return demand_staying(found)


def demand_staying(account: Account | None) -> Account:
    """
    Raises:
        NotSignedInError: it is deleted, or about to be.
    """
    if account is None or account.leaving is not None:
        raise NotSignedInError
    return account


_PRESENT = (
    select(Account)
    .where(Account.id == bindparam("account"))
    .with_for_update(read=True, key_share=True)
    .execution_options(populate_existing=True)
)


def lock_present(session: Session, account_id: uuid.UUID) -> Account | None:
    """The account, which nobody else can change until the transaction ends; ``None`` if it is deleted, or about to be.

    To be called before any other row is locked, as :func:`demand_present` is.
    """
    account = session.get(Account, account_id, with_for_update=True, populate_existing=True)
    return None if account is None or account.leaving is not None else account


def demand_not_last_admin(session: Session, account: Account) -> None:
    """
    Raises:
        LastAdminError: nobody else could run the place.
    """
    if account.role != Role.ADMIN:
        return
    # The rows are locked so that two admins who demote each other at once cannot both succeed.
    admins = session.scalars(select(Account.id).where(Account.role == Role.ADMIN).with_for_update())
    if len(admins.all()) == 1:
        raise LastAdminError


def actor_for(session: Session, account: Account, *, has_second_factor: bool = False) -> Actor:
    """Who the account's holder is, in a session that has seen a second factor or has not."""
    role = Role(account.role)
    if role == Role.READER:
        return Actor(account.id, role, home_site_id=account.home_site_id)
    query = select(Site.id, Site.staff_second_factor)
    if role == Role.MODERATOR:
        query = query.join(ModeratedSite, ModeratedSite.site_id == Site.id).where(
            ModeratedSite.account_id == account.id
        )
    sites = session.execute(query).all()
    return Actor(
        account.id,
        role,
        frozenset(site.id for site in sites) if role == Role.MODERATOR else frozenset(),
        account.home_site_id,
        # Whom a site signs in itself, it has asked for as much as it wants.
        lacks_second_factor=account.home_site_id is None
        and not has_second_factor
        and any(site.staff_second_factor for site in sites),
    )


def email_key(email: str) -> str:
    return email.strip().casefold()


def _add(session: Session, command: NewAccount, role: Role, *, now: dt.datetime) -> Account:
    account = Account(
        email=command.email,
        email_key=email_key(command.email),
        display_name=command.display_name,
        password_hash=command.password_hash,
        role=role,
        unconfirmed=command.must_confirm,
        language=command.language if command.language in _LANGUAGES else _LANGUAGES[0],
        created_at=now,
    )
    session.add(account)
    session.flush()
    return account


def _check_sites(role: Role, site_keys: Iterable[str]) -> tuple[str, ...]:
    keys = tuple(site_keys)
    if role == Role.MODERATOR and not keys:
        raise InvalidInputError("site", "moderator_needs_site")
    return keys


def _set_sites(session: Session, account: Account, site_keys: tuple[str, ...]) -> None:
    session.execute(delete(ModeratedSite).where(ModeratedSite.account_id == account.id))
    for key in dict.fromkeys(site_keys):
        site_id = session.scalar(select(Site.id).where(Site.key == key))
        if site_id is None:
            raise NotFoundError("site")
        session.add(ModeratedSite(account_id=account.id, site_id=site_id))
    session.flush()
