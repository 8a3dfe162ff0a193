from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.orm import Session

from api import auth, presenting
from api.blueprints.base import Blueprint
from api.schemas import removals as schemas
from api.services import services
from moderation import removals, sanctions
from moderation.removals import NewRemoval
from moderation.sanctions import Author

blueprint = Blueprint("Removals", __name__, description="Taking away all that an author wrote, and giving it back.")

_REMOVALS = "/sites/<site>/authors/<uuid:account_id>/removals"
_AT_ONCE = 20
"""So many comments are gone when the moderator gets the answer; the others follow."""


@blueprint.route(_REMOVALS, methods=["GET"])
@blueprint.response(200, schemas.RemovalsOut)
@auth.requires("staff")
def listed(site: str, account_id: uuid.UUID) -> dict[str, Any]:
    """The latest removals of an author's comments on your site, the newest first."""
    with services().database.read() as session:
        author = sanctions.author_of(session, site, account_id, actor=auth.actor())
        return {"items": [presenting.removal(one) for one in removals.listed(session, author)]}


@blueprint.route(_REMOVALS, methods=["POST"])
@blueprint.arguments(schemas.RemovalIn)
@blueprint.response(202, schemas.RemovalOut)
@auth.requires("staff")
def begin(wish: dict[str, Any], site: str, account_id: uuid.UUID) -> dict[str, Any]:
    """Refuse all that an author has written on your site, or withdraw it in their name.

    It is done comment by comment; ask again to see how far it has got. Each has a decision of its own on record, which
    the author is told like any other.
    """
    held, actor = services(), auth.actor()
    with held.database.write() as session:
        author = sanctions.author_of(session, site, account_id, actor=actor, lock=True)
        made = removals.begin(session, author, NewRemoval(**wish), actor_id=actor.account_id, now=held.clock())
    return _work(author, made.id)


@blueprint.route(f"{_REMOVALS}/<uuid:removal_id>", methods=["GET"])
@blueprint.response(200, schemas.RemovalOut)
@auth.requires("staff")
def one(site: str, account_id: uuid.UUID, removal_id: uuid.UUID) -> dict[str, Any]:
    """How far a removal has got."""
    with services().database.read() as session:
        return _shown(session, sanctions.author_of(session, site, account_id, actor=auth.actor()), removal_id)


@blueprint.route(f"{_REMOVALS}/<uuid:removal_id>", methods=["DELETE"])
@blueprint.response(202, schemas.RemovalOut)
@auth.requires("staff")
def undo(site: str, account_id: uuid.UUID, removal_id: uuid.UUID) -> dict[str, Any]:
    """Give the comments back that a removal took away, save for those about which somebody has decided since."""
    held, actor = services(), auth.actor()
    with held.database.write() as session:
        author = sanctions.author_of(session, site, account_id, actor=actor, lock=True)
        removals.undo(session, author, removal_id, actor_id=actor.account_id)
    return _work(author, removal_id)


def _work(author: Author, removal_id: uuid.UUID) -> dict[str, Any]:
    held = services()
    removals.go_on(held.database, removal_id, now=held.clock(), steps=_AT_ONCE)
    with held.database.read() as session:
        return _shown(session, author, removal_id)


def _shown(session: Session, author: Author, removal_id: uuid.UUID) -> dict[str, Any]:
    return presenting.removal(removals.get_listed(session, author, removal_id))
