from __future__ import annotations

from typing import Any

from flask import after_this_request

from api import auth, browser_sessions
from api.blueprints.base import Blueprint
from api.limiting import slots
from api.schemas import data_protection as schemas
from api.services import services
from moderation import erasure, exporting
from moderation.erasure import Fate, Wish
from moderation.sessions import Guard

blueprint = Blueprint("Data protection", __name__, description="Everything about yourself: getting it, and going.")


@blueprint.route("/accounts/me/export", methods=["GET"])
@blueprint.response(200, schemas.ExportOut)
@auth.requires("account")
def export() -> dict[str, Any]:
    """Everything that is stored about you."""
    held = services()
    taken = slots(held.settings, "exports", account=str(auth.account().id))
    held.limiters.lenient.take(*taken, now=held.clock())
    with held.database.read() as session:
        found = exporting.export(session, auth.account())
    _offer_as_file()
    return {"exported_at": held.clock(), **found}


def _offer_as_file() -> None:
    @after_this_request
    def name(answer: Any) -> Any:
        answer.headers["Content-Disposition"] = 'attachment; filename="vorab.json"'
        return answer


@blueprint.route("/accounts/me", methods=["DELETE"])
@blueprint.arguments(schemas.DeletionIn)
@blueprint.response(204)
@auth.requires("account")
def delete(wish: dict[str, Any]) -> None:
    """Delete your account. Cannot be undone.

    Every session ends and the address is free again. Other people's replies stay where they are. Votes are taken back;
    flags stay, without your name and words.
    """
    held = services()
    who = auth.demand_identity()
    erasure.erase(
        held.database,
        held.hasher,
        who,
        Wish(wish["password"], Fate(wish["comments"])),
        guard=Guard(held.limiters.strict, slots(held.settings, "sign_in", account=str(who.account.id))),
        now=held.clock(),
    )
    given = auth.credential()
    if given is not None and given.is_cookie:
        after_this_request(browser_sessions.clear)
