from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from flask import Response, jsonify, request

from api import auth, headers, presenting, public_pages
from api.blueprints.base import Blueprint
from api.limiting import slots
from api.schemas import comments as schemas
from api.schemas.base import PageQuery
from api.services import services
from moderation import appeals, comment_views, publication, screening_jobs, submissions, threads
from moderation.articles import ArticleDetails
from moderation.comment_views import Viewer
from moderation.models import Status
from moderation.screening.pipeline import screen
from moderation.submissions import NewComment, Submitted
from moderation.threads import Page, PageRequest

blueprint = Blueprint("Comments", __name__, description="Reading and writing comments.")

# Made once: a schema copies all of its fields when it is made.
_OWN_COMMENT = schemas.OwnComment()
_THREAD_PAGE = schemas.ThreadPage()
_IDEMPOTENCY_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "A request repeated with the same key within 24 hours makes no second comment.",
}


@blueprint.route("/sites/<site>/articles/<article>/comments", methods=["GET"])
@blueprint.arguments(schemas.ThreadQuery, location="query")
@blueprint.response(200, schemas.ThreadPage)
def thread(query: dict[str, Any], site: str, article: str) -> dict[str, Any] | Response:
    """Published top-level comments of an article, each with its first replies.

    Without a token the answer has an `ETag`, and shared caches may keep it for a second.
    """
    held = services()
    viewer = auth.viewer()

    def page_for(viewer: Viewer) -> dict[str, Any]:
        with held.database.read() as session:
            found = threads.of_article(session, site, article, PageRequest(**query), viewer)
        return {**_page(found), "total": found.total}

    address = ("thread", site, article, *query.values())
    question = partial(threads.version, held.database, site, article)

    def make(_: threads.Version) -> Any:
        return _THREAD_PAGE.dump(page_for(Viewer()))

    if viewer.account_id is None:
        return public_pages.answer(held.public_pages, address, question, make)
    public = public_pages.page(held.public_pages, address, question(), make)
    if comment_views.concern(held.database, viewer, public.comments):
        return page_for(viewer)
    # Most of those who read have neither written nor voted here, and see what everybody sees.
    return Response(public.body, mimetype="application/json")


@blueprint.route("/sites/<site>/articles/<article>/comments", methods=["POST"])
@blueprint.arguments(schemas.NewCommentIn)
@blueprint.doc(parameters=[_IDEMPOTENCY_HEADER])
@blueprint.response(201, schemas.OwnComment)
@auth.requires("account")
def submit(wish: dict[str, Any], site: str, article: str) -> Response | dict[str, Any]:
    """Write a comment.

    It is stored before it is screened, and screened before anybody else sees it. The answer waits for the outcome for a
    short while; after that it says `screening`, and `GET /comments/{comment_id}` tells how it went on.
    """
    held = services()
    held.runner.demand_room()
    command = _command(wish, site, article)
    with held.runner.expecting():
        submitted = _stored(command)
        headers.let_read(command.origin)
        if submitted.answer is not None:
            return _created(submitted.answer, replayed=True)
        answer: dict[str, Any] = _OWN_COMMENT.dump(_screened(submitted))
    if answer["status"] == Status.SCREENING:
        # Any other status came of a decision, whose end waited for the disk.
        with held.database.write() as session:
            screening_jobs.settle(session, submitted.comment_id)
    if command.idempotency_key is not None and submitted.job is not None:
        # A repetition that comes while the first request is still at work must not speak for it. If the answer is lost
        # with the machine's power, a repetition is answered with how the comment stands.
        with held.database.write_hastily() as session:
            submissions.keep_answer(session, command, auth.actor(), answer)
    return _created(answer, replayed=submitted.job is None)


def _stored(command: NewComment) -> Submitted:
    held = services()
    taken = slots(held.settings, "posts", account=str(auth.account().id), site=command.site)
    held.limiters.lenient.take(*taken, now=held.clock())
    with held.database.write_hastily() as session:
        return submissions.submit(
            session, command, actor=auth.actor(), lease=held.settings.screening_lease, now=held.clock()
        )


def _screened(submitted: Submitted) -> dict[str, Any]:
    """The comment once it is screened, or as it stands if that takes longer. What is known needs not be read again."""
    change = services().runner.run(submitted.job) if submitted.job is not None else None
    is_refused = change is not None and publication.status_after(change) == Status.REJECTED
    if change is None or submitted.written is None or is_refused:
        return _own(submitted.comment_id)
    return presenting.comment(comment_views.decided(submitted.written, change))


def _created(answer: dict[str, Any], *, replayed: bool) -> Response:
    made = jsonify(answer)
    made.status_code = 201
    made.headers["Location"] = f"/api/v1/comments/{answer['id']}"
    if replayed:
        made.headers["Idempotent-Replay"] = "true"
    return made


