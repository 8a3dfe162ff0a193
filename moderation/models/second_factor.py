from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, UTCDateTime
from moderation.identifiers import new_id


class SecondFactor(Base, kw_only=True, eq=False, repr=False):
    """An app that makes codes (TOTP, RFC 6238). It counts once its holder has shown that it works.

    The seed is sealed (``moderation.sealing``): it must be read to check a code.
    """

    __tablename__ = "second_factor"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    sealed_seed: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)
    last_step: Mapped[int | None] = mapped_column(default=None)
    """The half minute of the latest code that was used: neither it nor an earlier one is good again."""


class RecoveryCode(Base, kw_only=True, eq=False, repr=False):
    """A way in without the app, once: the row goes with its use. Of its 120 random bits only the SHA-256 is kept."""

    __tablename__ = "recovery_code"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Passkey(Base, kw_only=True, eq=False, repr=False):
    """A key pair in a device or a password manager (WebAuthn), of which we have the public half. It counts at once.

    ``credential_id`` and ``public_key`` (COSE) are base64url. ``sign_count`` is how often the device says that it was
    used: a copy of it would say less. Keys that are kept in several devices say 0 always.
    """

    __tablename__ = "passkey"
    __table_args__ = (Index(None, "account_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[str] = mapped_column(Text)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    last_used_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)


class PasskeyChallenge(Base, kw_only=True, eq=False, repr=False):
    """What a passkey is asked to sign, once and soon. The row goes with the first answer, right or wrong."""

    __tablename__ = "passkey_challenge"
    __table_args__ = (Index(None, "account_id"), Index(None, "expires_at"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(8))
    challenge: Mapped[str] = mapped_column(String(86))
    expires_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
