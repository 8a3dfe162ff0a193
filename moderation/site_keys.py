"""The keys that sites sign their readers' tokens with: add, list, retire.

Several are valid at once, which is how a key is changed without a gap: add the new one, let the site sign with it,
retire the old one.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from moderation import site_tokens
from moderation.errors import AlreadyExistsError, InvalidInputError, NotFoundError, UnreadableSecretError
from moderation.models import Site, SiteKey
from moderation.sealing import Sealer
from moderation.site_tokens import Algorithm, VerificationKey

log = structlog.get_logger()

_KID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class AddedKey:
    key: SiteKey
    secret: str | None
    """A shared secret, told this once."""


def add_shared(
    session: Session, sealer: Sealer, site: Site, kid: str | None, *, secret: str | None = None, now: dt.datetime
) -> AddedKey:
    """A shared secret for HS256: a new one of 256 random bits, or one that the site has already.

    Raises:
        InvalidInputError: the kid is none, or the secret has fewer than 32 bytes.
        AlreadyExistsError: the site has a key of this name.
    """
    chosen = secret or secrets.token_urlsafe(_SECRET_BYTES)
    site_tokens.check_secret(chosen)
    row = SiteKey(site_id=site.id, kid=kid or _new_kid(now), algorithm="HS256", created_at=now)
    row.sealed_secret = sealer.seal(chosen, sealing_purpose(row))
    return AddedKey(_add(session, site, row), chosen)


def add_public(
    session: Session, site: Site, kid: str | None, algorithm: Algorithm, pem: str, *, now: dt.datetime
) -> AddedKey:
    """A public key in PEM; the site keeps the private one.

    Raises:
        InvalidInputError: the kid is none; or the key is no public key for this algorithm, or a weak one.
        AlreadyExistsError: the site has a key of this name.
    """
    site_tokens.check_public_key(algorithm, pem)
    row = SiteKey(site_id=site.id, kid=kid or _new_kid(now), algorithm=algorithm, public_key=pem, created_at=now)
    return AddedKey(_add(session, site, row), None)


def of_site(session: Session, site: Site) -> list[SiteKey]:
    """All keys, retired ones too, oldest first."""
    return list(session.scalars(select(SiteKey).where(SiteKey.site_id == site.id).order_by(SiteKey.id)))


def retire(session: Session, site: Site, kid: str, *, now: dt.datetime) -> SiteKey:
    """Accept nothing signed with this key from now on. Sessions that began with it go on.

    Raises:
        NotFoundError: the site has no such key.
    """
    row = session.scalar(select(SiteKey).where(SiteKey.site_id == site.id, SiteKey.kid == kid))
    if row is None:
        raise NotFoundError("site_key")
    row.retired_at = row.retired_at or now
    log.info("site_key_retired", site=site.key, kid=kid)
    return row


def valid(session: Session, sealer: Sealer, site: Site) -> Mapping[str, VerificationKey]:
    """The keys that are not retired, by kid. One that cannot be read any more is left out, and the log says so."""
    rows = session.scalars(select(SiteKey).where(SiteKey.site_id == site.id, SiteKey.retired_at.is_(None)))
    found = {row.kid: _readable(sealer, row, site) for row in rows}
    return {kid: key for kid, key in found.items() if key is not None}


def _readable(sealer: Sealer, row: SiteKey, site: Site) -> VerificationKey | None:
    algorithm = cast(Algorithm, row.algorithm)
    if row.sealed_secret is None:
        return VerificationKey(algorithm, row.public_key or "")
    try:
        return VerificationKey(algorithm, sealer.open(row.sealed_secret, sealing_purpose(row)))
    except UnreadableSecretError:
        log.error("site_key_unreadable", site=site.key, kid=row.kid)
        return None


def _add(session: Session, site: Site, row: SiteKey) -> SiteKey:
    if not _KID.fullmatch(row.kid):
        raise InvalidInputError("kid", "invalid_kid")
    if session.scalar(select(SiteKey.id).where(SiteKey.site_id == site.id, SiteKey.kid == row.kid)) is not None:
        raise AlreadyExistsError("site_key")
    session.add(row)
    session.flush()
    log.info("site_key_added", site=site.key, kid=row.kid, algorithm=row.algorithm)
    return row


def _new_kid(now: dt.datetime) -> str:
    return f"{now:%Y-%m-%d}-{secrets.token_hex(3)}"


def sealing_purpose(row: SiteKey) -> str:
    return f"site_key:{row.id}"
