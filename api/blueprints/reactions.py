from __future__ import annotations

import uuid
from typing import Any

from api import auth
from api.blueprints.base import Blueprint
from api.limiting import slots
from api.schemas import comments as schemas
from api.services import services
from moderation import reactions
from moderation.models import Flag
from moderation.reactions import VoteState

blueprint = Blueprint("Reactions", __name__, description="Votes and flags on other people's comments.")


@blueprint.route("/comments/<uuid:comment_id>/vote", methods=["PUT"])
@blueprint.arguments(schemas.VoteIn)
@blueprint.response(200, schemas.VoteOut)
@auth.requires("account")
def vote(wish: dict[str, Any], comment_id: uuid.UUID) -> VoteState:
    """Vote, or change your vote."""
    held, actor, now = services(), auth.actor(), services().clock()
    held.limiters.lenient.take(*slots(held.settings, "votes", account=str(actor.account_id)), now=now)
    with held.database.write() as session:
        return reactions.vote(session, comment_id, wish["value"], actor=actor, now=now)


@blueprint.route("/comments/<uuid:comment_id>/vote", methods=["DELETE"])
@blueprint.response(204)
@auth.requires("account")
def take_vote_back(comment_id: uuid.UUID) -> None:
    """Take your vote back."""
    with services().database.write() as session:
        reactions.take_vote_back(session, comment_id, actor=auth.actor())


@blueprint.route("/comments/<uuid:comment_id>/flags", methods=["POST"])
@blueprint.arguments(schemas.FlagIn)
@blueprint.response(201, schemas.FlagOut)
@auth.requires("account")
def flag(wish: dict[str, Any], comment_id: uuid.UUID) -> Flag:
    """Ask the moderators to look at a comment, once per comment."""
    held = services()
    now = held.clock()
    actor = auth.actor()
    with held.database.read() as session:
        site = reactions.site_of(session, comment_id)
    held.limiters.lenient.take(*slots(held.settings, "flags", account=str(actor.account_id), site=site), now=now)
    with held.database.write() as session:
        return reactions.flag(session, comment_id, wish["reason"], wish["text"], actor=actor, now=now)
