"""How a site's own users come in: keys that its tokens are checked with, tokens that were used, who is who."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, UTCDateTime
from moderation.identifiers import new_id


class SiteKey(Base, kw_only=True, eq=False, repr=False):
    """A key that a site signs its readers' tokens with. ``kid`` is what a token's header names.

    A shared secret is sealed (``moderation.sealing``): it must be read to check a signature. A public key is no secret.
    """

    __tablename__ = "site_key"
    __table_args__ = (
        UniqueConstraint("site_id", "kid"),
        CheckConstraint("algorithm IN ('HS256', 'RS256', 'ES256', 'EdDSA')", name="algorithm"),
        CheckConstraint("(sealed_secret IS NULL) <> (public_key IS NULL)", name="one_of_two"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    site_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    kid: Mapped[str] = mapped_column(String(64))
    algorithm: Mapped[str] = mapped_column(String(16))
    sealed_secret: Mapped[str | None] = mapped_column(Text, default=None)
    public_key: Mapped[str | None] = mapped_column(Text, default=None)
    """PEM (SubjectPublicKeyInfo)."""
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    retired_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)


class UsedSiteToken(Base, kw_only=True, eq=False, repr=False):
    """A token that was exchanged, remembered until nobody would accept it any more in any case."""

    __tablename__ = "used_site_token"
    __table_args__ = (Index(None, "expires_at"),)

    site_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"), primary_key=True)
    jti_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class SiteIdentity(Base, kw_only=True, eq=False, repr=False):
    """Whom a site, or an identity provider that it uses, calls ``subject``: one account here, for this site only.

    ``issuer`` is ``site`` for the site's own tokens, else the provider's issuer identifier.
    """

    __tablename__ = "site_identity"
    __table_args__ = (UniqueConstraint("site_id", "issuer", "subject"), Index(None, "account_id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    site_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class IdentityProvider(Base, kw_only=True, eq=False, repr=False):
    """A provider of identities (OpenID Connect) that a site's people may sign in with.

    ``key`` is its short name in addresses, ``name`` what the button says. The client's secret is sealed
    (``moderation.sealing``): it must be read to be shown to the provider. A public client has none.
    """

    __tablename__ = "identity_provider"
    __table_args__ = (UniqueConstraint("site_id", "key"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    site_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80))
    issuer: Mapped[str] = mapped_column(String(500))
    client_id: Mapped[str] = mapped_column(String(255))
    sealed_secret: Mapped[str | None] = mapped_column(Text, default=None)
    scopes: Mapped[str] = mapped_column(String(255))
    name_claim: Mapped[str | None] = mapped_column(String(64), default=None)
    """Which claim is the name that readers see; without one, a pseudonym goes before a real name."""
    for_readers: Mapped[bool] = mapped_column(default=True)
    for_staff: Mapped[bool] = mapped_column(default=False)
    links_verified_email: Mapped[bool] = mapped_column(default=False)
    """Whether a moderator of this site alone is known by an address that the provider has verified."""
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class StaffIdentity(Base, kw_only=True, eq=False, repr=False):
    """As whom a provider knows somebody who has a staff account. It leads to that account and makes nobody staff."""

    __tablename__ = "staff_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"), Index(None, "account_id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str] = mapped_column(String(255))
    provider_name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
