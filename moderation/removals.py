"""Taking all of an author's comments on a site away, one by one with progress, and giving them back."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import structlog
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from moderation import publication, review_queue, submissions
from moderation.db import Database
from moderation.errors import InvalidInputError, NotFoundError, NotRemovableError, RemovalUnderWayError
from moderation.models import Account, Comment, Decision, Removal, RemovalState, Status
from moderation.models.comment import FORGOTTEN
from moderation.publication import Change
from moderation.sanctions import Author

log = structlog.get_logger()

_OPEN = (RemovalState.RUNNING, RemovalState.UNDOING)
_LISTED = 20


@dataclass(frozen=True, slots=True)
class NewRemoval:
    """``reject`` is the editors' judgement and needs a reason; ``withdraw`` is done in the author's name."""

    action: Literal["reject", "withdraw"]
    reason_code: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    removal: Removal
    actor: str
    undone_by: str | None


def begin(session: Session, author: Author, wish: NewRemoval, *, actor_id: uuid.UUID, now: dt.datetime) -> Removal:
    """Put the wish on record; :func:`go_on` carries it out. What the author writes later is not concerned.

    Raises:
        InvalidInputError: reason or note is not acceptable.
        RemovalUnderWayError: another one for this author is not finished.
        NotRemovableError: there is nothing that it would change.
    """
    _check(wish)
    if session.scalar(select(Removal.id).where(_of(author), Removal.state.in_(_OPEN)).limit(1)) is not None:
        raise RemovalUnderWayError
    removal = Removal(
        account_id=author.account.id,
        site_id=author.site.id,
        actor_id=actor_id,
        action=wish.action,
        reason=wish.reason_code,
        note=review_queue.clean_note(wish.note),
        total=0,
        created_at=now,
    )
    removal.total = session.scalar(_concerned(removal).with_only_columns(func.count()).order_by(None)) or 0
    if removal.total == 0:
        raise NotRemovableError
    session.add(removal)
    session.flush()
    _log("removal_begun", removal)
    return removal


def undo(session: Session, author: Author, removal_id: uuid.UUID, *, actor_id: uuid.UUID) -> Removal:
    """Give back what a removal took away, as far as nobody has decided about it since. Also stops one that still runs.

    Raises:
        NotFoundError: the author has no such removal on the site.
        NotRemovableError: it is undone already.
    """
    removal = _lock(session, author, removal_id)
    if removal.state in (RemovalState.UNDOING, RemovalState.UNDONE):
        raise NotRemovableError
    removal.state, removal.last_id = RemovalState.UNDOING, None
    removal.undone_by_id = actor_id
    removal.finished_at = None
    session.flush()
    _log("removal_undone", removal)
    return removal


def listed(session: Session, author: Author) -> list[Listed]:
    """An author's latest removals on a site, the newest first."""
    return [Listed(*row) for row in session.execute(_with_names(author).order_by(Removal.id.desc()).limit(_LISTED))]


def get_listed(session: Session, author: Author, removal_id: uuid.UUID) -> Listed:
    """
    Raises:
        NotFoundError: the author has no such removal on the site.
    """
    row = session.execute(_with_names(author).where(Removal.id == removal_id)).one_or_none()
    if row is None:
        raise NotFoundError("removal")
    return Listed(*row)


def _with_names(author: Author) -> Select[*tuple[Removal, str, str | None]]:
    undoer = aliased(Account)
    return (
        select(Removal, Account.display_name, undoer.display_name)
        .join(Account, Account.id == Removal.actor_id)
        .outerjoin(undoer, undoer.id == Removal.undone_by_id)
        .where(_of(author))
    )


def go_on(database: Database, removal_id: uuid.UUID, *, now: dt.datetime, steps: int) -> bool:
    """Work at a removal for so many comments, each in a transaction of its own. ``False`` once there is no more to do.

    Several processes may work at the same one: each takes the next comment.
    """
    for _ in range(steps):
        with database.write() as session:
            if not _step(session, removal_id, now=now):
                return False
    return True


def unfinished(session: Session) -> Sequence[uuid.UUID]:
    return session.scalars(select(Removal.id).where(Removal.state.in_(_OPEN)).order_by(Removal.id)).all()


def _lock(session: Session, author: Author, removal_id: uuid.UUID) -> Removal:
    removal = session.get(Removal, removal_id, with_for_update=True, populate_existing=True)
    if removal is None or (removal.account_id, removal.site_id) != (author.account.id, author.site.id):
        raise NotFoundError("removal")
    return removal