@blueprint.route("/sites/<site>/articles/<article>/comments/preview", methods=["POST"])
@blueprint.arguments(schemas.PreviewIn)
@blueprint.response(200, schemas.PreviewOut)
@auth.requires("account")
def preview(wish: dict[str, Any], site: str, article: str) -> dict[str, Any]:
    """What would happen to a text. Stores nothing."""
    held = services()
    now = held.clock()
    actor = auth.actor()
    held.limiters.lenient.take(*slots(held.settings, "previews", account=str(actor.account_id), site=site), now=now)
    with held.database.read() as session:
        material = submissions.preview(session, _command(wish, site, article), actor=actor, now=now)
    return presenting.preview(material.text, screen(material, held.runner.screener.rules, held.classifier))


@blueprint.route("/comments/<uuid:comment_id>", methods=["GET"])
@blueprint.response(200, schemas.Comment)
def one(comment_id: uuid.UUID) -> dict[str, Any]:
    """One comment. Your own in any status, other people's if it is published."""
    with services().database.read() as session:
        return presenting.comment(threads.one(session, comment_id, auth.viewer()))


@blueprint.route("/comments/<uuid:comment_id>/replies", methods=["GET"])
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, schemas.RepliesPage)
def replies(query: dict[str, Any], comment_id: uuid.UUID) -> dict[str, Any]:
    """Replies to a comment, oldest first. Your own in any status."""
    with services().database.read() as session:
        return _page(threads.replies(session, comment_id, PageRequest(**query), auth.viewer()))


@blueprint.route("/comments/<uuid:comment_id>", methods=["PATCH"])
@blueprint.arguments(schemas.EditIn)
@blueprint.response(200, schemas.OwnComment)
@auth.requires("account")
def edit(wish: dict[str, Any], comment_id: uuid.UUID) -> dict[str, Any]:
    """Edit your own comment. The new text is screened; readers see the last published one until it is cleared."""
    held, actor, now = services(), auth.actor(), services().clock()
    held.runner.demand_room()
    with held.database.read() as session:
        site = submissions.site_of(session, comment_id)
    # What is written anew costs as much as what is new.
    held.limiters.lenient.take(*slots(held.settings, "posts", account=str(actor.account_id), site=site), now=now)
    with held.database.write() as session:
        job = submissions.edit(
            session, comment_id, wish["body"], actor=actor, lease=held.settings.screening_lease, now=now
        )
    if job is not None:
        held.runner.run(job)
    return _own(comment_id)


@blueprint.route("/comments/<uuid:comment_id>", methods=["DELETE"])
@blueprint.response(204)
@auth.requires("account")
def withdraw(comment_id: uuid.UUID) -> None:
    """Withdraw your own comment for good."""
    held = services()
    with held.database.write() as session:
        submissions.withdraw(session, comment_id, actor=auth.actor(), now=held.clock())


@blueprint.route("/comments/<uuid:comment_id>/appeal", methods=["POST"])
@blueprint.arguments(schemas.AppealIn)
@blueprint.response(201, schemas.OwnComment)
@auth.requires("account")
def appeal(wish: dict[str, Any], comment_id: uuid.UUID) -> dict[str, Any]:
    """Have a moderator look once more at your own refused comment. Nobody else sees it meanwhile.

    Once for each refusal; the same appeal again changes nothing.
    """
    held, actor, now = services(), auth.actor(), services().clock()
    with held.database.read() as session:
        site = submissions.site_of(session, comment_id)
    held.limiters.lenient.take(*slots(held.settings, "appeals", account=str(actor.account_id), site=site), now=now)
    with held.database.write() as session:
        appeals.appeal(session, comment_id, wish["text"], actor=actor, now=now)
    return _own(comment_id)


@blueprint.route("/accounts/me/comments", methods=["GET"])
@blueprint.arguments(schemas.OwnCommentsQuery, location="query")
@blueprint.response(200, schemas.OwnCommentsPage)
@auth.requires("account")
def own_comments(query: dict[str, Any]) -> dict[str, Any]:
    """Your own comments in every status, newest first, with what became of them and why."""
    request_ = PageRequest(query["limit"], query["cursor"], "newest")
    with services().database.read() as session:
        page = threads.own(session, auth.account().id, request_, site=query["site"], article=query["article"])
    return _page(page)


def _command(wish: dict[str, Any], site: str, article: str) -> NewComment:
    return NewComment(
        site=site,
        article=article,
        body=wish["body"],
        parent_id=wish["parent_id"],
        idempotency_key=request.headers.get("Idempotency-Key"),
        origin=request.headers.get("Origin"),
        details=ArticleDetails(**(wish.get("article") or {})),
    )


def _own(comment_id: uuid.UUID) -> dict[str, Any]:
    with services().database.read() as session:
        return presenting.comment(threads.one(session, comment_id, Viewer(auth.account().id)))


def _page(page: Page) -> dict[str, Any]:
    return {"items": [presenting.comment(view) for view in page.items], "next_cursor": page.next_cursor}
