"""Letters are promised in the transaction that they tell of, and sent after it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from moderation.models import Account, OutboxMessage, Role

_LONGEST_PAUSE_S = 3600
_GIVE_UP_AFTER = dt.timedelta(days=3)
_KEEP_SENT = dt.timedelta(days=30)
ADDRESS_CONFIRMATION = "address_confirmation"
"""The letter to the address that somebody registered with. Its link confirms it."""
ADDRESS_CHANGE = "address_change"
"""The letter to the address that an account is to have."""
RESET_DEMANDED = "password_reset_demanded"
_GOODBYE = "account_deleted"
CLAIM = dt.timedelta(minutes=10)


def promise(
    session: Session, kind: str, account: Account, *, now: dt.datetime, to: str | None = None, **context: Any
) -> None:
    """Store a letter to an account's holder, if they have an address. ``context`` is plain JSON that its text needs.

    ``to`` is another address than the account's.
    """
    recipient = to or account.email
    if recipient is None:
        return
    session.add(
        OutboxMessage(
            kind=kind,
            recipient=recipient,
            language=account.language,
            context={**salutation(account), **context},
            created_at=now,
            due_at=now,
            account_id=account.id,
        )
    )


def salutation(account: Account) -> dict[str, Any]:
    """How a letter speaks to somebody: by name, and to staff formally, in languages that know the difference."""
    name = {"display_name": account.display_name}
    return name if account.role == Role.READER else {**name, "formal": True}


def say_goodbye(session: Session, account: Account, *, now: dt.datetime) -> None:
    """A last letter to somebody whose account is gone. It is forgotten as soon as it is sent."""
    if account.email is not None:
        promise_to(session, _GOODBYE, account.email, account.language, now=now, **salutation(account))


def has_due(session: Session, *, now: dt.datetime) -> bool:
    waiting = select(OutboxMessage.id).where(OutboxMessage.sent_at.is_(None), OutboxMessage.due_at <= now)
    return session.scalar(waiting.limit(1)) is not None


def promise_to(session: Session, kind: str, recipient: str, language: str, *, now: dt.datetime, **context: Any) -> None:
    """Store a letter to an address that may be nobody's. Whether it is somebody's is seen when it is to be sent."""
    session.add(
        OutboxMessage(kind=kind, recipient=recipient, language=language, context=context, created_at=now, due_at=now)
    )


def claim(session: Session, *, now: dt.datetime, limit: int = 20) -> list[OutboxMessage]:
    """Take the letters to send now, oldest first, and those of one moment in the order in which they were promised.

    Whoever takes them has a while; then another process may.
    """
    statement = (
        select(OutboxMessage)
        .where(OutboxMessage.sent_at.is_(None), OutboxMessage.due_at <= now)
        .order_by(OutboxMessage.due_at, OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = list(session.scalars(statement))
    for message in taken:
        message.attempts += 1
        message.due_at = now + CLAIM
    return taken


def finish(session: Session, message_id: uuid.UUID, *, sent: bool, now: dt.datetime) -> None:
    """Note that a letter was sent, or try again later, and later still the more often it failed; in the end, never."""
    message = session.get(OutboxMessage, message_id)
    if message is None:
        return
    if (sent and message.kind == _GOODBYE) or (not sent and now - message.created_at > _GIVE_UP_AFTER):
        session.delete(message)
    elif sent:
        message.sent_at = now
    else:
        message.due_at = now + dt.timedelta(seconds=min(_LONGEST_PAUSE_S, 2**message.attempts))


def about(account: Account) -> ColumnElement[bool]:
    """The letters to an account's holder. Those to an address are theirs only if they sign in with that address:
    whoever a site vouches for may bear an address that is somebody else's."""
    if account.email_key is None:
        return OutboxMessage.account_id == account.id
    return (OutboxMessage.account_id == account.id) | (func.lower(OutboxMessage.recipient) == account.email_key)


def forget_about(session: Session, account: Account) -> None:
    session.execute(delete(OutboxMessage).where(about(account)))


def forget_sent(session: Session, *, now: dt.datetime) -> None:
    """Nobody needs a letter that was sent a month ago."""
    session.execute(delete(OutboxMessage).where(OutboxMessage.sent_at <= now - _KEEP_SENT))
