"""Sending what the outbox holds: taken in one transaction, sent in none, marked in another."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from api.mail import Mailer
from api.services import Services
from moderation import accounts, outbox, password_changes
from moderation.models import OutboxMessage

RESET_PATH = "/account/password"


def send_due(services: Services, mailer: Mailer) -> None:
    """Send what is due. A letter is marked as sent after it was, so it may be sent twice but is never lost.

    No transaction is open while a mail server is talked to, and after one failure the others of the round wait too: a
    dead server would only fail them one by one.
    """
    now = services.clock()
    with services.database.read() as session:
        if not outbox.has_due(session, now=now):
            return
    works = True
    for letter in _take(services, now=now):
        works = works and mailer.send(letter)
        with services.database.write() as session:
            outbox.finish(session, letter.id, sent=works, now=services.clock())


def _take(services: Services, *, now: dt.datetime) -> list[OutboxMessage]:
    with services.database.write() as session:
        taken = [(letter, _link(session, letter, services, now=now)) for letter in outbox.claim(session, now=now)]
        session.flush()
        kept = [(letter, link) for letter, link in taken if letter in session]
        for letter, _ in kept:
            session.expunge(letter)
    for letter, link in kept:
        # After it left the session: a link is written into the letter, never into the database.
        letter.context = {**letter.context, **link}
    return [letter for letter, _ in kept]


def _link(session: Session, letter: OutboxMessage, services: Services, *, now: dt.datetime) -> dict[str, str]:
    """What a letter says that the database must not hold. The request for a letter to nobody is dropped here."""
    if letter.kind != "password_reset":
        return {}
    account = accounts.by_email(session, letter.recipient)
    if account is None:
        session.delete(letter)
        return {}
    letter.recipient = account.email or letter.recipient
    token = password_changes.issue(session, account, now=now)
    # Behind the hash sign a browser keeps it to itself: it reaches no server's log and no referrer (ASVS 14.2.1).
    link = f"{services.settings.base_url.rstrip('/')}{RESET_PATH}?lang={letter.language}#{token}"
    return {"display_name": account.display_name, "link": link}
