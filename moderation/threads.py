"""Reading: what the readers of an article see.

Pages are key ranges, never offsets: a comment that is there from the first page to the last is on exactly one of them,
whatever is written meanwhile. In the order ``top`` a comment whose score changes between two pages may move past the
cursor; clients drop an id that they have already.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from moderation import comment_views, cursors, sites
from moderation.comment_views import CommentQuery, CommentRow, CommentView, Viewer
from moderation.db import Database
from moderation.errors import InvalidInputError, NotFoundError
from moderation.identifiers import parse_id
from moderation.models import Article, Comment, Site, SitePolicy, Status

Sort = Literal["oldest", "newest", "top"]
INLINE_REPLIES = 3
"""So many replies come with their comment; the rest is asked for."""


@dataclass(frozen=True, slots=True)
class Page:
    items: tuple[CommentView, ...]
    next_cursor: str | None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    limit: int = 20
    cursor: str | None = None
    sort: Sort = "oldest"
    flat: bool = False
    """Every comment by itself, replies too, without those that only keep a place in the thread."""


def of_article(session: Session, site_key: str, external_id: str, request: PageRequest, viewer: Viewer) -> Page:
    """The listed top-level comments of an article, each with its first replies down to the site's shown depth.

    Or, if the request is ``flat``, its published comments one after the other.

    Raises:
        NotFoundError: no such site or article.
        InvalidInputError: the cursor is not one of this list's.
    """
    site = sites.by_key(session, site_key)
    article = session.scalar(select(Article).where(Article.site_id == site.id, Article.external_id == external_id))
    if article is None:
        raise NotFoundError("article")
    listed = comment_views.QUERY.where(Comment.article_id == article.id, Comment.listed.is_(True))
    if request.flat:
        query = listed.where(Comment.published_number.is_not(None))
        page = _page(session, session.execute(_paged(query, request)).all(), request, viewer)
        return replace(page, total=article.published_count)
    query = listed.where(Comment.shown_under_id.is_(None)).order_by(*_as_in_the_index(request))
    rows = session.execute(_paged(query, request)).all()
    page = _page(session, rows, request, viewer)
    depth = sites.policy_of(session, site.id).policy.shown_depth
    items = _with_replies(session, page.items, viewer, levels=depth - 1)
    return replace(page, items=items, total=article.thread_count)


@dataclass(frozen=True, slots=True)
class Version:
    """What readers see of an article, as two numbers, and whose pages may read it: equal ones mean that nothing has
    changed for anybody."""

    article_id: uuid.UUID
    content: int
    policy: int
    origins: tuple[str, ...]


def version(database: Database, site_key: str, external_id: str) -> Version:
    """The one that is current, give or take ten milliseconds for what other processes change.

    Raises:
        NotFoundError: no such site or article.
    """
    row = database.ask_recent(_VERSION, {"site": site_key, "article": external_id})
    if row is None:
        with database.read() as session:
            sites.by_key(session, site_key)
        raise NotFoundError("article")
    article, content, policy, origins = row
    return Version(article, content, policy, tuple(origins))


_VERSION = (
    select(
        Article.id,
        Article.public_version,
        select(func.max(SitePolicy.number)).where(SitePolicy.site_id == Site.id).scalar_subquery(),
        Site.allowed_origins,
    )
    .join(Site, Site.id == Article.site_id)
    .where(Site.key == bindparam("site"), Article.external_id == bindparam("article"))
)


def replies(session: Session, comment_id: uuid.UUID, request: PageRequest, viewer: Viewer) -> Page:
    """The comments shown under one comment, the viewer's own ones in whatever status.

    Raises:
        NotFoundError: the comment is not to be seen.
        InvalidInputError: the cursor is not one of this list's.
    """
    _demand_place(session, comment_id, viewer)
    visible: ColumnElement[bool] = Comment.listed.is_(True)
    if viewer.account_id is not None:
        visible = visible | and_(Comment.author_id == viewer.account_id, Comment.status != Status.WITHDRAWN)
    query = comment_views.QUERY.where(Comment.shown_under_id == comment_id, visible)
    rows = session.execute(_paged(query, request)).all()
    page = _page(session, rows, request, viewer)
    return replace(page, items=_with_replies(session, page.items, viewer, levels=1))


def one(session: Session, comment_id: uuid.UUID, viewer: Viewer) -> CommentView:
    """
    Raises:
        NotFoundError: it is not there for this viewer.
    """
    row = session.execute(_ONE, {"comment": comment_id}).one_or_none()
    if row is None or not _visible(row[0], viewer):
        raise NotFoundError("comment")
    return comment_views.load(session, [row], viewer)[0]


_ONE = comment_views.QUERY.where(Comment.id == bindparam("comment"))


def own(
    session: Session,
    account_id: uuid.UUID,
    request: PageRequest,
    *,
    site: str | None = None,
    article: str | None = None,
) -> Page:
    """Everything that an account wrote and did not withdraw, newest first, in every status."""
    query = comment_views.QUERY.where(Comment.author_id == account_id, Comment.status != Status.WITHDRAWN)
    if site is not None:
        query = query.where(Site.key == site)
    if article is not None:
        query = query.where(Article.external_id == article)
    rows = session.execute(_paged(query, request)).all()
    return _page(session, rows, request, Viewer(account_id))


@dataclass(frozen=True, slots=True)
class Counts:
    """How many published comments articles have.

    Attributes:
        numbers: by the site's own ids; 0 for articles that nobody has heard of.
        origins: whose pages may read them.
    """

    numbers: tuple[tuple[str, int], ...]
    origins: tuple[str, ...]


def counts(session: Session, site_key: str, external_ids: Sequence[str]) -> Counts:
    """
    Raises:
        NotFoundError: no such site.
    """
    site = sites.by_key(session, site_key)
    found = session.execute(
        select(Article.external_id, Article.published_count).where(
            Article.site_id == site.id, Article.external_id.in_(external_ids)
        )
    )
    numbers = {**dict.fromkeys(external_ids, 0), **{row.external_id: row.published_count for row in found}}
    return Counts(tuple(numbers.items()), tuple(site.allowed_origins))


def _as_in_the_index(request: PageRequest) -> list[ColumnElement[Any]]:
    """Columns that are the same in every row: PostgreSQL does not see that of ``IS NULL``, and would sort all there are
    instead of reading the first few from the index."""
    same = (Comment.shown_under_id, Comment.listed)
    return [column.asc() if request.sort == "oldest" else column.desc() for column in same]


def _paged(query: CommentQuery, request: PageRequest) -> CommentQuery:
    if request.sort == "top":
        if request.cursor is not None:
            score, last = _position(request, (int, str))
            query = query.where(or_(Comment.score < score, and_(Comment.score == score, Comment.id < last)))
        return query.order_by(Comment.score.desc(), Comment.id.desc()).limit(request.limit + 1)
    descending = request.sort == "newest"
    if request.cursor is not None:
        (last,) = _position(request, (str,))
        query = query.where(Comment.id < last if descending else Comment.id > last)
    return query.order_by(Comment.id.desc() if descending else Comment.id.asc()).limit(request.limit + 1)


def _position(request: PageRequest, kinds: Sequence[type]) -> list[Any]:
    assert request.cursor is not None
    position = cursors.decode(request.cursor, request.sort, kinds)
    last = parse_id(position[-1])
    if last is None or any(abs(number) > 2**31 - 1 for number in position[:-1]):
        raise InvalidInputError("cursor", "invalid_cursor")
    return [*position[:-1], last]


def _page(session: Session, rows: Sequence[CommentRow], request: PageRequest, viewer: Viewer) -> Page:
    shown = rows[: request.limit]
    cursor = None
    if len(rows) > request.limit:
        cursor = _cursor_after(shown[-1][0].score, shown[-1][0].id, request.sort)
    return Page(tuple(comment_views.load(session, shown, viewer)), cursor)


def _cursor_after(score: int, comment_id: uuid.UUID, sort: Sort) -> str:
    return cursors.encode(sort, [score, str(comment_id)] if sort == "top" else [str(comment_id)])


def _with_replies(
    session: Session, items: Sequence[CommentView], viewer: Viewer, *, levels: int
) -> tuple[CommentView, ...]:
    """Each comment with its first replies, theirs with theirs, and so on. One query a level, however many comments."""
    parents = [item.id for item in items if item.reply_count > 0]
    if levels < 1 or not parents:
        return tuple(items)
    numbered = (
        select(
            Comment.id,
            func.row_number().over(partition_by=Comment.shown_under_id, order_by=Comment.id).label("position"),
        )
        .where(Comment.shown_under_id.in_(parents), Comment.listed.is_(True))
        .subquery()
    )
    query = comment_views.QUERY.join(numbered, numbered.c.id == Comment.id).where(numbered.c.position <= INLINE_REPLIES)
    rows = session.execute(query.order_by(Comment.id)).all()
    found = _with_replies(session, comment_views.load(session, rows, viewer), viewer, levels=levels - 1)
    under = {row[0].id: row[0].shown_under_id for row in rows if row[0].shown_under_id is not None}
    by_parent: dict[uuid.UUID, list[CommentView]] = defaultdict(list)
    for reply in found:
        by_parent[under[reply.id]].append(reply)
    return tuple(_add_replies(item, by_parent[item.id]) for item in items)


def _add_replies(item: CommentView, found: Sequence[CommentView]) -> CommentView:
    more = item.reply_count > len(found) and bool(found)
    cursor = _cursor_after(0, found[-1].id, "oldest") if more else None
    return replace(item, replies=tuple(found), replies_cursor=cursor)


def _visible(comment: Comment, viewer: Viewer) -> bool:
    if comment.status == Status.WITHDRAWN:
        return False
    return comment.published_number is not None or comment.author_id == viewer.account_id


def _demand_place(session: Session, comment_id: uuid.UUID, viewer: Viewer) -> None:
    comment = session.get(Comment, comment_id)
    if comment is None or not (comment.listed or _visible(comment, viewer)):
        raise NotFoundError("comment")
