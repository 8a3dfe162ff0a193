"""What authors do with their own comments: submit, edit, withdraw, try out."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from moderation import (
    accounts,
    appeal_records,
    articles,
    author_facts,
    comment_views,
    publication,
    screening_jobs,
    sites,
    standings,
)
from moderation.actors import Actor
from moderation.articles import ArticleDetails
from moderation.comment_views import CommentView
from moderation.db import insert_plainly
from moderation.errors import (
    ArticleClosedError,
    DuplicateCommentError,
    EditWindowClosedError,
    IdempotencyKeyReusedError,
    InvalidInputError,
    NotAuthorError,
    NotEditableError,
    NotFoundError,
    RequestInProgressError,
)
from moderation.identifiers import new_id
from moderation.models import Account, Article, Comment, IdempotencyKey, Revision, Site, SitePolicy, Status
from moderation.publication import Change
from moderation.screening.context import ArticleFacts
from moderation.screening.pipeline import Material
from moderation.screening_jobs import Job
from moderation.standings import SiteStanding
from moderation.text.input import clean

SAME_TEXT_S = 60
"""Within so many seconds the same text is taken for a slip of the finger or a robot, whatever it says."""
KEEP_IDEMPOTENCY_KEYS = dt.timedelta(hours=24)
_KEY_LENGTH = 200


@dataclass(frozen=True, slots=True)
class NewComment:
    site: str
    article: str
    body: str
    parent_id: uuid.UUID | None = None
    idempotency_key: str | None = None
    origin: str | None = None
    """Of the page that the reader writes on; ``None`` if no browser sent the request."""
    details: ArticleDetails = ArticleDetails()
    """What that page says of the article, for the first comment on it."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A stored comment. ``job`` is its screening, claimed for the caller; a repeated request has none."""

    comment_id: uuid.UUID
    job: Job | None
    answer: dict[str, Any] | None = None
    """What the first request with the same idempotency key was answered."""
    written: CommentView | None = None
    """As its author sees it, before it is screened; a repeated request has none."""


def submit(session: Session, command: NewComment, *, actor: Actor, lease: dt.timedelta, now: dt.datetime) -> Submitted:
    """Store a comment, claimed for screening by the caller once the transaction is committed.

    Raises:
        NotFoundError: no such site; or no such article, and nobody who may create it asks.
        OriginNotAllowedError: the page is not the site's.
        NotSignedInError: the account was deleted a moment ago.
        ForeignSiteAccountError: another site vouched for the account, for itself only.
        WarningPendingError: the author was warned, and has not acknowledged it.
        ArticleClosedError: the article takes no more comments.
        InvalidInputError: the body, the parent or the key is not acceptable.
        IdempotencyKeyReusedError: the key was used for another request.
        DuplicateCommentError: the author has sent the same text a moment ago.
    """
    site, article, author, is_sanctioned = _place(session, command, actor, now=now)
    sites.demand_origin(site, command.origin)
    actor.demand_valid_on(site.id)
    accounts.demand_staying(author)
    body = _clean_body(session, site, command.body)
    repeated = _repeated(session, command, actor, now=now)
    if repeated is not None:
        return repeated
    standing = standings.of(session, author.id, site.id, now=now) if is_sanctioned else SiteStanding()
    standing.demand_no_warning()
    article = article or _new_article(session, site, command, now=now)
    if article.closed:
        raise ArticleClosedError
    parent = _parent(session, article, command.parent_id)
    comment = _add(session, site, article, parent, actor, now=now)
    revision = _add_revision(session, comment, body, lease=lease, now=now)
    _remember(session, command, actor, comment, now=now)
    job = screening_jobs.job_for(session, comment, revision, standing=standing.standing, now=now)
    _demand_new(job.material)
    window_s = job.material.policy.edit_window_s
    written = comment_views.written(comment, article, site, author, body, edit_window_s=window_s)
    return Submitted(comment.id, job, written=written)


