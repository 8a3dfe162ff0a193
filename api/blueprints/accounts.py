from __future__ import annotations

from typing import Any

import structlog
from flask import request

from api import auth, language, presenting
from api.blueprints.base import Blueprint
from api.schemas import accounts as schemas
from api.services import services
from moderation import accounts, limits, sessions, sites
from moderation.limits import Limit
from moderation.sessions import Credentials

log = structlog.get_logger()

blueprint = Blueprint("Accounts", __name__, description="Registering, signing in and out.")


@blueprint.route("/accounts", methods=["POST"])
@blueprint.arguments(schemas.NewAccountIn)
@blueprint.response(201, schemas.Registered)
def register(wish: dict[str, Any]) -> dict[str, Any]:
    """Register.

    The answer is the same whether or not the address has an account already; its owner gets a letter if it has.
    """
    held = services()
    allowed = Limit("registration", held.settings.registrations_per_address, 3600)
    with held.database.read() as session:
        forbidden = ("vorab", *sites.names(session))
    email, name = accounts.check_new(wish["email"], wish["display_name"], wish["password"], forbidden=forbidden)
    now = held.clock()
    with held.database.write() as session:
        limits.take(session, allowed, request.remote_addr or "", now=now)
    command = accounts.NewAccount(email, name, held.hasher.hash(wish["password"]), language.current())
    with held.database.write() as session:
        accounts.register(session, command, now=now)
    return {"email": email, "display_name": name}


@blueprint.route("/sessions", methods=["POST"])
@blueprint.arguments(schemas.SignInIn)
@blueprint.response(201, schemas.SessionOut)
def sign_in(wish: dict[str, Any]) -> dict[str, Any]:
    """Sign in. The token goes into `Authorization: Bearer …` of later requests."""
    held = services()
    signed_in = sessions.sign_in(
        held.database,
        held.hasher,
        Credentials(wish["email"], wish["password"], request.remote_addr or ""),
        allowed=held.sign_in_limits,
        lifetimes=held.lifetimes,
        now=held.clock(),
    )
    log.info("signed_in", account_id=str(signed_in.account.id))
    with held.database.read() as session:
        shown = presenting.account(session, signed_in.account)
    return {"token": signed_in.token, "expires_at": signed_in.expires_at, "account": shown}


@blueprint.route("/sessions/current", methods=["DELETE"])
@blueprint.response(204)
@auth.requires("account")
def sign_out() -> None:
    """Sign out. The token is worth nothing from now on."""
    token = auth.token()
    assert token is not None
    with services().database.write() as session:
        sessions.end(session, token)
    log.info("signed_out", account_id=str(auth.account().id))


@blueprint.route("/accounts/me", methods=["GET"])
@blueprint.response(200, schemas.OwnAccount)
@auth.requires("account")
def own_account() -> dict[str, Any]:
    """Your own account."""
    with services().database.read() as session:
        return presenting.account(session, auth.account())
