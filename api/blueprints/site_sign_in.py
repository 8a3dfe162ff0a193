from __future__ import annotations

from typing import Any

from flask import request

from api import devices, presenting
from api.blueprints.base import Blueprint
from api.limiting import slots
from api.schemas import accounts as accounts_schemas
from api.schemas import site_sign_in as schemas
from api.services import services
from moderation import site_sign_in
from moderation.site_sign_in import Exchange

blueprint = Blueprint("Sites' own users", __name__, description="Readers whom the site knows already.")


@blueprint.route("/sites/<site>/sessions", methods=["POST"])
@blueprint.arguments(schemas.SiteTokenIn)
@blueprint.response(201, accounts_schemas.SessionOut)
def exchange(wish: dict[str, Any], site: str) -> dict[str, Any]:
    """Exchange a token that the site signed for a session, without a form.

    `docs/site-sign-in.md` says how a site makes such a token.
    """
    held = services()
    now = held.clock()
    command = Exchange(
        site,
        wish["token"],
        held.settings.base_url,
        request.headers.get("Origin"),
        devices.name(request.user_agent.string),
    )
    held.limiters.strict.take(*slots(held.settings, "site_sign_ins", account="", site=site), now=now)
    with held.database.write() as session:
        signed_in = site_sign_in.exchange(session, held.sealer, command, lifetimes=held.site_lifetimes, now=now)
        shown = presenting.account(session, signed_in.account)
    return {"token": signed_in.token, "csrf_token": None, "expires_at": signed_in.expires_at, "account": shown}
