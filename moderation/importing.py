"""Taking over the comments that a site has in another system: stored first, and screened like any other.

A comment is known by its name there, so that who imports again finds it, and its number here follows from that name and
the time when it was written: threads are read in the order of the numbers.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from moderation import (
    accounts,
    articles,
    erasure,
    imported_authors,
    publication,
    screening_jobs,
    site_accounts,
    sites,
    submissions,
)
from moderation.articles import ArticleDetails
from moderation.db import insert_plainly
from moderation.identifiers import new_id
from moderation.imports.staging import Staged, StagedArticle
from moderation.models import Article, Comment, ImportedComment, Revision, Site, Status
from moderation.models.comment import FORGOTTEN
from moderation.publication import Change
from moderation.screening.context import Elsewhere, Standing
from moderation.screening.pipeline import Material
from moderation.screening.rules.imported import IMPORTED
from moderation.screening_jobs import Job
from moderation.site_accounts import SITE_ISSUER, Vouched

log = structlog.get_logger()

_MILLISECONDS = 0xFFFF_FFFF_FFFF


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the comments come from. ``source`` tells systems apart whose numbers mean different comments.

    ``are_site_users``: the authors' numbers are what the site's own tokens call them, and they are the same people.
    """

    source: str
    nameless: str
    """The name of whoever gave none."""
    are_site_users: bool = False

    @property
    def issuer(self) -> str:
        """Who vouches for the authors."""
        return imported_authors.issuer(self.source)


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch. ``jobs`` are the screenings, claimed for the caller; ``waiting`` are revisions from an
    earlier run that nobody has screened yet."""

    jobs: tuple[Job, ...]
    waiting: tuple[uuid.UUID, ...]
    places: int
    known: int


def known(session: Session, site: Site, source: str, ids: Sequence[str]) -> Mapping[str, str]:
    """Which of these comments were imported before, and the articles that they stand under."""
    rows = session.execute(
        select(ImportedComment.external_id, Article.external_id)
        .join(Comment, Comment.id == ImportedComment.comment_id)
        .join(Article, Article.id == Comment.article_id)
        .where(_called(site, source, ids))
    )
    return {one.external_id: one[1] for one in rows}


def store(
    session: Session,
    site: Site,
    batch: Sequence[Staged],
    about: Sequence[StagedArticle],
    *,
    origin: Origin,
    lease: dt.timedelta,
    now: dt.datetime,
) -> Stored:
    """Store some comments, parents before their replies, those left out that are there already.

    ``about`` is what is known of their articles.
    """
    stored = _stored(session, site, origin.source, [*(row.id for row in batch), *(row.parent for row in batch)])
    fresh = [row for row in batch if row.id not in stored]
    # Accounts before everything else, as whoever deletes one locks it first.
    authors = {row.seq: _author(session, site, row, origin, now=now) for row in fresh}
    pages = {one.external_id: articles.find_or_create(session, site, one.external_id, now=now) for one in about}
    jobs: list[Job] = []
    for row in fresh:
        parent = session.get_one(Comment, stored[row.parent]) if row.parent is not None else None
        comment = _add(session, site, pages[row.article], parent, authors[row.seq], row, source=origin.source, now=now)
        stored[row.id] = comment.id
        revision = _add_revision(session, comment, row, lease=lease, now=now)
        insert_plainly(
            session,
            ImportedComment(
                site_id=site.id, source=origin.source, external_id=row.id, comment_id=comment.id, created_at=now
            ),
        )
        if row.was is None:
            _give_place(session, comment, revision, now=now)
        else:
            jobs.append(screening_jobs.job_for(session, comment, revision, standing=Standing.GOOD, now=now))
    for one in about:
        # Articles last, as whoever decides about a comment locks it before its article.
        _describe(session, site, pages[one.external_id], one)
    before = [stored[row.id] for row in batch if row not in fresh]
    return Stored(tuple(jobs), _unscreened(session, before), len(fresh) - len(jobs), len(before))


def material(session: Session, site: Site, row: Staged) -> Material:
    """What the screening would be given, were this comment imported."""
    assert row.was is not None
    policy = sites.policy_of(session, site.id).policy
    article = articles.find(session, site, row.article)
    return screening_jobs.imported_material(row.body, site.language, policy, Elsewhere(row.was.value), article=article)


def settled_status(session: Session, revision_id: uuid.UUID) -> str | None:
    """Where the comment stands, once its revision is screened; ``None`` before."""
    return session.scalar(
        select(Comment.status)
        .join(Revision, Revision.comment_id == Comment.id)
        .where(Revision.id == revision_id, Revision.screened_at.is_not(None))
    )


def comment_id(site_id: uuid.UUID, source: str, external_id: str, written_at: dt.datetime) -> uuid.UUID:
    """A UUIDv7 (RFC 9562, section 5.7) of the time when a comment was written. In place of the random bits it has some
    that follow from the comment's name, so that it is the same each time."""
    digest = hashlib.sha256("\0".join((str(site_id), source, external_id)).encode()).digest()
    moment = int(written_at.timestamp() * 1000) & _MILLISECONDS
    number = moment << 80 | int.from_bytes(digest[:10])
    number = number & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62)


