"""What changes while a moderator looks at the queue: how much waits, since when, what became of what they see."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from moderation import review_filters
from moderation.actors import Actor
from moderation.models import (
    Account,
    Article,
    Comment,
    Decision,
    Flag,
    Revision,
    Role,
    ScreeningRecord,
    Site,
    VerdictRecord,
)
from moderation.review_filters import ReviewFilter

_MOST_CHOICES = 100


@dataclass(frozen=True, slots=True)
class ItemState:
    """``actor`` is who made the latest decision; ``None`` for the machine, or if there is none."""

    id: uuid.UUID
    version: int
    status: str
    is_waiting: bool
    action: str | None
    actor: str | None
    decided_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class QueueState:
    counts: dict[str, int]
    oldest_at: dt.datetime | None
    items: tuple[ItemState, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to narrow the queue to, and how many waiting comments that would leave."""

    value: str
    name: str | None
    site: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Choices:
    sites: tuple[Choice, ...]
    articles: tuple[Choice, ...]
    authors: tuple[Choice, ...]
    reasons: tuple[Choice, ...]
    labels: tuple[Choice, ...]


def state(session: Session, wanted: ReviewFilter, ids: Sequence[uuid.UUID], *, actor: Actor) -> QueueState:
    """Cheap enough to ask every few seconds. Comments that are gone, or another's, are left out of ``items``.

    Raises:
        As :func:`moderation.review_filters.condition`.
    """
    condition = review_filters.condition(session, wanted, actor=actor)
    visible = review_filters.moderated(session, None, actor)
    counts, oldest_at = waiting(session, wanted, condition)
    return QueueState(counts, oldest_at, _items(session, ids, visible))


def waiting(
    session: Session, wanted: ReviewFilter, condition: ColumnElement[bool]
) -> tuple[dict[str, int], dt.datetime | None]:
    """How many comments wait in each of the queues, and since when the first of those asked for does.

    Counted from the rows in one statement, which an index answers alone unless it is narrowed further than to sites.
    Appeals are counted from theirs: there are few, and the index does not know of them.
    """
    held, flagged, appealed, everything = (review_filters.of_status(status) for status in review_filters.WAITING)
    status = wanted.status if wanted.status in review_filters.WAITING else "all"
    first = func.min(Comment.queued_at).filter(review_filters.of_status(status))
    with_appeal = select(func.count()).select_from(Comment).where(condition, appealed).correlate(None)
    *counts, oldest_at = session.execute(
        select(
            func.count().filter(held),
            func.count().filter(flagged),
            with_appeal.scalar_subquery(),
            func.count(),
            first,
        ).where(condition, everything)
    ).one()
    return dict(zip(review_filters.WAITING, counts, strict=True)), oldest_at


def _items(session: Session, ids: Sequence[uuid.UUID], visible: ColumnElement[bool]) -> tuple[ItemState, ...]:
    if not ids:
        return ()
    comments = session.scalars(select(Comment).where(Comment.id.in_(ids), visible)).all()
    latest = {
        decision.comment_id: (decision, name)
        for decision, name in session.execute(
            select(Decision, Account.display_name)
            .outerjoin(Account, Account.id == Decision.actor_id)
            .where(Decision.comment_id.in_([comment.id for comment in comments]))
            .order_by(Decision.id)
        )
    }
    found = {comment.id: _item(comment, *latest.get(comment.id, (None, None))) for comment in comments}
    return tuple(found[one] for one in ids if one in found)


def _item(comment: Comment, decision: Decision | None, name: str | None) -> ItemState:
    return ItemState(
        id=comment.id,
        version=comment.version,
        status=comment.status,
        is_waiting=comment.queued_at is not None,
        action=decision.action if decision else None,
        actor=name,
        decided_at=decision.decided_at if decision else None,
    )


