"""People sign in with a provider of identities (OpenID Connect): readers of a site, and staff who exist already.

A reader's account belongs to (site, issuer, subject), as with a site's own tokens, and never to an address. Staff are
known by (issuer, subject) once they have said so themselves, signed in; or, where a site's operator allows it, by an
address that the provider has verified, and then only moderators of that one site. Nobody becomes staff here.
"""

from __future__ import annotations

import datetime as dt
import uuid

import structlog
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from moderation import accounts, outbox, second_factor, sessions, site_accounts, site_sign_in, sites
from moderation.actors import Actor
from moderation.db import Database
from moderation.errors import (
    AlreadyExistsError,
    NoStaffAccountError,
    NotFoundError,
    ProviderSignInLostError,
    SecondFactorRequiredError,
)
from moderation.handovers import Handover, Purpose
from moderation.models import Account, IdentityProvider, ModeratedSite, Role, Site, StaffIdentity
from moderation.proofs import Checker, Proof
from moderation.sessions import Guard, Lifetimes, SignedIn
from moderation.site_accounts import Vouched

log = structlog.get_logger()


def sign_in_reader(
    session: Session,
    handover: Handover,
    *,
    origin: str | None,
    device: str | None,
    lifetimes: Lifetimes,
    now: dt.datetime,
) -> SignedIn:
    """Begin a reader's session on the site of the provider; at the first visit, make the account.

    Raises:
        ProviderSignInLostError: it was for something else, or used, or the provider is no longer the site's.
        OriginNotAllowedError: the page is not the site's.
        InvalidInputError: the name is not acceptable.
    """
    provider, site = _take(session, handover, "section")
    sites.demand_origin(site, origin)
    if not provider.for_readers:
        raise ProviderSignInLostError
    vouched = Vouched(
        issuer=provider.issuer,
        subject=handover.subject,
        name=handover.name or "",
        email=handover.email,
        language=site.language,
    )
    account = site_accounts.settle(session, site, vouched, now=now)
    log.info("signed_in_by_provider", site=site.key, provider=provider.key, account_id=str(account.id))
    return sessions.begin(session, account, device=device, lifetimes=lifetimes, now=now)


def demand_staff(session: Session, handover: Handover) -> Account:
    """The staff account that this person has.

    Raises:
        NoStaffAccountError: none; or it is a reader's by now.
        ProviderSignInLostError: it was for something else, or the provider is for staff no longer.
    """
    provider, site = _provider(session, handover, "desk")
    account = _linked(session, provider, handover) or _by_verified_email(session, provider, site, handover)
    if account is None or account.role == Role.READER or account.leaving is not None:
        log.warning("staff_sign_in_refused", provider=provider.key, issuer=provider.issuer)
        raise NoStaffAccountError
    return account


def sign_in_staff(
    database: Database,
    checker: Checker,
    handover: Handover,
    *,
    proof: Proof,
    guard: Guard,
    device: str | None,
    lifetimes: Lifetimes,
    now: dt.datetime,
) -> SignedIn:
    """Begin a session at the desk. The provider stands for the password alone: a second factor is asked for as ever.

    Raises:
        NoStaffAccountError, ProviderSignInLostError: as :func:`demand_staff`.
        SecondFactorRequiredError: the account has one, and nothing of it was shown.
        WrongCodeError, PasskeyRefusedError: what was shown is not right.
        RateLimitedError, LimiterUnavailableError: too many tries.
    """
    with database.read() as session:
        known = demand_staff(session, handover)
        needs_proof = second_factor.is_on(session, known.id)
    if needs_proof and proof.is_empty:
        raise SecondFactorRequiredError
    guard.limiter.take(*guard.slots, now=now)
    presented = checker.present(database, known.id, proof, now=now) if needs_proof else None
    with database.write() as session:
        account = demand_staff(session, handover)
        _take(session, handover, "desk")
        if presented is not None:
            checker.demand(session, account, presented, now=now)
        _remember(session, account, handover, now=now)
        signed_in = sessions.begin(
            session,
            account,
            device=device,
            lifetimes=lifetimes,
            now=now,
            second_factor_at=now if needs_proof else None,
        )
    guard.limiter.give_back(*guard.slots)
    log.info("signed_in_by_provider", account_id=str(signed_in.account.id))
    return signed_in


