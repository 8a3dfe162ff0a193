"""Accounts of people whom a site, or an identity provider that it uses, vouches for.

One identity (site, issuer, subject) is one account. An e-mail address never leads to one: whoever signs an address
could otherwise take over the account that somebody else made with it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Select, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from moderation import accounts, publication
from moderation.errors import InvalidInputError
from moderation.models import Account, Role, SignInSession, Site, SiteIdentity
from moderation.text.input import clean_name

SITE_ISSUER = "site"


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a site or a provider says of a person. ``role`` is theirs on this site alone."""

    issuer: str
    subject: str
    name: str
    email: str | None = None
    role: Role = Role.READER
    language: str = "de"


def settle(session: Session, site: Site, vouched: Vouched, *, now: dt.datetime) -> Account:
    """The person's account, made at their first visit, with the name, address and role that are theirs today.

    Raises:
        InvalidInputError: the name or the address is not acceptable.
    """
    name = clean_name(vouched.name, field="name")
    email = accounts.check_email(vouched.email) if vouched.email is not None else None
    account = _known(session, site, vouched)
    if account is None:
        account = _make(session, site, vouched, name, now=now)
    is_renamed = account.display_name != name
    account.display_name, account.email = name, email
    _set_role(session, account, site, vouched.role)
    session.flush()
    if is_renamed:
        publication.renew_all_of(session, account.id)
    return account


def keep(session: Session, site: Site, vouched: Vouched, *, now: dt.datetime) -> Account:
    """The account of somebody of whom an old record speaks, made if there is none, and kept from being deleted until
    the transaction ends. What is known of them today stays.

    Raises:
        InvalidInputError: the name is not acceptable.
    """
    known = _by_identity(site, vouched).with_for_update(read=True, key_share=True, of=Account)
    account = session.scalar(known)
    return account or _make(session, site, vouched, clean_name(vouched.name, field="name"), now=now)


def _known(session: Session, site: Site, vouched: Vouched) -> Account | None:
    return session.scalar(_by_identity(site, vouched).with_for_update(of=Account))


def _by_identity(site: Site, vouched: Vouched) -> Select[Account]:
    return (
        select(Account)
        .join(SiteIdentity, SiteIdentity.account_id == Account.id)
        .where(
            SiteIdentity.site_id == site.id,
            SiteIdentity.issuer == vouched.issuer,
            SiteIdentity.subject == vouched.subject,
        )
    )


def _make(session: Session, site: Site, vouched: Vouched, name: str, *, now: dt.datetime) -> Account:
    try:
        with session.begin_nested():
            return _add(session, site, vouched, name, now=now)
    except IntegrityError:
        # The same person, in two windows at once: the other one was a moment ahead.
        found = _known(session, site, vouched)
        assert found is not None
        return found


def _add(session: Session, site: Site, vouched: Vouched, name: str, *, now: dt.datetime) -> Account:
    account = Account(
        email=None,
        email_key=None,
        display_name=name,
        password_hash=None,
        language=vouched.language,
        home_site_id=site.id,
        created_at=now,
    )
    session.add(account)
    session.flush()
    session.add(
        SiteIdentity(
            site_id=site.id,
            account_id=account.id,
            issuer=vouched.issuer,
            subject=vouched.subject,
            created_at=now,
        )
    )
    session.flush()
    return account


def _set_role(session: Session, account: Account, site: Site, role: Role) -> None:
    if role not in (Role.READER, Role.MODERATOR):
        raise InvalidInputError("role", "unknown_choice")
    if account.role == role:
        return
    # Whoever holds an old token must not find it worth more, or less, than it was (ASVS 7.2.4).
    session.execute(delete(SignInSession).where(SignInSession.account_id == account.id))
    accounts.assign_role(session, account, role, (site.id,) if role == Role.MODERATOR else ())
