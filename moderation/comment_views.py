"""A comment as one person may see it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import BindParameter, Row, Select, and_, bindparam, exists, literal, or_, select
from sqlalchemy.orm import Session

from moderation import appeal_records, decisions, publication, sites
from moderation.db import Database
from moderation.models import Account, Appeal, Article, Comment, Decision, Revision, Site, Status, Vote
from moderation.publication import Change

CommentQuery = Select[Comment, Article, str, str, str | None, str]
CommentRow = Row[Comment, Article, str, str, str | None, str]


@dataclass(frozen=True, slots=True)
class Author:
    """``display_name`` is empty where the person is gone; ``language`` is the site's, to say so in.

    ``is_staff`` is true where they wrote the comment as a moderator of the site or as an admin.
    """

    id: uuid.UUID
    display_name: str
    language: str
    is_staff: bool


@dataclass(frozen=True, slots=True)
class ArticleRef:
    site: str
    id: str
    title: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class OwnState:
    """What only a comment's author is told of it."""

    status: str
    revision: int
    published_revision: int | None
    body: str
    reasons: tuple[str, ...]
    decided_by: Literal["machine", "moderator"] | None
    note: str | None
    editable_until: dt.datetime | None
    appealable_until: dt.datetime | None = None
    """Until when the author may ask for a second look at the refusal; ``None`` if they may not."""
    appeal: Appeal | None = None
    """The one against the refusal that is in force, or whose outcome is."""


@dataclass(frozen=True, slots=True)
class CommentView:
    """A comment as one person may see it. Without ``body`` and ``author`` it only keeps its place in the thread."""

    id: uuid.UUID
    article: ArticleRef
    parent_id: uuid.UUID | None
    depth: int
    author: Author | None
    body: str | None
    revision: int | None
    created_at: dt.datetime
    edited_at: dt.datetime | None
    score: int
    own_vote: int
    reply_count: int
    replies: tuple[CommentView, ...] = ()
    replies_cursor: str | None = None
    own: OwnState | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom is read; nobody in particular if there is no account."""

    account_id: uuid.UUID | None = None


def written(
    comment: Comment, article: Article, site: Site, author: Account, body: str, *, edit_window_s: int
) -> CommentView:
    """A new comment as its author sees it before it is screened: what :func:`load` would find, were it asked."""
    return CommentView(
        id=comment.id,
        article=ArticleRef(site.key, article.external_id, article.title, article.url),
        parent_id=comment.parent_id,
        depth=comment.depth,
        author=Author(author.id, author.display_name, site.language, comment.by_staff),
        body=body,
        revision=comment.current_number,
        created_at=comment.created_at,
        edited_at=None,
        score=0,
        own_vote=0,
        reply_count=0,
        own=_own_state(comment, body, None, edit_window_s),
    )


def decided(view: CommentView, change: Change) -> CommentView:
    """The same comment once the machine has decided about it."""
    assert view.own is not None
    status = publication.status_after(change)
    own = replace(
        view.own,
        status=status,
        published_revision=view.revision if status == Status.PUBLISHED else None,
        reasons=tuple(change.reasons),
        decided_by="machine",
        editable_until=view.own.editable_until if _is_editable(status) else None,
    )
    return replace(view, own=own)


# Made once, as the statements below: making one takes longer than running it.
QUERY: CommentQuery = (
    select(Comment, Article, Site.key, Account.display_name, Revision.body, Site.language)
    .join(Article, Article.id == Comment.article_id)
    .join(Site, Site.id == Comment.site_id)
    .join(Account, Account.id == Comment.author_id)
    .outerjoin(Revision, and_(Revision.comment_id == Comment.id, Revision.number == Comment.published_number))
)
"""Comments with what is needed to show them; the text is that of the published revision."""


def load(session: Session, rows: Sequence[CommentRow], viewer: Viewer) -> list[CommentView]:
    others = [row[0].id for row in rows if row[0].author_id != viewer.account_id]
    votes = _own_votes(session, others, viewer)
    own_states = _own_states(session, [row for row in rows if row[0].author_id == viewer.account_id])
    return [_view(row, votes.get(row[0].id, 0), own_states.get(row[0].id)) for row in rows]


def concern(database: Database, viewer: Viewer, ids: Sequence[uuid.UUID]) -> bool:
    """Whether any of these comments looks different to the viewer than to anybody else: their own, or voted on."""
    values = {"account": viewer.account_id, "comments": list(ids)}
    return bool(ids) and database.ask(_CONCERNING, values) is not None


def _view(row: CommentRow, own_vote: int, own_state: OwnState | None) -> CommentView:
    comment, article, site_key, author_name, published_body, language = row
    body = own_state.body if own_state is not None else published_body
    shown = body is not None
    return CommentView(
        id=comment.id,
        article=ArticleRef(site_key, article.external_id, article.title, article.url),
        parent_id=comment.parent_id,
        depth=comment.depth,
        author=Author(comment.author_id, author_name, language, is_by_staff(comment, author_name)) if shown else None,
        body=body,
        revision=(own_state.revision if own_state else comment.published_number) if shown else None,
        created_at=comment.created_at,
        edited_at=comment.edited_at if shown else None,
        score=comment.score if shown else 0,
        own_vote=own_vote,
        reply_count=comment.reply_count,
        own=own_state,
    )


def is_by_staff(comment: Comment, author_name: str) -> bool:
    """Who is gone speaks for nobody, also while their comments are still being settled."""
    return comment.by_staff and author_name != ""


def _own_votes(session: Session, ids: Sequence[uuid.UUID], viewer: Viewer) -> dict[uuid.UUID, int]:
    if viewer.account_id is None or not ids:
        return {}
    found = session.execute(_VOTES, {"account": viewer.account_id, "comments": ids})
    return {row.comment_id: row.value for row in found}


def _own_states(session: Session, rows: Sequence[CommentRow]) -> dict[uuid.UUID, OwnState]:
    by_id = {row[0].id: row[0] for row in rows if row[0].status != Status.WITHDRAWN}
    if not by_id:
        return {}
    bodies = _newest_bodies(session, rows)
    made: defaultdict[uuid.UUID, list[Decision]] = defaultdict(list)
    for decision in session.scalars(_DECISIONS, {"comments": list(by_id)}):
        made[decision.comment_id].append(decision)
    policies = {site_id: sites.policy_of(session, site_id).policy for site_id in {c.site_id for c in by_id.values()}}
    refused = [one for one in by_id if any(decision.to_status == Status.REJECTED for decision in made[one])]
    appealed = appeal_records.of_comments(session, refused)
    states = {}
    for comment_id, comment in by_id.items():
        standing, policy = decisions.standing(made[comment_id]), policies[comment.site_id]
        in_force = standing[-1] if standing else None
        state = _own_state(comment, bodies[comment_id], in_force, policy.edit_window_s)
        appeal = appeal_records.concerning(appealed.get(comment_id, ()), made[comment_id])
        if appeal is None and in_force is not None and comment.status == Status.REJECTED:
            author = session.get_one(Account, comment.author_id)
            until = appeal_records.possible_until(author, state.body, in_force, days=policy.appeal_days)
            state = replace(state, appealable_until=until)
        states[comment_id] = replace(state, appeal=appeal)
    return states


def _newest_bodies(session: Session, rows: Sequence[CommentRow]) -> dict[uuid.UUID, str]:
    """The text of each comment's newest revision. What is published has come along already."""
    known = {row[0].id: row[4] for row in rows if row[0].published_number == row[0].current_number}
    others = [row[0].id for row in rows if row[0].id not in known]
    if others:
        found = session.execute(_NEWEST_BODIES, {"comments": others})
        known |= {row.comment_id: row.body for row in found}
    return {comment_id: body for comment_id, body in known.items() if body is not None}