def edit(
    session: Session, comment_id: uuid.UUID, body: str, *, actor: Actor, lease: dt.timedelta, now: dt.datetime
) -> Job | None:
    """Store a new revision, claimed for screening; ``None`` if the text is the same as before.

    Raises:
        NotSignedInError: the account was deleted a moment ago.
        NotFoundError, NotAuthorError: it is not the actor's comment.
        NotEditableError: it was withdrawn, or a moderator refused it.
        WarningPendingError: the author was warned, and has not acknowledged it.
        EditWindowClosedError: it was written too long ago.
        InvalidInputError: the body is not acceptable.
    """
    author = accounts.demand_present(session, actor.account_id)
    comment = demand_own(session, comment_id, actor)
    if comment.status in (Status.WITHDRAWN, Status.REJECTED):
        raise NotEditableError
    standing = standings.of(session, author.id, comment.site_id, now=now)
    standing.demand_no_warning()
    policy = sites.policy_of(session, comment.site_id).policy
    if now > comment.created_at + dt.timedelta(seconds=policy.edit_window_s):
        raise EditWindowClosedError(minutes=policy.edit_window_s // 60)
    if session.get_one(Article, comment.article_id).closed:
        raise ArticleClosedError
    cleaned = _clean_body(session, session.get_one(Site, comment.site_id), body)
    current = publication.current_revision(session, comment)
    if current.body == cleaned:
        return None
    if current.screened_at is None:
        # Its screening, if one is under way, has lost its object.
        current.screened_at = now
        current.lease_until = current.lease_token = None
    if comment.status == Status.HELD:
        appeal_records.close(session, comment.id, now=now)  # It was about the text before.
    comment.current_number += 1
    comment.status = Status.SCREENING
    comment.edited_at = now
    publication.queue(comment, now=now)
    revision = _add_revision(session, comment, cleaned, lease=lease, now=now)
    if comment.published_number is not None:
        publication.renew(session, comment.article_id)  # Readers see that it was edited.
    return screening_jobs.job_for(session, comment, revision, standing=standing.standing, now=now)


def site_of(session: Session, comment_id: uuid.UUID) -> str:
    """The key of the site that a comment is on; empty if there is no such comment, which :func:`edit` says."""
    return session.scalar(select(Site.key).join(Comment).where(Comment.id == comment_id)) or ""


def withdraw(session: Session, comment_id: uuid.UUID, *, actor: Actor, now: dt.datetime) -> None:
    """Take the actor's own comment back for good. Its place in the thread stays while there are replies.

    Raises:
        NotFoundError, NotAuthorError: it is not the actor's comment.
    """
    comment = demand_own(session, comment_id, actor)
    if comment.status == Status.WITHDRAWN:
        raise NotFoundError("comment")
    retract(session, comment, now=now)


def retract(session: Session, comment: Comment, change: Change | None = None, *, now: dt.datetime) -> None:
    """Take a comment that the caller has locked out of sight, in its author's name; ``change`` says if another did."""
    revision = publication.current_revision(session, comment)
    session.execute(
        update(Revision)
        .where(Revision.comment_id == comment.id, Revision.screened_at.is_(None))
        .values(screened_at=now, lease_until=None, lease_token=None)
        .execution_options(synchronize_session=False)
    )
    # The stored answers hold the text. One that is about to be kept finds its place taken.
    session.execute(update(IdempotencyKey).where(IdempotencyKey.comment_id == comment.id).values(answer={}))
    own = Change("withdraw", actor_id=comment.author_id, takes_down=True)
    publication.resolve_flags(session, comment, now=now)
    publication.decide(session, comment, revision, change or own, now=now)


def preview(session: Session, command: NewComment, *, actor: Actor, now: dt.datetime) -> Material:
    """What the screening would be given, were this comment submitted. Stores nothing.

    Raises:
        As :func:`submit`.
    """
    site = sites.by_key(session, command.site)
    sites.demand_origin(site, command.origin)
    actor.demand_valid_on(site.id)
    body = _clean_body(session, site, command.body)
    article = articles.find(session, site, command.article)
    if article is None and command.origin is None:
        raise NotFoundError("article")
    if article is not None and article.closed:
        raise ArticleClosedError
    _parent(session, article, command.parent_id)
    policy = sites.policy_of(session, site.id).policy
    standing = standings.of(session, actor.account_id, site.id, now=now).standing
    material = Material(
        text=body,
        site_language=site.language,
        policy=policy,
        author=author_facts.collect(session, actor.account_id, site.id, policy, standing=standing, now=now),
        article=ArticleFacts(premoderated=article.premoderated) if article else ArticleFacts(),
    )
    _demand_new(material)
    return material


def keep_answer(session: Session, command: NewComment, actor: Actor, answer: dict[str, Any]) -> None:
    """Keep what a request was answered, so that its repetition gets the same."""
    session.execute(
        update(IdempotencyKey)
        .where(
            IdempotencyKey.account_id == actor.account_id,
            IdempotencyKey.key == command.idempotency_key,
            IdempotencyKey.answer.is_(None),
        )
        .values(answer=answer)
    )


def forget_old_keys(session: Session, *, now: dt.datetime) -> None:
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at <= now - KEEP_IDEMPOTENCY_KEYS))


def demand_own(session: Session, comment_id: uuid.UUID, actor: Actor) -> Comment:
    """The actor's comment, locked until the transaction ends.

    Raises:
        NotFoundError, NotAuthorError: it is not the actor's comment.
    """
    comment = publication.lock(session, comment_id)
    if comment is None:
        raise NotFoundError("comment")
    if comment.author_id != actor.account_id:
        # Whoever cannot see the comment does not learn that there is one.
        raise NotFoundError("comment") if comment.published_number is None else NotAuthorError
    return comment


def _clean_body(session: Session, site: Site, body: str) -> str:
    cleaned = clean(body)
    maximum = sites.policy_of(session, site.id).policy.max_length
    if len(cleaned) > maximum:
        raise InvalidInputError("body", "too_long", maximum=maximum)
    return cleaned