def _step(session: Session, removal_id: uuid.UUID, *, now: dt.datetime) -> bool:
    """The next comment. Rows are locked in the order account, removal, comment, article, which is the order of
    deleting an account, too."""
    account_id = session.scalar(select(Removal.account_id).where(Removal.id == removal_id))
    if account_id is None:
        return False
    session.scalar(select(Account.id).where(Account.id == account_id).with_for_update(read=True, key_share=True))
    removal = session.get(Removal, removal_id, with_for_update=True, populate_existing=True)
    if removal is None or removal.state not in _OPEN:
        return False
    is_forward = removal.state == RemovalState.RUNNING
    if (_take_next if is_forward else _give_back_next)(session, removal, now=now):
        return True
    removal.state = RemovalState.DONE if is_forward else RemovalState.UNDONE
    removal.finished_at = now
    _log("removal_finished", removal)
    return False


def _take_next(session: Session, removal: Removal, *, now: dt.datetime) -> bool:
    following = _concerned(removal).limit(1)
    if removal.last_id is not None:
        following = following.where(Comment.id > removal.last_id)
    comment_id = session.scalar(following)
    if comment_id is None:
        return False
    removal.last_id = comment_id
    comment = publication.lock(session, comment_id)
    if comment is not None and comment.author_id == removal.account_id and comment.status in _open_to(removal):
        _take(session, comment, removal, now=now)
        removal.changed += 1
    session.flush()
    return True


def _take(session: Session, comment: Comment, removal: Removal, *, now: dt.datetime) -> None:
    change = Change(
        removal.action,
        (removal.reason,) if removal.reason is not None else (),
        actor_id=removal.actor_id,
        note=removal.note,
        takes_down=True,
        removal_id=removal.id,
    )
    if removal.action == "withdraw":
        submissions.retract(session, comment, change, now=now)
        return
    publication.resolve_flags(session, comment, now=now)
    publication.decide(session, comment, publication.current_revision(session, comment), change, now=now)


def _give_back_next(session: Session, removal: Removal, *, now: dt.datetime) -> bool:
    following = select(Decision).where(Decision.removal_id == removal.id, Decision.undoes_id.is_(None))
    if removal.last_id is not None:
        following = following.where(Decision.id > removal.last_id)
    made = session.scalar(following.order_by(Decision.id).limit(1))
    if made is None:
        return False
    removal.last_id = made.id
    comment = publication.lock(session, made.comment_id)
    latest, before = publication.latest_two(session, made.comment_id)
    if comment is not None and latest is made and _has_text(session, comment):
        reasons = before.reasons if before is not None else ()
        publication.take_back(session, comment, made, reasons, actor_id=removal.undone_by_id, now=now)
        removal.changed -= 1
    session.flush()
    return True


def _has_text(session: Session, comment: Comment) -> bool:
    return publication.current_revision(session, comment).body != FORGOTTEN


def _concerned(removal: Removal) -> Select[uuid.UUID]:
    return (
        select(Comment.id)
        .where(
            Comment.author_id == removal.account_id,
            Comment.site_id == removal.site_id,
            Comment.created_at <= removal.created_at,
            Comment.status.in_(_open_to(removal)),
        )
        .order_by(Comment.id)
    )


def _open_to(removal: Removal) -> tuple[Status, ...]:
    open_to = (Status.SCREENING, Status.PUBLISHED, Status.HELD)
    return open_to if removal.action == "reject" else (*open_to, Status.REJECTED)


def _of(author: Author) -> ColumnElement[bool]:
    return (Removal.account_id == author.account.id) & (Removal.site_id == author.site.id)


def _check(wish: NewRemoval) -> None:
    if wish.action == "reject" and wish.reason_code not in review_queue.REASON_CODES:
        raise InvalidInputError("reason_code", "required" if wish.reason_code is None else "unknown_reason")
    if wish.action == "withdraw" and wish.reason_code is not None:
        raise InvalidInputError("reason_code", "needs_no_reason")


def _log(event: str, removal: Removal) -> None:
    log.info(
        event,
        removal_id=str(removal.id),
        account_id=str(removal.account_id),
        site_id=str(removal.site_id),
        actor_id=str(removal.undone_by_id or removal.actor_id),
        action=removal.action,
        changed=removal.changed,
    )