def link(session: Session, account: Account, handover: Handover, *, now: dt.datetime) -> StaffIdentity:
    """Say that the person the provider signed in is the holder of this account. They get a letter.

    Raises:
        NoStaffAccountError: the account is a reader's.
        AlreadyExistsError: the identity is linked to an account.
        ProviderSignInLostError: as :func:`demand_staff`.
    """
    if account.role == Role.READER:
        raise NoStaffAccountError
    provider, _ = _take(session, handover, "link")
    if _linked(session, provider, handover) is not None:
        raise AlreadyExistsError("identity")
    return _link(session, account, provider, handover, now=now)


def linked(session: Session, account_id: uuid.UUID) -> list[StaffIdentity]:
    query = select(StaffIdentity).where(StaffIdentity.account_id == account_id)
    return list(session.scalars(query.order_by(StaffIdentity.id)))


def unlink(session: Session, identity_id: uuid.UUID, *, actor: Actor) -> None:
    """
    Raises:
        NotFoundError: the actor's account has no such link.
    """
    ended = session.execute(
        delete(StaffIdentity)
        .where(StaffIdentity.id == identity_id, StaffIdentity.account_id == actor.account_id)
        .returning(StaffIdentity.id)
    ).one_or_none()
    if ended is None:
        raise NotFoundError("identity")
    log.info("identity_unlinked", account_id=str(actor.account_id))


def _take(session: Session, handover: Handover, purpose: Purpose) -> tuple[IdentityProvider, Site]:
    """Use the handover up: of two who present it at once, one comes too late."""
    provider, site = _provider(session, handover, purpose)
    if not site_sign_in.use_once(session, site.id, f"handover:{handover.id}", until=handover.expires_at):
        raise ProviderSignInLostError
    return provider, site


def _provider(session: Session, handover: Handover, purpose: Purpose) -> tuple[IdentityProvider, Site]:
    provider = session.get(IdentityProvider, handover.provider_id)
    if handover.purpose != purpose or provider is None or (purpose != "section" and not provider.for_staff):
        raise ProviderSignInLostError
    site = session.get(Site, provider.site_id)
    assert site is not None
    return provider, site


def _linked(session: Session, provider: IdentityProvider, handover: Handover) -> Account | None:
    return session.scalar(
        select(Account)
        .join(StaffIdentity, StaffIdentity.account_id == Account.id)
        .where(StaffIdentity.issuer == provider.issuer, StaffIdentity.subject == handover.subject)
    )


def _by_verified_email(session: Session, provider: IdentityProvider, site: Site, handover: Handover) -> Account | None:
    """A moderator of this site and no other: whoever runs a site's provider must not reach what is not the site's."""
    if not provider.links_verified_email or handover.email is None:
        return None
    account = accounts.by_email(session, handover.email)
    if account is None or account.role != Role.MODERATOR:
        return None
    moderated = set(session.scalars(select(ModeratedSite.site_id).where(ModeratedSite.account_id == account.id)))
    return account if moderated == {site.id} else None


def _remember(session: Session, account: Account, handover: Handover, *, now: dt.datetime) -> None:
    """After a sign-in by address, know the person by their number: addresses change hands."""
    provider, _ = _provider(session, handover, "desk")
    if _linked(session, provider, handover) is None:
        _link(session, account, provider, handover, now=now)


def _link(
    session: Session, account: Account, provider: IdentityProvider, handover: Handover, *, now: dt.datetime
) -> StaffIdentity:
    row = StaffIdentity(
        account_id=account.id,
        issuer=provider.issuer,
        subject=handover.subject,
        provider_name=provider.name,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise AlreadyExistsError("identity") from error
    outbox.promise(session, "identity_linked", account, now=now, provider=provider.name)
    log.info("identity_linked", account_id=str(account.id), provider=provider.key)
    return row