def _place(
    session: Session, command: NewComment, actor: Actor, *, now: dt.datetime
) -> tuple[Site, Article | None, Account, bool]:
    """Where and by whom is written, and whether the site has anything against the author: what :func:`sites.by_key`,
    :func:`sites.policy_of`, :func:`articles.find` and :func:`accounts.demand_present` would find, in one query."""
    wanted = {"site": command.site, "article": command.article, "account": actor.account_id, "now": now}
    row = session.execute(_PLACE, wanted).one_or_none()
    if row is None:
        site = sites.by_key(session, command.site)
        return site, None, accounts.demand_present(session, actor.account_id), True
    site, article, author, is_sanctioned, *policy = row
    sites.remember_policy(session, site.id, tuple(policy))
    return site, article, author, is_sanctioned


_PLACE = (
    select(Site, Article, Account, standings.IS_SANCTIONED, SitePolicy.id, SitePolicy.number, SitePolicy.policy)
    .select_from(Site)
    .join(Account, Account.id == bindparam("account"))
    .join(SitePolicy, SitePolicy.site_id == Site.id)
    .outerjoin(Article, (Article.site_id == Site.id) & (Article.external_id == bindparam("article")))
    .where(Site.key == bindparam("site"))
    .order_by(SitePolicy.number.desc())
    .limit(1)
    .with_for_update(read=True, key_share=True, of=Account)
    .execution_options(populate_existing=True)
)


def _new_article(session: Session, site: Site, command: NewComment, *, now: dt.datetime) -> Article:
    if command.origin is None:
        raise NotFoundError("article")
    article = articles.find_or_create(session, site, command.article, now=now)
    articles.apply(article, site, ArticleDetails(title=command.details.title, url=command.details.url))
    return article


def _demand_new(material: Material) -> None:
    """A site that minds no repetition (``repeat_window_s`` of 0) minds none here either."""
    if material.policy.repeat_window_s and any(
        earlier.age_s < SAME_TEXT_S and earlier.text == material.text for earlier in material.author.recent
    ):
        raise DuplicateCommentError


def _parent(session: Session, article: Article | None, parent_id: uuid.UUID | None) -> Comment | None:
    if parent_id is None:
        return None
    parent = session.get(Comment, parent_id)
    on_article = parent is not None and article is not None and parent.article_id == article.id
    if parent is None or not on_article or parent.published_number is None:
        raise InvalidInputError("parent_id", "unknown_parent")
    return parent


def _add(
    session: Session, site: Site, article: Article, parent: Comment | None, actor: Actor, *, now: dt.datetime
) -> Comment:
    shown_depth = sites.policy_of(session, site.id).policy.shown_depth
    comment = Comment(
        site_id=site.id,
        article_id=article.id,
        author_id=actor.account_id,
        parent_id=parent.id if parent else None,
        shown_under_id=shown_under(session, parent, shown_depth),
        depth=parent.depth + 1 if parent else 1,
        by_staff=actor.may_moderate(site.id),
        created_at=now,
    )
    comment.version = 1
    insert_plainly(session, comment)
    return comment


def shown_under(session: Session, parent: Comment | None, shown_depth: int) -> uuid.UUID | None:
    """The parent, or the nearest ancestor that still has room for replies below it."""
    above: list[uuid.UUID] = []
    while parent is not None:
        above.append(parent.id)
        parent = session.get_one(Comment, parent.shown_under_id) if parent.shown_under_id else None
    room = max(shown_depth - 1, 0)
    return above[-min(room, len(above))] if above and room else None


def _add_revision(session: Session, comment: Comment, body: str, *, lease: dt.timedelta, now: dt.datetime) -> Revision:
    revision = Revision(
        comment_id=comment.id,
        number=comment.current_number,
        body=body,
        created_at=now,
        attempts=1,
        lease_until=now + lease,
        lease_token=new_id(),
    )
    # What the session holds back is older.
    session.flush()
    insert_plainly(session, revision)
    return revision


def _repeated(session: Session, command: NewComment, actor: Actor, *, now: dt.datetime) -> Submitted | None:
    if command.idempotency_key is None:
        return None
    if not 0 < len(command.idempotency_key) <= _KEY_LENGTH or not command.idempotency_key.isprintable():
        raise InvalidInputError("Idempotency-Key", "invalid_idempotency_key", maximum=_KEY_LENGTH)
    row = session.get(IdempotencyKey, (actor.account_id, command.idempotency_key))
    if row is None:
        return None
    if row.created_at <= now - KEEP_IDEMPOTENCY_KEYS:
        session.delete(row)
        session.flush()
        return None
    if row.fingerprint != _fingerprint(command):
        raise IdempotencyKeyReusedError
    return Submitted(row.comment_id, None, row.answer or None)


def _remember(session: Session, command: NewComment, actor: Actor, comment: Comment, *, now: dt.datetime) -> None:
    if command.idempotency_key is None:
        return
    session.add(
        IdempotencyKey(
            account_id=actor.account_id,
            key=command.idempotency_key,
            fingerprint=_fingerprint(command),
            comment_id=comment.id,
            created_at=now,
        )
    )
    try:
        session.flush()
    except IntegrityError as error:
        # The same request, sent twice at once: the other one is a moment ahead, and this one stores nothing.
        raise RequestInProgressError from error


def _fingerprint(command: NewComment) -> str:
    said = [command.site, command.article, command.body, str(command.parent_id)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
