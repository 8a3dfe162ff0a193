"""The demo site with its article, accounts and comments, for trying Vorab out.

Never load it next to a real site: the passwords of its moderator and its admin are public.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import select

from moderation import articles, sites
from moderation.actors import Actor
from moderation.articles import ArticleDetails
from moderation.db import Database
from moderation.errors import NotFoundError
from moderation.models import Article, Comment, Revision, Site
from moderation.passwords import Hasher
from moderation.screener import Screener
from moderation.sites import NewSite
from moderation.text.input import clean
from seeds import people, playing
from seeds.article import ARTICLE_ID, DemoArticle, article
from seeds.comparison import compare
from seeds.people import DemoAccount, DemoAccounts
from seeds.playing import MODERATOR, Stage
from seeds.timeline import Posting, Step, steps

__all__ = ["ARTICLE_ID", "SITE_KEY", "SITE_NAME", "DemoAccount", "DemoAccounts", "DemoArticle", "article", "load_demo"]

SITE_KEY = "demo"
SITE_NAME = "Musterstädter Morgenblatt"
_SPAN = dt.timedelta(days=2)


def load_demo(
    database: Database,
    screener: Screener,
    hasher: Hasher,
    *,
    clock: Callable[[], dt.datetime],
    origins: Sequence[str],
    report: Callable[[str], None],
) -> DemoAccounts:
    """Create what is missing of the demo. A second run changes nothing; one after an interruption goes on from there.

    The comments are spread over the two days before the first run. Each is screened by the given screener's rules and
    classifier: what is published and what is held is the machine's word, save for a few decisions of the demo's
    moderator.

    Args:
        origins: where the demo's page is served, e.g. ``http://127.0.0.1:8000``; at least one; the article is on the
            first.
        report: takes one line of progress at a time, in English.

    Raises:
        ClassifierUnavailableError: there is no classifier to screen the comments with. Load again once there is.
        InvalidInputError: an origin is none.
    """
    opened_at = _opened_at(database, clock)
    _prepare_site(database, origins, opened_at)
    actors = people.settle(database, hasher, SITE_KEY, opened_at=opened_at)
    article_id = _prepare_article(database, origins, actors[MODERATOR], opened_at)
    stage = Stage(database, screener, clock, SITE_KEY, ARTICLE_ID, opened_at, actors)
    stage.comments.update(_known_comments(database, article_id, actors))
    _play(stage, report)
    return people.demo_accounts()


def _opened_at(database: Database, clock: Callable[[], dt.datetime]) -> dt.datetime:
    """When the article opened: two days before the demo was first loaded."""
    latest = clock() - _SPAN
    with database.read() as session:
        created_at = session.scalar(
            select(Article.created_at)
            .join(Site, Site.id == Article.site_id)
            .where(Site.key == SITE_KEY, Article.external_id == ARTICLE_ID)
        )
    return min(created_at, latest) if created_at else latest


def _prepare_site(database: Database, origins: Sequence[str], opened_at: dt.datetime) -> None:
    with database.write() as session:
        try:
            site = sites.by_key(session, SITE_KEY)
        except NotFoundError:
            sites.create(session, NewSite(SITE_KEY, SITE_NAME, "de", tuple(origins)), now=opened_at)
            return
        missing = [origin for origin in origins if origin.lower() not in site.allowed_origins]
        if missing:
            sites.set_origins(site, [*site.allowed_origins, *missing])


def _prepare_article(database: Database, origins: Sequence[str], actor: Actor, opened_at: dt.datetime) -> uuid.UUID:
    """The article, on the first of the origins: another port than last time moves it."""
    url = f"{origins[0]}/"
    with database.write() as session:
        site = sites.by_key(session, SITE_KEY)
        found = articles.find(session, site, ARTICLE_ID)
        if found is None or found.url != url:
            details = ArticleDetails(title=article().title, url=url)
            found = articles.register(session, site, ARTICLE_ID, details, actor=actor, now=opened_at)
        return found.id


def _known_comments(database: Database, article_id: uuid.UUID, actors: Mapping[str, Actor]) -> dict[str, uuid.UUID]:
    """Comments of an earlier run. They are known by author and first text, which nothing ever changes."""
    with database.read() as session:
        rows = session.execute(
            select(Comment.author_id, Revision.body, Comment.id)
            .join(Revision, (Revision.comment_id == Comment.id) & (Revision.number == 1))
            .where(Comment.article_id == article_id)
        )
        stored = {(author_id, body): comment_id for author_id, body, comment_id in rows}
    keys = {
        step.key: (actors[step.author].account_id, clean(step.body)) for step in steps() if isinstance(step, Posting)
    }
    return {key: stored[sign] for key, sign in keys.items() if sign in stored}


def _play(stage: Stage, report: Callable[[str], None]) -> None:
    """Play what comes after the last comment that is there already."""
    everything = steps()
    begin = _first_missing(everything, stage.comments)
    if begin == len(everything):
        report("The demo's comments are there already.")
        return
    # A classifier that is not there says so here, before anything is stored that would have to wait for it.
    _ = stage.screener.classifier.identity
    _screen_leftovers(stage)
    for number, step in enumerate(everything[begin:], start=begin + 1):
        done = playing.play(stage, step)
        if isinstance(step, Posting):
            remark = "" if done else ": left out, what it replies to is not published"
            report(f"{number}/{len(everything)} {step.key}{remark}")
    with stage.database.read() as session:
        postings = [step for step in everything if isinstance(step, Posting)]
        for line in compare(session, postings, stage.comments).lines():
            report(line)


def _screen_leftovers(stage: Stage) -> None:
    """Screen what an interrupted run stored and did not come to screen, so that its replies have a parent."""
    with stage.database.read() as session:
        waiting = session.scalars(
            select(Revision.id).where(Revision.comment_id.in_(stage.comments.values()), Revision.screened_at.is_(None))
        ).all()
    for revision_id in waiting:
        stage.screener.screen_revision(revision_id)


def _first_missing(everything: Sequence[Step], comments: Mapping[str, uuid.UUID]) -> int:
    there = [n for n, step in enumerate(everything) if isinstance(step, Posting) and step.key in comments]
    return there[-1] + 1 if there else 0
