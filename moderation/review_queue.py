"""What waits for a moderator, and what they decide about it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from moderation import accounts, appeal_records, cursors, publication, queue_state, review_filters, review_items
from moderation.actors import Actor
from moderation.db import Database
from moderation.errors import (
    InvalidInputError,
    NotFoundError,
    NotReviewableError,
    StaleReviewError,
    VorabError,
)
from moderation.identifiers import parse_id
from moderation.models import Account, Appeal, Comment, Decision, Revision, Status
from moderation.models.comment import FORGOTTEN
from moderation.publication import Change
from moderation.review_filters import ReviewFilter
from moderation.review_items import QueueItem
from moderation.text.input import clean

REASON_CODES = (
    "insult",
    "hate",
    "threat",
    "spam",
    "off_topic",
    "personal_data",
    "illegal",
    "other",
)
"""Why a moderator rejects."""
_NOTE_LENGTH = 2000

QueueSort = Literal["risk", "oldest", "newest"]


@dataclass(frozen=True, slots=True)
class QueueRequest:
    filter: ReviewFilter = ReviewFilter()
    sort: QueueSort = "risk"
    limit: int = 20
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class QueuePage:
    items: tuple[QueueItem, ...]
    next_cursor: str | None
    counts: dict[str, int]
    oldest_at: dt.datetime | None
    """Since when the comment that has waited longest among those asked for waits."""


@dataclass(frozen=True, slots=True)
class Review:
    """What a moderator wants done with a comment, and which version of it they looked at."""

    comment_id: uuid.UUID
    action: Literal["publish", "reject"]
    version: int
    reason_code: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    decision: Decision
    revision: int
    version: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision on record with the number of the revision and the moderator's name."""

    decision: Decision
    revision: int
    actor: str | None
    answers_appeal: bool


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of one decision of many: it was carried out, or there was an error."""

    comment_id: uuid.UUID
    reviewed: Reviewed | None
    error: VorabError | None


def page(session: Session, request: QueueRequest, *, actor: Actor) -> QueuePage:
    """A page of what waits on the actor's sites.

    Raises:
        ForbiddenError: the actor is a reader.
        NotFoundError: the site does not exist, or is another's.
        InvalidInputError: the cursor is not one of this list's, or a filter makes no sense.
    """
    wanted = review_filters.condition(session, request.filter, actor=actor)
    query = select(Comment).where(wanted, review_filters.of_status(request.filter.status))
    comments = session.scalars(_paged(query, request)).all()
    shown = comments[: request.limit]
    cursor = _cursor_after(shown[-1], request) if len(comments) > request.limit else None
    items = tuple(review_items.load(session, shown))
    return QueuePage(items, cursor, *queue_state.waiting(session, request.filter, wanted))


def item(session: Session, comment_id: uuid.UUID, *, actor: Actor) -> QueueItem:
    """One comment in whatever status.

    Raises:
        ForbiddenError: the actor is a reader.
        NotFoundError: no such comment, it was withdrawn, or it is on another's site.
    """
    comment = _demand(session.get(Comment, comment_id), actor)
    if comment.status == Status.WITHDRAWN:
        raise NotFoundError("comment")
    return review_items.load(session, [comment])[0]


def history(session: Session, comment_id: uuid.UUID, *, actor: Actor) -> list[Recorded]:
    """Every decision about a comment, oldest first.

    Raises:
        ForbiddenError: the actor is a reader.
        NotFoundError: no such comment, or it is on another's site.
    """
    _demand(session.get(Comment, comment_id), actor)
    rows = session.execute(
        select(Decision, Revision.number, Account.display_name, Appeal.id.is_not(None))
        .join(Revision, Revision.id == Decision.revision_id)
        .outerjoin(Appeal, Appeal.decision_id == Decision.id)
        .outerjoin(Account, Account.id == Decision.actor_id)
        .where(Decision.comment_id == comment_id)
        .order_by(Decision.id)
    )
    return [Recorded(row[0], row[1], row[2], bool(row[3])) for row in rows]


def decide(session: Session, review: Review, *, actor: Actor, now: dt.datetime) -> Reviewed:
    """Publish or reject a comment as the moderator saw it.

    Rejecting takes the whole comment down, an earlier published revision included: a moderator judges the comment, the
    machine a revision. Where an appeal waits, it is answered: granted by publishing, denied by rejecting, which leaves
    what readers see.

    Raises:
        NotSignedInError: the moderator's account was deleted a moment ago.
        ForbiddenError: the actor is a reader.
        NotFoundError: no such comment, or it is on another's site.
        NotReviewableError: its author withdrew it, or its text was removed.
        StaleReviewError: it was edited or decided since.
        InvalidInputError: an unknown reason or an unacceptable note.
    """
    accounts.demand_present(session, actor.account_id)
    # A letter about an appeal refers to the author, whose deletion locks them before their comments.
    publication.hold_author(session, review.comment_id)
    comment = _demand(publication.lock(session, review.comment_id), actor)
    if comment.status == Status.WITHDRAWN:
        raise NotReviewableError
    if comment.version != review.version:
        raise StaleReviewError
    revision = publication.current_revision(session, comment)
    if revision.body == FORGOTTEN:
        raise NotReviewableError
    change = Change(
        review.action,
        _reasons(review),
        actor_id=actor.account_id,
        note=clean_note(review.note),
        takes_down=review.action == "reject" and not _is_mere_appeal(session, comment),
    )
    publication.resolve_flags(session, comment, now=now)
    decision = publication.decide(session, comment, revision, change, now=now)
    session.flush()
    return Reviewed(decision, revision.number, comment.version)


def decide_many(database: Database, reviews: Sequence[Review], *, actor: Actor, now: dt.datetime) -> list[BatchResult]:
    """Carry out each decision that can be, one after another, and say of each what became of it.

    Each has a transaction of its own. One for all would lock the rows of many threads in an order that another one's
    differs from, and PostgreSQL would end one of the two as a deadlock.

    Raises:
        ForbiddenError: the actor is a reader.
    """
    actor.demand_staff()
    return [_try(database, review, actor, now) for review in reviews]


def clean_note(note: str | None) -> str | None:
    """A word to the author as it is stored.

    Raises:
        InvalidInputError: it is too long, or not text.
    """
    if note is None or not note.strip():
        return None
    if len(note) > _NOTE_LENGTH:
        raise InvalidInputError("note", "too_long", maximum=_NOTE_LENGTH)
    return clean(note, field="note")


def _is_mere_appeal(session: Session, comment: Comment) -> bool:
    """Nothing but an appeal led the moderator here. Who appeals has nothing to lose: an earlier revision that readers
    see stays if the appeal is denied."""
    is_refused = comment.status == Status.REJECTED and not comment.open_flag_count
    return is_refused and appeal_records.waiting(session, comment.id) is not None


def _try(database: Database, review: Review, actor: Actor, now: dt.datetime) -> BatchResult:
    try:
        with database.write() as session:
            return BatchResult(review.comment_id, decide(session, review, actor=actor, now=now), None)
    except VorabError as error:
        return BatchResult(review.comment_id, None, error)


def _reasons(review: Review) -> tuple[str, ...]:
    if review.reason_code is None:
        return ()
    if review.reason_code not in REASON_CODES:
        raise InvalidInputError("reason_code", "unknown_reason")
    return (review.reason_code,)


def _demand(comment: Comment | None, actor: Actor) -> Comment:
    actor.demand_staff()
    if comment is None or not actor.may_moderate(comment.site_id):
        raise NotFoundError("comment")
    return comment


def _paged(query: Select[Comment], request: QueueRequest) -> Select[Comment]:
    if request.sort == "risk":
        if request.cursor is not None:
            risk, last = _position(request.cursor, "risk", (float, str))
            query = query.where(or_(Comment.risk < risk, and_(Comment.risk == risk, Comment.id > last)))
        return query.order_by(Comment.risk.desc(), Comment.id).limit(request.limit + 1)
    column = _age(request)
    descending = request.sort == "newest"
    if request.cursor is not None:
        queued, last = _position(request.cursor, request.sort, (str, str))
        at = _time(queued)
        beyond = column < at if descending else column > at
        next_one = Comment.id < last if descending else Comment.id > last
        query = query.where(or_(beyond, and_(column == at, next_one)))
    order = (column.desc(), Comment.id.desc()) if descending else (column, Comment.id)
    return query.order_by(*order).limit(request.limit + 1)


def _age(request: QueueRequest) -> InstrumentedAttribute[Any]:
    """What waits is as old as its waiting; everything else as old as it is."""
    return Comment.queued_at if request.filter.status in review_filters.WAITING else Comment.created_at


def _position(cursor: str, order: str, kinds: Sequence[type]) -> list[Any]:
    position = cursors.decode(cursor, order, kinds)
    last = parse_id(position[-1])
    if last is None:
        raise InvalidInputError("cursor", "invalid_cursor")
    return [*position[:-1], last]


def _time(text: str) -> dt.datetime:
    try:
        at = dt.datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInputError("cursor", "invalid_cursor") from error
    raise InvalidInputError("cursor", "invalid_cursor")


def _cursor_after(comment: Comment, request: QueueRequest) -> str:
    if request.sort == "risk":
        return cursors.encode(request.sort, [float(comment.risk), str(comment.id)])
    at: dt.datetime = getattr(comment, _age(request).key)
    return cursors.encode(request.sort, [at.isoformat(), str(comment.id)])
