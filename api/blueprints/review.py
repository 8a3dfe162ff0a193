from __future__ import annotations

import uuid
from typing import Any

import structlog

from api import auth, presenting
from api.blueprints.base import Blueprint
from api.schemas import review as schemas
from api.services import services
from moderation import review_queue
from moderation.review_queue import QueueRequest, Review, Reviewed

log = structlog.get_logger()

blueprint = Blueprint("Review", __name__, description="For moderators: what waits, and deciding about it.")


@blueprint.route("/review-queue", methods=["GET"])
@blueprint.arguments(schemas.QueueQuery, location="query")
@blueprint.response(200, schemas.QueuePageOut)
@auth.requires("staff")
def queue(query: dict[str, Any]) -> dict[str, Any]:
    """What waits on your sites: held comments, and published ones that readers flagged."""
    with services().database.read() as session:
        page = review_queue.page(session, QueueRequest(**query), actor=auth.actor())
        items = [presenting.queue_item(item) for item in page.items]
    return {"items": items, "next_cursor": page.next_cursor, "counts": page.counts}


@blueprint.route("/review-queue/<uuid:comment_id>", methods=["GET"])
@blueprint.response(200, schemas.QueueItemOut)
@auth.requires("staff")
def item(comment_id: uuid.UUID) -> dict[str, Any]:
    """One comment of your sites with everything around it, whether it waits or not."""
    with services().database.read() as session:
        return presenting.queue_item(review_queue.item(session, comment_id, actor=auth.actor()))


@blueprint.route("/comments/<uuid:comment_id>/decisions", methods=["GET"])
@blueprint.response(200, schemas.HistoryOut)
@auth.requires("staff")
def history(comment_id: uuid.UUID) -> dict[str, Any]:
    """Every decision about a comment, oldest first."""
    with services().database.read() as session:
        found = review_queue.history(session, comment_id, actor=auth.actor())
        return {"items": [presenting.decision(made, revision, actor) for made, revision, actor in found]}


@blueprint.route("/review-queue/<uuid:comment_id>/decision", methods=["PUT"])
@blueprint.arguments(schemas.ReviewIn)
@blueprint.response(200, schemas.ReviewedOut)
@auth.requires("staff")
def decide(wish: dict[str, Any], comment_id: uuid.UUID) -> dict[str, Any]:
    """Publish or reject the version that you looked at; 409 `stale_review` if it is no longer the current one."""
    held = services()
    with held.database.write() as session:
        review = Review(comment_id=comment_id, **wish)
        result = review_queue.decide(session, review, actor=auth.actor(), now=held.clock())
    _log(result)
    return presenting.reviewed(result, auth.account().display_name)


@blueprint.route("/review-queue/decisions", methods=["POST"])
@blueprint.arguments(schemas.BatchIn)
@blueprint.response(200, schemas.BatchOut)
@auth.requires("staff")
def decide_many(wish: dict[str, Any]) -> dict[str, Any]:
    """Decide about up to 100 comments. Each gets a result of its own; one that fails does not stop the others."""
    held = services()
    reviews = [Review(**entry) for entry in wish["decisions"]]
    results = review_queue.decide_many(held.database, reviews, actor=auth.actor(), now=held.clock())
    for entry in results:
        if entry.reviewed is not None:
            _log(entry.reviewed)
    return presenting.batch(results, auth.account().display_name)


def _log(result: Reviewed) -> None:
    made = result.decision
    log.info(
        "decided",
        comment_id=str(made.comment_id),
        actor_id=str(made.actor_id),
        action=made.action,
        from_status=made.from_status,
        to_status=made.to_status,
    )
