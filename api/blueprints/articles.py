from __future__ import annotations

from typing import Any

from flask import Response

from api import auth, presenting, public_pages
from api.blueprints import account_pages
from api.blueprints.base import Blueprint
from api.schemas import comments as schemas
from api.schemas.sections import SectionOut
from api.services import services
from moderation import articles, sections, sites, threads
from moderation.articles import ArticleDetails
from moderation.errors import InvalidInputError

blueprint = Blueprint("Articles", __name__, description="What the site's own server says and asks.")

_MOST_COUNTS = 100


@blueprint.route("/sites/<site>/articles/<article>", methods=["PUT"])
@blueprint.arguments(schemas.ArticleIn)
@blueprint.response(200, schemas.RegisteredArticle)
@auth.requires("staff")
def register(wish: dict[str, Any], site: str, article: str) -> dict[str, Any]:
    """Register an article, or change what is known of it. What is left out stays as it is."""
    held = services()
    with held.database.write() as session:
        owner = sites.by_key(session, site)
        details = ArticleDetails(**wish)
        shown = articles.register(session, owner, article, details, actor=auth.actor(), now=held.clock())
        return {
            "site": owner.key,
            "id": shown.external_id,
            "title": shown.title,
            "url": shown.url,
            "closed": shown.closed,
            "premoderated": shown.premoderated,
            "comments": shown.published_count,
        }


@blueprint.route("/sites/<site>/articles/<article>/section", methods=["GET"])
@blueprint.response(200, SectionOut)
def section(site: str, article: str) -> dict[str, Any]:
    """What a comment section must know before anybody writes: limits, whether it is open, how to sign in."""
    with services().database.read() as session:
        return presenting.section(sections.section(session, site, article), account_pages.forgotten_url())


@blueprint.route("/sites/<site>/counts", methods=["GET"])
@blueprint.arguments(schemas.CountsQuery, location="query")
@blueprint.response(200, schemas.CountsOut)
def counts(query: dict[str, Any], site: str) -> Response:
    """How many published comments articles have, for list pages. Unknown articles have 0.

    The answer has an `ETag`, and shared caches may keep it for a second.
    """
    wanted = [part for part in query["articles"].split(",") if part]
    if len(wanted) > _MOST_COUNTS:
        raise InvalidInputError("articles", "too_many")
    held = services()

    def question() -> threads.Counts:
        with held.database.read() as session:
            return threads.counts(session, site, wanted)

    return public_pages.answer(
        held.public_pages, ("counts", site), question, lambda found: {"counts": dict(found.numbers)}
    )
