from __future__ import annotations

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, UTCDateTime
from moderation.identifiers import new_id


class Role(StrEnum):
    READER = "reader"
    MODERATOR = "moderator"
    ADMIN = "admin"


class Account(Base, kw_only=True, eq=False, repr=False):
    """A person. ``email_key`` is the address as it is compared, ``email`` as it was written.

    Whom a site vouches for has no password and no ``email_key``: nobody signs in by their address, and no other
    account can be taken for theirs. ``home_site_id`` is then the only site that the account is valid on.
    """

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("role IN ('reader', 'moderator', 'admin')", name="role"),
        Index(
            "ix_account_leaving",
            "leaving",
            sqlite_where=text("leaving IS NOT NULL"),
            postgresql_where=text("leaving IS NOT NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    email: Mapped[str | None] = mapped_column(String(320))
    email_key: Mapped[str | None] = mapped_column(String(320), unique=True)
    display_name: Mapped[str] = mapped_column(String(80))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16), default=Role.READER)
    language: Mapped[str] = mapped_column(String(8), default="de")
    home_site_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"), default=None)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    unconfirmed: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Nobody has shown yet that the address is theirs. Until then the account's comments wait."""
    leaving: Mapped[str | None] = mapped_column(String(8), default=None)
    """The account is being deleted: what is to become of its comments (``moderation.erasure.Fate``)."""


class ModeratedSite(Base, kw_only=True, eq=False, repr=False):
    """Says that a moderator works for a site."""

    __tablename__ = "moderated_site"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"), primary_key=True)
