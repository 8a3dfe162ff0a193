"""Articles come into being when the site registers them, or with the first comment from one of the site's pages."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from moderation.actors import Actor
from moderation.errors import InvalidInputError, NotFoundError
from moderation.models import Article, Site
from moderation.text.input import clean_name

_TITLE_LENGTH = 500
_URL_LENGTH = 2000
_EXTERNAL_ID_LENGTH = 200


@dataclass(frozen=True, slots=True)
class ArticleDetails:
    """What is to be known of an article. ``None`` leaves a value as it is."""

    title: str | None = None
    url: str | None = None
    closed: bool | None = None
    premoderated: bool | None = None


def find(session: Session, site: Site, external_id: str) -> Article | None:
    return session.scalar(_FIND, {"site": site.id, "article": external_id})


_FIND = select(Article).where(Article.site_id == bindparam("site"), Article.external_id == bindparam("article"))


def get(session: Session, site: Site, external_id: str) -> Article:
    """
    Raises:
        NotFoundError: nobody registered it and nobody commented on it yet.
    """
    article = find(session, site, external_id)
    if article is None:
        raise NotFoundError("article")
    return article


def register(
    session: Session, site: Site, external_id: str, details: ArticleDetails, *, actor: Actor, now: dt.datetime
) -> Article:
    """Make an article known, or change what is known of it. For the site's own staff and server.

    Raises:
        NotFoundError: the actor does not work for the site, which is then none of their business.
        ForbiddenError: the actor is a reader.
        InvalidInputError: a value is not acceptable.
    """
    actor.demand_staff()
    if not actor.may_moderate(site.id):
        raise NotFoundError("site")
    article = find_or_create(session, site, external_id, now=now)
    apply(article, site, details)
    session.flush()
    return article


def find_or_create(session: Session, site: Site, external_id: str, *, now: dt.datetime) -> Article:
    """
    Raises:
        InvalidInputError: the publisher's id is too long or holds control characters.
    """
    article = find(session, site, external_id)
    if article is not None:
        return article
    check_external_id(external_id)
    try:
        with session.begin_nested():
            article = Article(site_id=site.id, external_id=external_id, created_at=now)
            session.add(article)
    except IntegrityError:
        # Somebody else's first comment on the same article was a moment earlier.
        return get(session, site, external_id)
    return article


def check_external_id(external_id: str) -> None:
    """
    Raises:
        InvalidInputError: for field ``article``.
    """
    if not external_id or len(external_id) > _EXTERNAL_ID_LENGTH or not external_id.isprintable():
        raise InvalidInputError("article", "invalid_article_id")


def apply(article: Article, site: Site, details: ArticleDetails) -> None:
    """Change what is known of an article.

    Raises:
        InvalidInputError: the title is empty or too long, or the URL is not on one of the site's origins.
    """
    if details.title is not None:
        article.title = _check_title(details.title)
    if details.url is not None:
        article.url = _check_url(site, details.url)
    if details.closed is not None:
        article.closed = details.closed
    if details.premoderated is not None:
        article.premoderated = details.premoderated
    # Counted by the database: somebody else may be counting.
    article.public_version = Article.public_version + 1


def _check_title(title: str) -> str:
    if len(title) > _TITLE_LENGTH:
        raise InvalidInputError("title", "too_long", maximum=_TITLE_LENGTH)
    return clean_name(title, field="title", max_length=_TITLE_LENGTH)


def _check_url(site: Site, url: str) -> str:
    if len(url) > _URL_LENGTH or not url.isprintable() or _origin_of(url) not in site.allowed_origins:
        raise InvalidInputError("url", "invalid_article_url")
    return url


def _origin_of(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:  # A bracket that is not closed, say.
        return None
    return f"{parts.scheme}://{parts.netloc}".lower()
