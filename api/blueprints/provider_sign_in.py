from __future__ import annotations

import uuid
from typing import Any

from flask import request

from api import auth, browser_sessions, devices, presenting
from api.blueprints.base import Blueprint
from api.limiting import slots
from api.schemas import accounts as accounts_schemas
from api.schemas import provider_sign_in as schemas
from api.schemas import second_factors as second_factor_schemas
from api.services import services
from moderation import accounts, handovers, provider_sign_in, sessions
from moderation.handovers import Handover
from moderation.proofs import Proof
from moderation.sessions import Guard, SignedIn

blueprint = Blueprint("Identity providers", __name__, description="Signing in with OpenID Connect.")

_IDENTITIES = "/accounts/me/identities"


@blueprint.route("/provider-sessions", methods=["POST"])
@blueprint.arguments(schemas.ProviderSessionIn)
@blueprint.response(201, accounts_schemas.SessionOut)
def sign_in(wish: dict[str, Any]) -> dict[str, Any]:
    """Begin a session with what an identity provider has said.

    `docs/openid-connect.md` says how a page gets there. A reader's account is made at the first visit; at the desk
    (`transport: cookie`) only staff get in who exist already, with their second factor if they have one.
    """
    handover = _unseal(wish)
    in_cookie = wish["transport"] == "cookie"
    if in_cookie:
        browser_sessions.demand_own_origin()
        signed_in = _sign_in_staff(handover, wish["proof"])
        browser_sessions.hand_over(signed_in)
    else:
        signed_in = _sign_in_reader(handover)
    with services().database.read() as session:
        return presenting.signed_in(session, signed_in, in_cookie=in_cookie)


@blueprint.route("/provider-sessions/choices", methods=["POST"])
@blueprint.arguments(schemas.HandoverIn)
@blueprint.response(200, second_factor_schemas.FactorChoiceOut)
def choose(wish: dict[str, Any]) -> Any:
    """What may be shown as a second factor by whom a provider has signed in at the desk."""
    held = services()
    handover = _unseal(wish)
    with held.database.write() as session:
        account = provider_sign_in.demand_staff(session, handover)
        return held.checker.choice(session, account.id, now=held.clock())


@blueprint.route(_IDENTITIES, methods=["GET"])
@blueprint.response(200, schemas.IdentitiesOut)
@auth.requires("account")
def linked() -> dict[str, Any]:
    """As whom identity providers know you at the desk."""
    with services().database.read() as session:
        return {"items": provider_sign_in.linked(session, auth.account().id)}


@blueprint.route(_IDENTITIES, methods=["POST"])
@blueprint.arguments(schemas.IdentityIn)
@blueprint.response(201, schemas.Identity)
@auth.requires("account")
def link(wish: dict[str, Any]) -> Any:
    """Say that the person whom a provider signed in is you, so that you get to the desk with it from now on."""
    held, now = services(), services().clock()
    handover = _unseal(wish)
    guard = Guard(held.limiters.strict, slots(held.settings, "sign_in", account=str(auth.account().id)))
    sessions.demand_password(held.hasher, auth.account(), wish["password"], guard=guard, now=now)
    with held.database.write() as session:
        return provider_sign_in.link(session, accounts.get(session, auth.account().id), handover, now=now)


@blueprint.route(f"{_IDENTITIES}/<uuid:identity_id>", methods=["DELETE"])
@blueprint.response(204)
@auth.requires("account")
def unlink(identity_id: uuid.UUID) -> None:
    """Take that back. Sessions that began with it go on; end them with `DELETE /accounts/me/sessions`."""
    with services().database.write() as session:
        provider_sign_in.unlink(session, identity_id, actor=auth.actor())


def _unseal(wish: dict[str, Any]) -> Handover:
    held = services()
    now = held.clock()
    # Before anything is opened: whoever guesses is counted.
    held.limiters.strict.take(*slots(held.settings, "site_sign_ins", account="", site=""), now=now)
    return handovers.unseal(held.sealer, wish["handover"], wish["verifier"], now=now)


def _sign_in_reader(handover: Handover) -> SignedIn:
    held = services()
    with held.database.write() as session:
        return provider_sign_in.sign_in_reader(
            session,
            handover,
            origin=request.headers.get("Origin"),
            device=devices.name(request.user_agent.string),
            lifetimes=held.site_lifetimes,
            now=held.clock(),
        )


def _sign_in_staff(handover: Handover, proof: Proof) -> SignedIn:
    held = services()
    with held.database.read() as session:
        account = provider_sign_in.demand_staff(session, handover)
    return provider_sign_in.sign_in_staff(
        held.database,
        held.checker,
        handover,
        proof=proof,
        guard=Guard(held.limiters.strict, slots(held.settings, "sign_in", account=str(account.id))),
        device=devices.name(request.user_agent.string),
        lifetimes=held.lifetimes,
        now=held.clock(),
    )
