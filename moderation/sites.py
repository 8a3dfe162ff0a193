"""Sites and their policies."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from moderation.errors import AlreadyExistsError, InvalidInputError, NotFoundError, OriginNotAllowedError
from moderation.models import Site, SitePolicy
from moderation.policies import Policy, stored_policy
from moderation.text.input import clean_name

log = structlog.get_logger()

_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_POLICIES = "policies"
_MOST_KNOWN = 1000
_LANGUAGES = ("de", "en")


@dataclass(frozen=True, slots=True)
class NewSite:
    key: str
    name: str
    language: str = "de"
    allowed_origins: tuple[str, ...] = ()


PolicyRow = tuple[uuid.UUID, int, dict[str, Any]]
"""Id, number and value of a row of ``SitePolicy``."""


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    id: uuid.UUID
    number: int
    policy: Policy


def create(session: Session, command: NewSite, *, policy: Policy | None = None, now: dt.datetime) -> Site:
    """
    Raises:
        InvalidInputError: key, name, language or an origin is not acceptable.
        AlreadyExistsError: the key is taken.
    """
    if not _KEY.fullmatch(command.key):
        raise InvalidInputError("key", "invalid_site_key")
    name = clean_name(command.name, field="name")
    if command.language not in _LANGUAGES:
        raise InvalidInputError("language", "unsupported_language")
    if session.scalar(select(Site.id).where(Site.key == command.key)) is not None:
        raise AlreadyExistsError("site")
    site = Site(
        key=command.key,
        name=name,
        language=command.language,
        allowed_origins=[check_origin(origin) for origin in command.allowed_origins],
        created_at=now,
    )
    session.add(site)
    session.flush()
    set_policy(session, site, policy or Policy(), actor_id=None, now=now)
    return site


def check_origin(origin: str) -> str:
    """A web origin (RFC 6454): scheme, host and port if it is not the usual one, nothing else.

    Raises:
        InvalidInputError: for field ``allowed_origins``.
    """
    if not _is_origin(origin):
        raise InvalidInputError("allowed_origins", "invalid_origin", origin=origin)
    return origin.lower()


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:  # A bracket that is not closed, say.
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and text == f"{parts.scheme}://{parts.netloc}"


def by_key(session: Session, key: str) -> Site:
    """
    Raises:
        NotFoundError: there is no such site.
    """
    site = session.scalar(_BY_KEY, {"key": key})
    if site is None:
        raise NotFoundError("site")
    return site


def keys(session: Session) -> tuple[str, ...]:
    return tuple(session.scalars(select(Site.key).order_by(Site.key)))


def names(session: Session) -> tuple[str, ...]:
    """What the sites are called: words that make a poor password here."""
    return tuple(word for row in session.execute(select(Site.key, Site.name)) for word in row)


def demand_origin(site: Site, origin: str | None) -> None:
    """Refuse a browser on a page that is not the site's. Without an origin it is no browser: its token is all it needs.

    Raises:
        OriginNotAllowedError: the origin is not on the site's list.
    """
    if origin is not None and origin not in site.allowed_origins:
        raise OriginNotAllowedError


def set_origins(site: Site, origins: Sequence[str]) -> None:
    """
    Raises:
        InvalidInputError: one of them is no origin.
    """
    site.allowed_origins = [check_origin(origin) for origin in origins]
    log.info("origins_changed", site=site.key, origins=site.allowed_origins)


def set_sign_in(
    site: Site, *, moderators_by_token: bool | None = None, staff_second_factor: bool | None = None
) -> None:
    """Say how people may sign in to a site. ``None`` leaves a setting as it is."""
    if moderators_by_token is not None:
        site.moderators_by_token = moderators_by_token
    if staff_second_factor is not None:
        site.staff_second_factor = staff_second_factor
    log.info(
        "site_sign_in_changed",
        site=site.key,
        moderators_by_token=site.moderators_by_token,
        staff_second_factor=site.staff_second_factor,
    )


def set_policy(
    session: Session, site: Site, policy: Policy, *, actor_id: uuid.UUID | None, now: dt.datetime
) -> SitePolicy:
    """Put a policy in force from now on. What was decided under an earlier one stays as it is."""
    latest = session.scalar(
        select(SitePolicy.number).where(SitePolicy.site_id == site.id).order_by(SitePolicy.number.desc()).limit(1)
    )
    row = SitePolicy(
        site_id=site.id, number=(latest or 0) + 1, policy=policy.as_json(), actor_id=actor_id, created_at=now
    )
    session.add(row)
    session.flush()
    session.info.get(_POLICIES, {}).pop(site.id, None)
    log.info("policy_changed", site=site.key, number=row.number, actor_id=str(actor_id) if actor_id else None)
    return row


def policy_of(session: Session, site_id: uuid.UUID) -> PolicyInForce:
    """The policy in force, the same one to the transaction's end. Every site has one from the start."""
    known: dict[uuid.UUID, PolicyInForce] = session.info.setdefault(_POLICIES, {})
    if site_id not in known:
        remember_policy(session, site_id, session.execute(_IN_FORCE, {"site": site_id}).one())
    return known[site_id]


def remember_policy(session: Session, site_id: uuid.UUID, row: PolicyRow) -> None:
    """Spare :func:`policy_of` its question: another query has found the policy in force."""
    policy_id, number, stored = row
    policy = _known.get(policy_id)
    if policy is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        policy = _known[policy_id] = stored_policy(stored)
    session.info.setdefault(_POLICIES, {})[site_id] = PolicyInForce(policy_id, number, policy)


# What was read once needs not be read again: a policy's row never changes.
_known: dict[uuid.UUID, Policy] = {}


# Made once: every post asks, and making a statement takes longer than running it.
_BY_KEY = select(Site).where(Site.key == bindparam("key"))
_IN_FORCE = (
    select(SitePolicy.id, SitePolicy.number, SitePolicy.policy)
    .where(SitePolicy.site_id == bindparam("site"))
    .order_by(SitePolicy.number.desc())
    .limit(1)
)
