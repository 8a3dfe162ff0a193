"""The identity providers (OpenID Connect) that a site's people may sign in with: add, list, remove."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from moderation.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from moderation.models import IdentityProvider, Site
from moderation.sealing import Sealer
from moderation.text.input import clean_name

log = structlog.get_logger()

DEFAULT_SCOPES = "openid profile email"
_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_CLAIM = re.compile(r"[\w.:/-]{1,64}")
_LONGEST_CLIENT_ID = 255
_LONGEST_ISSUER = 500
_LONGEST_SCOPES = 255
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class NewProvider:
    key: str
    name: str
    issuer: str
    client_id: str
    secret: str | None = field(default=None, repr=False)
    scopes: str = DEFAULT_SCOPES
    name_claim: str | None = None
    for_readers: bool = True
    for_staff: bool = False
    links_verified_email: bool = False


@dataclass(frozen=True, slots=True)
class Provider:
    """What it takes to talk to one."""

    id: uuid.UUID
    name: str
    issuer: str
    client_id: str
    secret: str | None = field(repr=False)
    scopes: str
    name_claim: str | None


def add(session: Session, sealer: Sealer, site: Site, command: NewProvider, *, now: dt.datetime) -> IdentityProvider:
    """
    Raises:
        InvalidInputError: one of the fields is not acceptable.
        AlreadyExistsError: the site has a provider of this name.
    """
    _check(command)
    if _find(session, site, command.key) is not None:
        raise AlreadyExistsError("identity_provider")
    row = IdentityProvider(
        site_id=site.id,
        key=command.key,
        name=clean_name(command.name, field="name"),
        issuer=command.issuer,
        client_id=command.client_id,
        scopes=command.scopes,
        name_claim=command.name_claim,
        for_readers=command.for_readers,
        for_staff=command.for_staff,
        links_verified_email=command.links_verified_email,
        created_at=now,
    )
    if command.secret is not None:
        row.sealed_secret = sealer.seal(command.secret, sealing_purpose(row))
    session.add(row)
    session.flush()
    log.info("identity_provider_added", site=site.key, provider=row.key, issuer=row.issuer)
    return row


def of_site(session: Session, site_id: uuid.UUID) -> list[IdentityProvider]:
    query = select(IdentityProvider).where(IdentityProvider.site_id == site_id)
    return list(session.scalars(query.order_by(IdentityProvider.id)))


def for_staff(session: Session) -> Sequence[tuple[str, IdentityProvider]]:
    """Those that staff may sign in with, each with its site's key, in the order in which they were added."""
    query = select(Site.key, IdentityProvider).join(IdentityProvider, IdentityProvider.site_id == Site.id)
    rows = session.execute(query.where(IdentityProvider.for_staff).order_by(IdentityProvider.id)).all()
    return [(row[0], row[1]) for row in rows]


def get(session: Session, site: Site, key: str) -> IdentityProvider:
    """
    Raises:
        NotFoundError: the site has no such provider.
    """
    found = _find(session, site, key)
    if found is None:
        raise NotFoundError("identity_provider")
    return found


def get_for(session: Session, site: Site, key: str, *, staff: bool) -> IdentityProvider:
    """
    Raises:
        NotFoundError: the site has no such provider for staff, or for readers.
    """
    found = get(session, site, key)
    if not (found.for_staff if staff else found.for_readers):
        raise NotFoundError("identity_provider")
    return found


def remove(session: Session, site: Site, key: str) -> None:
    """Nobody signs in with it any more. Accounts that began with it stay, and come back if it does.

    Raises:
        NotFoundError: the site has no such provider.
    """
    session.delete(get(session, site, key))
    log.info("identity_provider_removed", site=site.key, provider=key)


def opened(sealer: Sealer, row: IdentityProvider) -> Provider:
    """
    Raises:
        UnreadableSecretError: the installation's secret key is another than when it was added.
    """
    secret = sealer.open(row.sealed_secret, sealing_purpose(row)) if row.sealed_secret is not None else None
    return Provider(row.id, row.name, row.issuer, row.client_id, secret, row.scopes, row.name_claim)


def is_safe_address(address: str) -> bool:
    """Whether what is sent there cannot be read on the way: HTTPS, or this machine itself."""
    try:
        parts = urlsplit(address)
    except ValueError:  # A bracket that is not closed, say.
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )


def _check(command: NewProvider) -> None:
    if not _KEY.fullmatch(command.key):
        raise InvalidInputError("key", "invalid_site_key")
    # An issuer identifier has no query and no fragment (OpenID Connect Discovery 1.0, section 3).
    is_bare = not {"?", "#"} & set(command.issuer)
    if not is_safe_address(command.issuer) or not is_bare or len(command.issuer) > _LONGEST_ISSUER:
        raise InvalidInputError("issuer", "invalid_issuer")
    if not 0 < len(command.client_id) <= _LONGEST_CLIENT_ID or not command.client_id.isprintable():
        raise InvalidInputError("client_id", "invalid")
    if command.secret is not None and not command.secret.strip():
        raise InvalidInputError("secret", "empty")
    words = command.scopes.split(" ")
    if "openid" not in words or not all(map(_SCOPE.fullmatch, words)) or len(command.scopes) > _LONGEST_SCOPES:
        raise InvalidInputError("scopes", "invalid_scopes")
    if command.name_claim is not None and not _CLAIM.fullmatch(command.name_claim):
        raise InvalidInputError("name_claim", "invalid")
    if command.links_verified_email and not command.for_staff:
        raise InvalidInputError("links_verified_email", "only_for_staff")


def _find(session: Session, site: Site, key: str) -> IdentityProvider | None:
    return session.scalar(
        select(IdentityProvider).where(IdentityProvider.site_id == site.id, IdentityProvider.key == key)
    )


def sealing_purpose(row: IdentityProvider) -> str:
    return f"identity_provider:{row.id}"
