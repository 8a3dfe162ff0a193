"""Which comments a moderator asks to see: the queue narrowed by site, article, author, reason, label and words."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true
from sqlalchemy.orm import Session

from moderation import appeal_records
from moderation.actors import Actor
from moderation.errors import InvalidInputError, NotFoundError
from moderation.models import (
    Account,
    Article,
    Comment,
    Flag,
    Revision,
    Role,
    ScreeningRecord,
    Site,
    Status,
    VerdictRecord,
)

ReviewStatus = Literal["held", "flagged", "appealed", "all", "published", "rejected", "any"]
"""The first four are the queue. ``any`` is every comment that was not withdrawn, whether it waits or not."""
WAITING: tuple[ReviewStatus, ...] = ("held", "flagged", "appealed", "all")

_LABEL = re.compile(r"[a-z_]{1,40}")
_TERM = re.compile(r'"([^"]+)"|(\S+)')
_MOST_TERMS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFilter:
    """``article`` is the publisher's id. ``words`` must all occur in the text or the author's name, in whatever case;
    a phrase in quotation marks counts as one word."""

    site: str | None = None
    status: ReviewStatus = "all"
    article: str | None = None
    author: uuid.UUID | None = None
    reason: str | None = None
    label: str | None = None
    words: str | None = None


def moderated(session: Session, site_key: str | None, actor: Actor, *, withdrawn: bool = False) -> ColumnElement[bool]:
    """The comments that the actor may see at all: those of one site, or of all of theirs.

    ``withdrawn`` ones may be counted, never shown.

    Raises:
        ForbiddenError: the actor is a reader.
        NotFoundError: the site does not exist, or is another's.
    """
    actor.demand_staff()
    visible = true() if withdrawn else Comment.status != Status.WITHDRAWN
    if site_key is not None:
        site_id = session.scalar(select(Site.id).where(Site.key == site_key))
        if site_id is None or not actor.may_moderate(site_id):
            raise NotFoundError("site")
        return and_(visible, Comment.site_id == site_id)
    if actor.role == Role.ADMIN:
        return visible
    return and_(visible, Comment.site_id.in_(actor.sites))


def condition(session: Session, wanted: ReviewFilter, *, actor: Actor) -> ColumnElement[bool]:
    """What is asked for but for its status: what the counts of all statuses are counted over.

    Raises:
        As :func:`moderated`.
        InvalidInputError: the label cannot be one, or there are too many words.
    """
    parts = [moderated(session, wanted.site, actor)]
    if wanted.article is not None:
        parts.append(Comment.article_id.in_(select(Article.id).where(Article.external_id == wanted.article)))
    if wanted.author is not None:
        parts.append(Comment.author_id == wanted.author)
    if wanted.reason is not None:
        parts.append(_has_reason(wanted.reason))
    if wanted.label is not None:
        parts.append(_passes_label(wanted.label))
    if wanted.words is not None:
        parts += [_contains(session, term) for term in _terms(wanted.words)]
    return and_(*parts)


def of_status(status: ReviewStatus) -> ColumnElement[bool]:
    if status == "any":
        return Comment.status != Status.WITHDRAWN
    if status in ("published", "rejected"):
        return Comment.status == status
    waiting = Comment.queued_at.is_not(None)
    if status == "held":
        return and_(waiting, Comment.status == Status.HELD)
    if status == "appealed":
        return and_(waiting, appeal_records.waits())
    return and_(waiting, Comment.open_flag_count > 0) if status == "flagged" else waiting


def _current() -> Select[Any]:
    """The revision that a moderator would decide about, of the comment of the query around."""
    return select(Revision.id).where(Revision.comment_id == Comment.id, Revision.number == Comment.current_number)


def _has_reason(reason: str) -> ColumnElement[bool]:
    """The machine held it for this reason, or readers flagged it with it."""
    verdict = exists().where(
        ScreeningRecord.revision_id.in_(_current().correlate(Comment)),
        VerdictRecord.screening_id == ScreeningRecord.id,
        VerdictRecord.reason == reason,
    )
    flagged = exists().where(Flag.comment_id == Comment.id, Flag.reason == reason, Flag.resolved_at.is_(None))
    return or_(verdict, flagged)


def _passes_label(label: str) -> ColumnElement[bool]:
    """The label's score was at the threshold or above."""
    if not _LABEL.fullmatch(label):
        raise InvalidInputError("label", "unknown_choice")
    score = ScreeningRecord.scores[label].as_float()
    return exists().where(
        ScreeningRecord.revision_id.in_(_current().correlate(Comment)),
        score >= ScreeningRecord.thresholds[label].as_float(),
    )


def _terms(words: str) -> list[str]:
    terms = [(phrase or word).lower() for phrase, word in _TERM.findall(words)]
    if len(terms) > _MOST_TERMS:
        raise InvalidInputError("q", "too_many")
    return terms


def _contains(session: Session, term: str) -> ColumnElement[bool]:
    # SQLite's own lower() knows the letters of ASCII only; ours knows all of them (moderation.db).
    lower = func.vorab_lower if session.get_bind().dialect.name == "sqlite" else func.lower
    texts = select(Revision.comment_id).where(
        Revision.comment_id == Comment.id,
        Revision.number == Comment.current_number,
        lower(Revision.body).contains(term, autoescape=True),
    )
    names = select(Account.id).where(
        Account.id == Comment.author_id, lower(Account.display_name).contains(term, autoescape=True)
    )
    return or_(texts.correlate(Comment).exists(), names.correlate(Comment).exists())
