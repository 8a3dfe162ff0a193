from __future__ import annotations

import uuid
from typing import Any

import structlog
from flask import Response, jsonify, request

from api import auth, presenting
from api.blueprints.base import Blueprint
from api.schemas import review as schemas
from api.services import services
from moderation import queue_state, review_queue, undoing
from moderation.queue_state import Choices
from moderation.review_filters import ReviewFilter
from moderation.review_queue import QueueRequest, Review, Reviewed
from moderation.undoing import TakeBack

log = structlog.get_logger()

blueprint = Blueprint("Review", __name__, description="For moderators: what waits, and deciding about it.")


@blueprint.route("/review-queue", methods=["GET"])
@blueprint.arguments(schemas.QueueQuery, location="query")
@blueprint.response(200, schemas.QueuePageOut)
@auth.requires("staff")
def queue(query: dict[str, Any]) -> dict[str, Any]:
    """What waits on your sites: held comments, published ones with flags, refused ones with an appeal."""
    with services().database.read() as session:
        page = review_queue.page(session, _queue_request(query), actor=auth.actor())
        items = [presenting.queue_item(item, auth.actor().account_id) for item in page.items]
    return {"items": items, "next_cursor": page.next_cursor, "counts": page.counts, "oldest_at": page.oldest_at}


def _queue_request(query: dict[str, Any]) -> QueueRequest:
    paging = {name: query.pop(name) for name in ("sort", "limit", "cursor")}
    return QueueRequest(ReviewFilter(**query), **paging)


@blueprint.route("/review-queue/state", methods=["GET"])
@blueprint.arguments(schemas.StateQuery, location="query")
@blueprint.response(200, schemas.QueueStateOut)
@blueprint.alt_response(304, description="Nothing changed since the answer with this `ETag`.")
@auth.requires("staff")
def state(query: dict[str, Any]) -> Response:
    """How much waits, and what became of the comments that you look at. Ask again with `If-None-Match`."""
    ids = query.pop("ids")
    # The desk tells from the items which of its decisions the counts are without.
    with services().database.read_one_moment() as session:
        found = queue_state.state(session, ReviewFilter(**query), ids, actor=auth.actor())
    answer = jsonify(schemas.QueueStateOut().dump(found))
    answer.add_etag()
    answer.make_conditional(request)
    return answer


@blueprint.route("/review-queue/choices", methods=["GET"])
@blueprint.arguments(schemas.ChoicesQuery, location="query")
@blueprint.response(200, schemas.ChoicesOut)
@auth.requires("staff")
def choices(query: dict[str, Any]) -> Choices:
    """What the queue can be narrowed to, with how many comments wait there."""
    with services().database.read() as session:
        return queue_state.choices(session, query["site"], actor=auth.actor())


@blueprint.route("/review-queue/<uuid:comment_id>", methods=["GET"])
@blueprint.response(200, schemas.QueueItemOut)
@auth.requires("staff")
def item(comment_id: uuid.UUID) -> dict[str, Any]:
    """One comment of your sites with everything around it, whether it waits or not."""
    with services().database.read() as session:
        return presenting.queue_item(
            review_queue.item(session, comment_id, actor=auth.actor()), auth.actor().account_id
        )


@blueprint.route("/comments/<uuid:comment_id>/decisions", methods=["GET"])
@blueprint.response(200, schemas.HistoryOut)
@auth.requires("staff")
def history(comment_id: uuid.UUID) -> dict[str, Any]:
    """Every decision about a comment, oldest first."""
    with services().database.read() as session:
        found = review_queue.history(session, comment_id, actor=auth.actor())
        return {"items": [presenting.recorded(entry) for entry in found]}


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


@blueprint.route("/review-queue/<uuid:comment_id>/decision", methods=["DELETE"])
@blueprint.arguments(schemas.TakeBackQuery, location="query")
@blueprint.response(200, schemas.ReviewedOut)
@auth.requires("staff")
def take_back(query: dict[str, Any], comment_id: uuid.UUID) -> dict[str, Any]:
    """Take your own latest decision back, for a while; everything is as before, and both stay on record."""
    held = services()
    with held.database.write() as session:
        result = undoing.take_back(
            session,
            TakeBack(comment_id, query["version"]),
            actor=auth.actor(),
            window=held.settings.undo_window,
            now=held.clock(),
        )
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