def _own_state(comment: Comment, body: str, decision: Decision | None, edit_window_s: int) -> OwnState:
    settled = decision if decision is not None and decision.to_status == comment.status else None
    return OwnState(
        status=comment.status,
        revision=comment.current_number,
        published_revision=comment.published_number,
        body=body,
        reasons=tuple(settled.reasons) if settled else (),
        decided_by=None if settled is None else "machine" if settled.actor_id is None else "moderator",
        note=settled.note if settled else None,
        editable_until=comment.created_at + dt.timedelta(seconds=edit_window_s)
        if _is_editable(comment.status)
        else None,
    )


def _is_editable(status: str) -> bool:
    return status not in (Status.REJECTED, Status.WITHDRAWN)


_COMMENTS: BindParameter[Any] = bindparam("comments", expanding=True)
_VOTES = select(Vote.comment_id, Vote.value).where(
    Vote.account_id == bindparam("account"), Vote.comment_id.in_(_COMMENTS)
)
_CONCERNING = select(literal(1)).where(
    or_(
        exists().where(Vote.account_id == bindparam("account"), Vote.comment_id.in_(_COMMENTS)),
        exists().where(Comment.author_id == bindparam("account"), Comment.id.in_(_COMMENTS)),
    )
)
_DECISIONS = select(Decision).where(Decision.comment_id.in_(_COMMENTS)).order_by(Decision.id)
_NEWEST_BODIES = (
    select(Revision.comment_id, Revision.body)
    .join(Comment, and_(Comment.id == Revision.comment_id, Comment.current_number == Revision.number))
    .where(Comment.id.in_(_COMMENTS))
)
