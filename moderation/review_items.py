"""What moderators see of a comment: everything around it, read in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from moderation.models import (
    Account,
    Appeal,
    Article,
    Comment,
    Decision,
    Flag,
    Revision,
    ScreeningRecord,
    Site,
    Status,
    VerdictRecord,
)


@dataclass(frozen=True, slots=True)
class AuthorRecord:
    """What a moderator should know of an author on this site."""

    id: uuid.UUID
    display_name: str
    created_at: dt.datetime
    published: int
    rejected: int
    held: int


@dataclass(frozen=True, slots=True)
class FlagView:
    reason: str
    text: str | None
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class AppealView:
    """An author's appeal, and the refusal that it is against; ``refused_by`` is ``None`` for the machine."""

    appeal: Appeal
    refusal: Decision
    refused_by: str | None


@dataclass(frozen=True, slots=True)
class ParentView:
    id: uuid.UUID
    author: str
    body: str


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One comment as moderators see it. ``version`` is what a decision must name."""

    comment: Comment
    revision: Revision
    site: Site
    article: Article
    author: AuthorRecord
    screening: ScreeningRecord | None
    verdicts: tuple[VerdictRecord, ...]
    decision: Decision | None
    decided_by: str | None
    """Who made that decision; ``None`` for the machine."""
    flags: tuple[FlagView, ...]
    appeal: AppealView | None
    parent: ParentView | None
    published_body: str | None
    """What readers see at present, where that is another revision."""


def load(session: Session, comments: Sequence[Comment]) -> list[QueueItem]:
    """The comments with everything around them, in a fixed number of queries however many there are."""
    if not comments:
        return []
    ids = [comment.id for comment in comments]
    revisions = {
        (revision.comment_id, revision.number): revision
        for revision in session.scalars(select(Revision).where(Revision.comment_id.in_(ids)))
    }
    current = {comment.id: revisions[comment.id, comment.current_number] for comment in comments}
    screenings = _screenings(session, [revision.id for revision in current.values()])
    verdicts = _verdicts(session, [screening.id for screening in screenings.values()])
    decisions = _decisions(session, ids)
    sites = {site.id: site for site in _all(session, Site, {comment.site_id for comment in comments})}
    articles = {article.id: article for article in _all(session, Article, {c.article_id for c in comments})}
    authors = _authors(session, {(comment.author_id, comment.site_id) for comment in comments})
    parents = _parents(session, {comment.parent_id for comment in comments if comment.parent_id is not None})
    flags = _flags(session, ids)
    appeals = _appeals(session, ids)
    items = []
    for comment in comments:
        screening = screenings.get(current[comment.id].id)
        published = revisions.get((comment.id, comment.published_number or 0))
        differs = published is not None and published.number != comment.current_number
        items.append(
            QueueItem(
                comment=comment,
                revision=current[comment.id],
                site=sites[comment.site_id],
                article=articles[comment.article_id],
                author=authors[comment.author_id, comment.site_id],
                screening=screening,
                verdicts=verdicts.get(screening.id, ()) if screening else (),
                decision=decisions.get(comment.id, (None, None))[0],
                decided_by=decisions.get(comment.id, (None, None))[1],
                flags=flags.get(comment.id, ()),
                appeal=appeals.get(comment.id),
                parent=parents.get(comment.parent_id) if comment.parent_id else None,
                published_body=published.body if published is not None and differs else None,
            )
        )
    return items


def _all(session: Session, model: type[Any], ids: Iterable[uuid.UUID]) -> Iterable[Any]:
    return session.scalars(select(model).where(model.id.in_(list(ids))))


def _screenings(session: Session, revision_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, ScreeningRecord]:
    """The latest screening of each revision."""
    rows = session.scalars(
        select(ScreeningRecord).where(ScreeningRecord.revision_id.in_(revision_ids)).order_by(ScreeningRecord.id)
    )
    return {row.revision_id: row for row in rows}


def _verdicts(session: Session, screening_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[VerdictRecord, ...]]:
    found: dict[uuid.UUID, tuple[VerdictRecord, ...]] = {}
    rows = session.scalars(
        select(VerdictRecord).where(VerdictRecord.screening_id.in_(screening_ids)).order_by(VerdictRecord.id)
    )
    for row in rows:
        found[row.screening_id] = (*found.get(row.screening_id, ()), row)
    return found


def _decisions(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[Decision, str | None]]:
    """The latest decision about each comment, with the moderator's name."""
    rows = session.execute(
        select(Decision, Account.display_name)
        .outerjoin(Account, Account.id == Decision.actor_id)
        .where(Decision.comment_id.in_(ids))
        .order_by(Decision.id)
    )
    return {row[0].comment_id: (row[0], row[1]) for row in rows}


def _authors(
    session: Session, pairs: set[tuple[uuid.UUID, uuid.UUID]]
) -> dict[tuple[uuid.UUID, uuid.UUID], AuthorRecord]:
    account_ids = {account_id for account_id, _ in pairs}
    tallies = {
        (row.author_id, row.site_id): row
        for row in session.execute(
            select(
                Comment.author_id,
                Comment.site_id,
                func.count().filter(Comment.status == Status.PUBLISHED).label("published"),
                func.count().filter(Comment.status == Status.REJECTED).label("rejected"),
                func.count().filter(Comment.status == Status.HELD).label("held"),
            )
            .where(Comment.author_id.in_(account_ids), Comment.site_id.in_({site_id for _, site_id in pairs}))
            .group_by(Comment.author_id, Comment.site_id)
        )
    }
    accounts = {account.id: account for account in _all(session, Account, account_ids)}
    return {
        (account_id, site_id): AuthorRecord(
            id=account_id,
            display_name=accounts[account_id].display_name,
            created_at=accounts[account_id].created_at,
            published=tallies[account_id, site_id].published,
            rejected=tallies[account_id, site_id].rejected,
            held=tallies[account_id, site_id].held,
        )
        for account_id, site_id in pairs
    }


def _parents(session: Session, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, ParentView]:
    """The comments replied to, as readers see them; those taken down since are left out."""
    rows = session.execute(
        select(Comment.id, Account.display_name, Revision.body)
        .join(Account, Account.id == Comment.author_id)
        .join(Revision, and_(Revision.comment_id == Comment.id, Revision.number == Comment.published_number))
        .where(Comment.id.in_(list(ids)))
    )
    return {row[0]: ParentView(row[0], row[1], row[2]) for row in rows}


def _flags(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[FlagView, ...]]:
    found: dict[uuid.UUID, tuple[FlagView, ...]] = {}
    rows = session.scalars(select(Flag).where(Flag.comment_id.in_(ids), Flag.resolved_at.is_(None)).order_by(Flag.id))
    for row in rows:
        view = FlagView(row.reason, row.text, row.created_at)
        found[row.comment_id] = (*found.get(row.comment_id, ()), view)
    return found


def _appeals(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, AppealView]:
    """The latest appeal of each comment, whether it waits or not."""
    rows = session.execute(
        select(Appeal, Decision, Account.display_name)
        .join(Decision, Decision.id == Appeal.refusal_id)
        .outerjoin(Account, Account.id == Decision.actor_id)
        .where(Appeal.comment_id.in_(ids))
        .order_by(Appeal.id)
    )
    return {row[0].comment_id: AppealView(*row) for row in rows}
