"""Sending what the outbox holds: taken in one transaction, sent in none, marked in another."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from api import appeal_texts
from api.mail import Mailer
from api.services import Services
from moderation import accounts, addresses, appeal_records, outbox, password_changes
from moderation.models import Account, Appeal, Article, Comment, Decision, OutboxMessage, Site

RESET_PATH = "/account/password"
CONFIRMATION_PATH = "/account/address"


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
        taken = [(letter, _fill_in(session, letter, services, now=now)) for letter in outbox.claim(session, now=now)]
        session.flush()
        kept = [(letter, filled) for letter, filled in taken if filled is not None and letter in session]
        for letter, _ in kept:
            session.expunge(letter)
    for letter, filled in kept:
        # After it left the session: a link is written into the letter, never into the database.
        letter.kind = filled.kind
        letter.language = filled.language
        letter.context = {**letter.context, **filled.context}
    return [letter for letter, _ in kept]


@dataclass(frozen=True, slots=True)
class _Filled:
    """What a letter says that the database must not hold: it is known when the letter is sent, and not before."""

    kind: str
    language: str
    context: dict[str, Any] = field(default_factory=dict)


def _fill_in(session: Session, letter: OutboxMessage, services: Services, *, now: dt.datetime) -> _Filled | None:
    """A letter that nobody is to get any more is dropped here. ``None``: it is not to be sent yet."""
    as_it_is = _Filled(letter.kind, letter.language)
    if letter.kind in (appeal_records.GRANTED_LETTER, appeal_records.DENIED_LETTER):
        return _about_appeal(session, letter, services, now=now)
    if letter.kind not in _LINKED:
        return as_it_is
    path, issue = _LINKED[letter.kind]
    issued = issue(session, letter, now)
    if issued is None:
        session.delete(letter)
        return as_it_is
    if isinstance(issued, _Filled):
        return issued
    account, token = issued
    # Behind the hash sign a browser keeps it to itself: it reaches no server's log and no referrer (ASVS 14.2.1).
    salutation = outbox.salutation(account)
    # The page behind the link cannot tell whose the token is, but is to speak as the letter does.
    manner = "&formal=1" if salutation.get("formal") else ""
    link = f"{services.settings.base_url.rstrip('/')}{path}?lang={letter.language}{manner}#{token}"
    return _Filled(letter.kind, letter.language, {**salutation, "link": link})


def _about_appeal(session: Session, letter: OutboxMessage, services: Services, *, now: dt.datetime) -> _Filled | None:
    """Not before the moderator can no longer take the decision back; and not at all if they did, or if somebody has
    decided otherwise since: a letter must not say what is no longer so."""
    appeal = session.get(Appeal, uuid.UUID(letter.context["appeal_id"]))
    decision = session.get(Decision, uuid.UUID(letter.context["decision_id"]))
    account = session.get(Account, letter.account_id)
    if appeal is None or decision is None or account is None or appeal.decision_id != decision.id:
        session.delete(letter)
        return None
    final_at = decision.decided_at + services.settings.undo_window
    if now < final_at:
        letter.due_at = final_at
        letter.attempts -= 1
        return None
    comment = session.get_one(Comment, appeal.comment_id)
    if comment.status != decision.to_status:
        session.delete(letter)
        return None
    article = session.get_one(Article, comment.article_id)
    site = session.get_one(Site, comment.site_id)
    told = appeal_texts.in_letter(decision, article, letter.language)
    return _Filled(letter.kind, letter.language, {**outbox.salutation(account), "site_name": site.name, **told})


def _for_reset(session: Session, letter: OutboxMessage, now: dt.datetime) -> _Issued:
    """Whether the address is somebody's is seen here, where nobody who asked can."""
    account = accounts.by_email(session, letter.recipient)
    if account is None:
        return None
    # From here on it is about somebody: in the spelling that they chose, and among what is stored about them.
    letter.recipient = account.email or letter.recipient
    letter.account_id = account.id
    return account, password_changes.issue(session, account, now=now)


def _for_confirmation(session: Session, letter: OutboxMessage, now: dt.datetime) -> _Issued:
    account = session.get(Account, letter.account_id)
    if account is None or not account.unconfirmed or account.email != letter.recipient:
        return None
    return account, addresses.issue(session, account.id, letter.recipient, now=now)


def _for_change(session: Session, letter: OutboxMessage, now: dt.datetime) -> _Issued:
    """If the address is somebody's, they are told. Nothing that is stored says which of the two letters it was: the
    one who asked could find it in what is stored about them."""
    account = session.get(Account, letter.account_id)
    if account is None or account.leaving is not None:
        return None
    asked_in = uuid.UUID(letter.context["session_id"])
    token = addresses.issue(session, account.id, letter.recipient, now=now, session_id=asked_in)
    owner = accounts.by_email(session, letter.recipient)
    if owner is None:
        return account, token
    return _Filled("address_change_taken", owner.language, {"formal": False, **outbox.salutation(owner)})


_Issued = tuple[Account, str] | _Filled | None
_Issue = Callable[[Session, OutboxMessage, dt.datetime], _Issued]
_LINKED: dict[str, tuple[str, _Issue]] = {
    "password_reset": (RESET_PATH, _for_reset),
    outbox.RESET_DEMANDED: (RESET_PATH, _for_reset),
    outbox.ADDRESS_CONFIRMATION: (CONFIRMATION_PATH, _for_confirmation),
    outbox.ADDRESS_CHANGE: (CONFIRMATION_PATH, _for_change),
}
"""Letters with a link: the page that it leads to, and who gets which token."""