def _called(site: Site, source: str, ids: Sequence[str | None]) -> ColumnElement[bool]:
    return (
        (ImportedComment.site_id == site.id)
        & (ImportedComment.source == source)
        & ImportedComment.external_id.in_([one for one in set(ids) if one is not None])
    )


def _stored(session: Session, site: Site, source: str, ids: Sequence[str | None]) -> dict[str | None, uuid.UUID]:
    rows = session.execute(
        select(ImportedComment.external_id, ImportedComment.comment_id).where(_called(site, source, ids))
    )
    return {one.external_id: one[1] for one in rows}


def _author(session: Session, site: Site, row: Staged, origin: Origin, *, now: dt.datetime) -> uuid.UUID:
    if row.was is None:
        # A place has no author: who wrote what is gone is nobody's business.
        erasure.make_nobody(session, now=now)
        return accounts.NOBODY
    is_site_user = origin.are_site_users and row.author_id is not None
    vouched = Vouched(
        issuer=SITE_ISSUER if is_site_user else origin.issuer,
        subject=row.author_id if is_site_user and row.author_id else row.subject,
        name=row.name or origin.nameless,
        language=site.language,
    )
    return site_accounts.keep(session, site, vouched, now=now).id


def _describe(session: Session, site: Site, article: Article, about: StagedArticle) -> None:
    """Note title and address of an article; what is known of it already stays."""
    title = about.title if article.title is None else None
    url = about.url if article.url is None else None
    if title is not None or url is not None:
        articles.apply(article, site, ArticleDetails(title=title, url=url))
        session.flush()


def _add(
    session: Session,
    site: Site,
    article: Article,
    parent: Comment | None,
    author_id: uuid.UUID,
    row: Staged,
    *,
    source: str,
    now: dt.datetime,
) -> Comment:
    written_at = row.created_at or now
    shown_depth = sites.policy_of(session, site.id).policy.shown_depth
    comment = Comment(
        id=comment_id(site.id, source, row.id, written_at),
        site_id=site.id,
        article_id=article.id,
        author_id=author_id,
        parent_id=parent.id if parent else None,
        shown_under_id=submissions.shown_under(session, parent, shown_depth),
        depth=parent.depth + 1 if parent else 1,
        imported_as=row.was.value if row.was is not None else Status.WITHDRAWN,
        created_at=written_at,
    )
    comment.version = 1
    insert_plainly(session, comment)
    return comment


def _add_revision(
    session: Session, comment: Comment, row: Staged, *, lease: dt.timedelta, now: dt.datetime
) -> Revision:
    is_job = row.was is not None
    revision = Revision(
        comment_id=comment.id,
        number=1,
        body=row.body if is_job else FORGOTTEN,
        # When it came here, which is when its waiting began.
        created_at=now,
        screened_at=None if is_job else now,
        attempts=1 if is_job else 0,
        lease_until=now + lease if is_job else None,
        lease_token=new_id() if is_job else None,
    )
    insert_plainly(session, revision)
    return revision


def _give_place(session: Session, comment: Comment, revision: Revision, *, now: dt.datetime) -> None:
    """Withdrawn, so that replies have something to stand under."""
    locked = publication.lock(session, comment.id)
    assert locked is not None
    publication.decide(session, locked, revision, Change("withdraw", (IMPORTED,)), now=now)


def _unscreened(session: Session, comment_ids: Sequence[uuid.UUID]) -> tuple[uuid.UUID, ...]:
    waiting = Revision.comment_id.in_(comment_ids), Revision.number == 1, Revision.screened_at.is_(None)
    return tuple(session.scalars(select(Revision.id).where(*waiting)))
