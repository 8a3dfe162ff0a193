"""What moderators do about an author: warn, pre-moderate, suspend, ban, take that back. It all stays on record."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import structlog
from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from moderation import accounts, outbox, sessions, standings
from moderation.actors import Actor
from moderation.errors import InvalidInputError, NotFoundError, NotSanctionableError, SanctionOverError
from moderation.models import Account, Comment, ModeratedSite, Role, Sanction, SanctionKind, Site
from moderation.standings import SiteStanding
from moderation.text.input import clean

log = structlog.get_logger()

KINDS = (SanctionKind.WARNING, SanctionKind.PREMODERATION, SanctionKind.SUSPENSION, SanctionKind.BAN)
REASONS = ("insult", "hate", "threat", "spam", "off_topic", "personal_data", "illegal", "repeated", "other")
_NOTE_LENGTH = 2000
_LONGEST = dt.timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody who has written on a site, and that site."""

    account: Account
    site: Site


@dataclass(frozen=True, slots=True)
class NewSanction:
    """``until`` is for suspensions, which need it, and for pre-moderation, which may have it."""

    kind: SanctionKind
    reason: str
    note: str | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A sanction with who imposed it, what ended it, and who did."""

    sanction: Sanction
    actor: str | None
    ending: Sanction | None
    ended_by: str | None


def author_of(session: Session, site_key: str, account_id: uuid.UUID, *, actor: Actor, lock: bool = False) -> Author:
    """An author of a site that the actor moderates. With ``lock``, nobody else changes what concerns them meanwhile.

    Raises:
        ForbiddenError: the actor is a reader.
        NotFoundError: the site does not exist or is another's, or nobody of this number has written there.
    """
    actor.demand_staff()
    site = session.scalar(select(Site).where(Site.key == site_key))
    if site is None or not actor.may_moderate(site.id):
        raise NotFoundError("site")
    account = session.get(Account, account_id, with_for_update=lock)
    has_written = exists().where(Comment.author_id == account_id, Comment.site_id == site.id)
    is_there = account is not None and account.id != accounts.NOBODY and account.leaving is None
    if account is None or not is_there or not session.scalar(select(has_written)):
        raise NotFoundError("author")
    return Author(account, site)


def impose(
    session: Session, author: Author, wish: NewSanction, *, actor_id: uuid.UUID | None, now: dt.datetime
) -> Sanction:
    """Put a sanction in force, in place of one of the same kind. A ban ends every session of the account.

    Raises:
        NotSanctionableError: the author is staff.
        InvalidInputError: reason, note or date is not acceptable.
    """
    _demand_reader(session, author)
    _check(wish, now=now)
    for earlier in standings.of(session, author.account.id, author.site.id, now=now).sanctions:
        if earlier.kind == wish.kind and wish.kind != SanctionKind.WARNING:
            _end(session, earlier, SanctionKind.LIFT, actor_id=actor_id, now=now)
    made = Sanction(
        account_id=author.account.id,
        site_id=author.site.id,
        kind=wish.kind,
        reason=wish.reason,
        note=_note(wish.note),
        until=wish.until,
        actor_id=actor_id,
        created_at=now,
    )
    session.add(made)
    session.flush()
    if wish.kind == SanctionKind.BAN:
        sessions.end_all(session, author.account.id)
    _tell(session, author, made, f"sanction_{wish.kind}", now=now)
    _log("sanction_imposed", made)
    return made


def lift(
    session: Session, author: Author, sanction_id: uuid.UUID, *, actor_id: uuid.UUID | None, now: dt.datetime
) -> Sanction:
    """End a sanction before its time. Returns the row that says so.

    Raises:
        NotFoundError: the author has no such sanction on the site.
        SanctionOverError: it is not in force any more.
    """
    found = session.get(Sanction, sanction_id)
    is_theirs = found is not None and (found.account_id, found.site_id) == (author.account.id, author.site.id)
    if found is None or not is_theirs or found.kind not in KINDS:
        raise NotFoundError("sanction")
    if found not in standings.of(session, author.account.id, author.site.id, now=now).sanctions:
        raise SanctionOverError
    ending = _end(session, found, SanctionKind.LIFT, actor_id=actor_id, now=now)
    _tell(session, author, found, "sanction_lifted", now=now)
    return ending


def acknowledge(session: Session, sanction_id: uuid.UUID, *, actor: Actor, now: dt.datetime) -> None:
    """An author says that they have read a warning. Saying so twice changes nothing.

    Raises:
        NotFoundError: the actor has no such warning.
    """
    session.get(Account, actor.account_id, with_for_update=True)
    found = session.get(Sanction, sanction_id)
    if found is None or found.account_id != actor.account_id or found.kind != SanctionKind.WARNING:
        raise NotFoundError("sanction")
    if session.scalar(select(Sanction.id).where(Sanction.ends_id == found.id)) is None:
        _end(session, found, SanctionKind.ACKNOWLEDGEMENT, actor_id=actor.account_id, now=now)


def history(session: Session, author: Author) -> list[Entry]:
    """Every sanction that the author ever had on the site, the newest first."""
    ending, imposer, ender = aliased(Sanction), aliased(Account), aliased(Account)
    rows = session.execute(
        select(Sanction, imposer.display_name, ending, ender.display_name)
        .outerjoin(imposer, imposer.id == Sanction.actor_id)
        .outerjoin(ending, ending.ends_id == Sanction.id)
        .outerjoin(ender, ender.id == ending.actor_id)
        .where(
            Sanction.account_id == author.account.id,
            Sanction.site_id == author.site.id,
            Sanction.kind.in_(KINDS),
        )
        .order_by(Sanction.created_at.desc(), Sanction.id.desc())
    )
    return [Entry(*row) for row in rows]


def clear(
    session: Session, author: Author, *, actor_id: uuid.UUID | None, is_told: bool = True, now: dt.datetime
) -> None:
    """End whatever is in force. The author is told, unless something else takes its place."""
    for sanction in standings.of(session, author.account.id, author.site.id, now=now).sanctions:
        _end(session, sanction, SanctionKind.LIFT, actor_id=actor_id, now=now)
        if is_told:
            _tell(session, author, sanction, "sanction_lifted", now=now)


def own(session: Session, site_key: str, actor: Actor, *, now: dt.datetime) -> tuple[Site, SiteStanding]:
    """
    Raises:
        NotFoundError: there is no such site.
    """
    site = session.scalar(select(Site).where(Site.key == site_key))
    if site is None:
        raise NotFoundError("site")
    return site, standings.of(session, actor.account_id, site.id, now=now)


def _demand_reader(session: Session, author: Author) -> None:
    """Staff lose their role first: nobody is to silence a colleague in passing."""
    account = author.account
    works_here = exists().where(ModeratedSite.account_id == account.id, ModeratedSite.site_id == author.site.id)
    if account.role == Role.ADMIN or session.scalar(select(works_here)):
        raise NotSanctionableError


def _check(wish: NewSanction, *, now: dt.datetime) -> None:
    if wish.reason not in REASONS:
        raise InvalidInputError("reason_code", "unknown_reason")
    if wish.until is None:
        if wish.kind == SanctionKind.SUSPENSION:
            raise InvalidInputError("until", "required")
    elif wish.kind in (SanctionKind.WARNING, SanctionKind.BAN):
        raise InvalidInputError("until", "has_no_end")
    elif not now < wish.until <= now + _LONGEST:
        raise InvalidInputError("until", "out_of_range")


def _note(note: str | None) -> str | None:
    if note is None or not note.strip():
        return None
    if len(note) > _NOTE_LENGTH:
        raise InvalidInputError("note", "too_long", maximum=_NOTE_LENGTH)
    return clean(note, field="note")


def _end(
    session: Session, sanction: Sanction, kind: SanctionKind, *, actor_id: uuid.UUID | None, now: dt.datetime
) -> Sanction:
    ending = Sanction(
        account_id=sanction.account_id,
        site_id=sanction.site_id,
        kind=kind,
        ends_id=sanction.id,
        actor_id=actor_id,
        created_at=now,
    )
    session.add(ending)
    session.flush()
    _log("sanction_ended", ending)
    return ending


def _tell(session: Session, author: Author, sanction: Sanction, letter: str, *, now: dt.datetime) -> None:
    outbox.promise(
        session,
        letter,
        author.account,
        now=now,
        site_name=author.site.name,
        sanction=sanction.kind,
        reason=sanction.reason,
        until=sanction.until.isoformat() if sanction.until is not None else None,
        note=sanction.note,
    )


def _log(event: str, row: Sanction) -> None:
    log.info(
        event,
        sanction_id=str(row.ends_id or row.id),
        account_id=str(row.account_id),
        site_id=str(row.site_id),
        kind=row.kind,
        actor_id=str(row.actor_id) if row.actor_id is not None else None,
        until=row.until.isoformat() if row.until is not None else None,
    )
