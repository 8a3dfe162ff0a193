from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, UTCDateTime
from moderation.identifiers import new_id


class SignInSession(Base, kw_only=True, eq=False, repr=False):
    """One sign-in. Only the SHA-256 of its token is kept: whoever reads the table cannot sign in with it.

    ``device`` says roughly with what, so that people recognise their own sessions: "Firefox, Windows". No address.
    """

    __tablename__ = "sign_in_session"
    __table_args__ = (Index(None, "account_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    device: Mapped[str | None] = mapped_column(String(80), default=None)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    last_used_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    second_factor_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)
    """When a second factor was shown in it; empty if none was."""


class AddressConfirmation(Base, kw_only=True, eq=False, repr=False):
    """An address that a letter was sent to, and what its link shows. Of its token only the SHA-256 is kept."""

    __tablename__ = "address_confirmation"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    email: Mapped[str] = mapped_column(String(320))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    session_id: Mapped[uuid.UUID | None] = mapped_column(default=None)
    """Which session asked for another address; it is the one that the change does not end."""
    expires_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class PasswordReset(Base, kw_only=True, eq=False, repr=False):
    """The right to choose a new password, once. Of its token only the SHA-256 is kept; a newer one replaces it."""

    __tablename__ = "password_reset"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
