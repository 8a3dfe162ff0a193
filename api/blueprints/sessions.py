from __future__ import annotations

import uuid
from typing import Any

import structlog

from api import auth
from api.blueprints.base import Blueprint
from api.schemas import accounts as schemas
from api.services import services
from moderation import sessions

log = structlog.get_logger()

blueprint = Blueprint("Sessions", __name__, description="Where you are signed in, and ending that.")


@blueprint.route("/accounts/me/sessions", methods=["GET"])
@blueprint.response(200, schemas.SessionsOut)
@auth.requires("account")
def own() -> dict[str, Any]:
    """Where you are signed in, the session used last first."""
    held = services()
    with held.database.read() as session:
        found = sessions.listed(session, auth.account().id, lifetimes=held.lifetimes, now=held.clock())
    current = auth.demand_identity().session_id
    return {
        "items": [
            {
                "id": one.id,
                "device": one.device,
                "created_at": one.created_at,
                "last_used_at": one.last_used_at,
                "expires_at": min(one.expires_at, one.last_used_at + held.lifetimes.idle),
                "is_current": one.id == current,
            }
            for one in found
        ]
    }


@blueprint.route("/accounts/me/sessions/<uuid:session_id>", methods=["DELETE"])
@blueprint.response(204)
@auth.requires("account")
def end_one(session_id: uuid.UUID) -> None:
    """End one of your sessions. Its token is worth nothing from now on."""
    with services().database.write() as session:
        sessions.end_one(session, session_id, actor=auth.actor())
    log.info("session_ended", account_id=str(auth.account().id))


@blueprint.route("/accounts/me/sessions", methods=["DELETE"])
@blueprint.arguments(schemas.EndSessionsQuery, location="query")
@blueprint.response(204)
@auth.requires("account")
def end_all(query: dict[str, Any]) -> None:
    """End all your sessions, or all but the one that asks."""
    identity = auth.demand_identity()
    with services().database.write() as session:
        sessions.end_all(session, identity.account.id, but=identity.session_id if query["keep_current"] else None)
    log.info("sessions_ended", account_id=str(identity.account.id))
