from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, UTCDateTime


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