def choices(session: Session, site_key: str | None, *, actor: Actor) -> Choices:
    """What the waiting comments can be narrowed to, the most frequent first.

    Raises:
        ForbiddenError, NotFoundError: as :func:`moderation.review_filters.moderated`.
    """
    waiting = review_filters.moderated(session, site_key, actor) & review_filters.of_status("all")
    reasons, labels = _objections(session, waiting)
    return Choices(
        sites=_sites(session, review_filters.moderated(session, None, actor) & review_filters.of_status("all"), actor),
        articles=_articles(session, waiting),
        authors=_authors(session, waiting),
        reasons=_ranked(reasons),
        labels=_ranked(labels),
    )


def _sites(session: Session, waiting: ColumnElement[bool], actor: Actor) -> tuple[Choice, ...]:
    """Every site of the actor's, also those on which nothing waits."""
    rows = session.execute(
        select(Site.key, Site.name, func.count(Comment.site_id))
        .outerjoin(Comment, (Comment.site_id == Site.id) & waiting)
        .where(_is_work_of(actor))
        .group_by(Site.key, Site.name)
        .order_by(Site.name, Site.key)
    )
    return tuple(Choice(key, name, key, count) for key, name, count in rows)


def only_site(session: Session, *, actor: Actor) -> str | None:
    """The key of the site that is all of the actor's work; ``None`` for several, or none."""
    keys = session.scalars(select(Site.key).where(_is_work_of(actor)).limit(2)).all()
    return keys[0] if len(keys) == 1 else None


def _is_work_of(actor: Actor) -> ColumnElement[bool]:
    return true() if actor.role == Role.ADMIN else Site.id.in_(actor.sites)


def _articles(session: Session, waiting: ColumnElement[bool]) -> tuple[Choice, ...]:
    count = func.count()
    rows = session.execute(
        select(Article.external_id, Article.title, Site.key, count)
        .select_from(Comment)
        .join(Article, Article.id == Comment.article_id)
        .join(Site, Site.id == Comment.site_id)
        .where(waiting)
        .group_by(Article.id, Article.external_id, Article.title, Site.key)
        .order_by(count.desc(), Article.external_id)
        .limit(_MOST_CHOICES)
    )
    return tuple(Choice(external_id, title, site, number) for external_id, title, site, number in rows)


def _authors(session: Session, waiting: ColumnElement[bool]) -> tuple[Choice, ...]:
    count = func.count()
    rows = session.execute(
        select(Account.id, Account.display_name, count)
        .select_from(Comment)
        .join(Account, Account.id == Comment.author_id)
        .where(waiting)
        .group_by(Account.id, Account.display_name)
        .order_by(count.desc(), Account.display_name)
        .limit(_MOST_CHOICES)
    )
    return tuple(Choice(str(account_id), name, None, number) for account_id, name, number in rows)


def _objections(session: Session, waiting: ColumnElement[bool]) -> tuple[Counter[str], Counter[str]]:
    """How many waiting comments have each reason, by the machine or by readers, and each label above its threshold."""
    verdicts = session.execute(
        select(Comment.id, VerdictRecord.reason, VerdictRecord.rule, VerdictRecord.evidence)
        .join(Revision, (Revision.comment_id == Comment.id) & (Revision.number == Comment.current_number))
        .join(ScreeningRecord, ScreeningRecord.revision_id == Revision.id)
        .join(VerdictRecord, VerdictRecord.screening_id == ScreeningRecord.id)
        .where(waiting)
    ).all()
    flags = session.execute(
        select(Comment.id, Flag.reason)
        .join(Flag, Flag.comment_id == Comment.id)
        .where(waiting, Flag.resolved_at.is_(None))
    ).all()
    # Sets, because several flags or screenings of one comment may say the same.
    reasons = {(row.id, row.reason) for row in verdicts} | {(row.id, row.reason) for row in flags}
    labels = {(row.id, label) for row in verdicts if row.rule == "toxicity" for label in row.evidence.get("scores", {})}
    return Counter(reason for _, reason in reasons), Counter(label for _, label in labels)


def _ranked(tally: Counter[str]) -> tuple[Choice, ...]:
    ranked = sorted(tally.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple(Choice(value, None, None, count) for value, count in ranked)
