"""Keys with which other servers ask for scores on a site's behalf."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from moderation import sites
from moderation.errors import NotFoundError
from moderation.models import ApiKey, Site
from moderation.text.input import clean_name

_BYTES = 32
_HINT = 8
_TOUCH_EVERY = dt.timedelta(hours=1)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class NewKey:
    """The only time that a key is seen."""

    key: str
    stored: ApiKey


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """On whose behalf a valid key asks."""

    key_id: uuid.UUID
    site_id: uuid.UUID
    site_language: str
    holds_uncovered: bool
    needs_touch: bool


def create(session: Session, site_key: str, name: str, *, holds_uncovered: bool, now: dt.datetime) -> NewKey:
    """
    Raises:
        NotFoundError: there is no such site.
        InvalidInputError: the name is not acceptable.
    """
    site = sites.by_key(session, site_key)
    key = "vorab_" + secrets.token_urlsafe(_BYTES)
    stored = ApiKey(
        site_id=site.id,
        name=clean_name(name, field="name"),
        key_hash=_hash(key),
        hint=key[: _HINT + len("vorab_")],
        holds_uncovered=holds_uncovered,
        created_at=now,
    )
    session.add(stored)
    session.flush()
    log.info("api_key_created", key_id=str(stored.id), site=site.key)
    return NewKey(key, stored)


def listed(session: Session, site_key: str | None = None) -> Sequence[tuple[ApiKey, Site]]:
    """All keys, or those of one site, with their sites, oldest first.

    Raises:
        NotFoundError: there is no such site.
    """
    query = select(ApiKey, Site).join(Site, Site.id == ApiKey.site_id).order_by(ApiKey.id)
    if site_key is not None:
        query = query.where(ApiKey.site_id == sites.by_key(session, site_key).id)
    return [(key, site) for key, site in session.execute(query)]


def revoke(session: Session, key_id: uuid.UUID, *, now: dt.datetime) -> ApiKey:
    """End a key for good. One that was revoked before stays as it is.

    Raises:
        NotFoundError: there is no such key.
    """
    key = session.get(ApiKey, key_id)
    if key is None:
        raise NotFoundError("api_key")
    key.revoked_at = key.revoked_at or now
    log.info("api_key_revoked", key_id=str(key.id))
    return key


def holder_of(session: Session, key: str, *, now: dt.datetime) -> KeyHolder | None:
    """Whose key this is; ``None`` for one that does not exist or was revoked."""
    query = (
        select(ApiKey, Site.language)
        .join(Site, Site.id == ApiKey.site_id)
        .where(ApiKey.key_hash == _hash(key), ApiKey.revoked_at.is_(None))
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    stored, language = found
    needs_touch = stored.last_used_at is None or stored.last_used_at <= now - _TOUCH_EVERY
    return KeyHolder(stored.id, stored.site_id, language, stored.holds_uncovered, needs_touch)


def touch(session: Session, key_id: uuid.UUID, *, now: dt.datetime) -> None:
    """Note that the key was used, once an hour."""
    session.execute(
        update(ApiKey)
        .where(ApiKey.id == key_id, or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - _TOUCH_EVERY))
        .values(last_used_at=now)
    )


def _hash(key: str) -> str:
    # A key has 256 random bits: there is nothing to guess that a slow hash would have to slow down.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
