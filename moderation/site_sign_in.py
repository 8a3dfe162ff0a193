"""A site's own users sign in: its server signs who they are, and that is exchanged for a session here."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass

import structlog
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from moderation import sessions, site_accounts, site_keys, site_tokens, sites
from moderation.errors import SiteRoleNotAllowedError, SiteTokenReplayedError
from moderation.models import Role, UsedSiteToken
from moderation.sealing import Sealer
from moderation.sessions import Lifetimes, SignedIn
from moderation.site_accounts import SITE_ISSUER, Vouched

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Exchange:
    site: str
    token: str
    base_url: str
    """Where this installation is reached; a token for another one is refused."""
    origin: str | None = None
    """Of the page that asks; ``None`` if no browser does."""
    device: str | None = None


def audience(base_url: str, site_key: str) -> str:
    """Whom a site's token must name as its audience (``aud``)."""
    return f"{base_url.rstrip('/')}/sites/{site_key}"


def exchange(
    session: Session, sealer: Sealer, command: Exchange, *, lifetimes: Lifetimes, now: dt.datetime
) -> SignedIn:
    """Begin a session for the person that a site's token names.

    Raises:
        NotFoundError: there is no such site.
        OriginNotAllowedError: the page is not the site's.
        SiteTokenError: the token is refused; its kinds say why.
        InvalidInputError: the name or the address in it is not acceptable.
    """
    site = sites.by_key(session, command.site)
    sites.demand_origin(site, command.origin)
    keys = site_keys.valid(session, sealer, site)
    statement = site_tokens.verify(command.token, keys, audience(command.base_url, site.key), now=now)
    if statement.role == Role.MODERATOR and not site.moderators_by_token:
        raise SiteRoleNotAllowedError
    if not use_once(session, site.id, statement.token_id, until=statement.expires_at):
        raise SiteTokenReplayedError
    vouched = Vouched(
        issuer=SITE_ISSUER,
        subject=statement.subject,
        name=statement.name,
        email=statement.email,
        role=Role(statement.role),
        language=site.language,
    )
    account = site_accounts.settle(session, site, vouched, now=now)
    log.info("signed_in_by_site", site=site.key, account_id=str(account.id), role=account.role)
    return sessions.begin(session, account, device=command.device, lifetimes=lifetimes, now=now)


def forget_used_tokens(session: Session, *, now: dt.datetime) -> None:
    """Forget tokens that nobody would accept any more."""
    session.execute(delete(UsedSiteToken).where(UsedSiteToken.expires_at <= now))


def use_once(session: Session, site_id: uuid.UUID, token_id: str, *, until: dt.datetime) -> bool:
    """Whether this is the first time. It is remembered for as long as anybody would accept the token."""
    hashed = hashlib.sha256(token_id.encode()).hexdigest()
    try:
        with session.begin_nested():
            session.add(UsedSiteToken(site_id=site_id, jti_hash=hashed, expires_at=until))
    except IntegrityError:
        return False
    return True
