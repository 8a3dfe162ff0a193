from __future__ import annotations

from typing import Any

import structlog
from flask import after_this_request, request

from api import auth, browser_sessions, devices, language, presenting
from api.blueprints.base import Blueprint
from api.limiting import slots
from api.schemas import accounts as schemas
from api.schemas import second_factors as second_factor_schemas
from api.services import services
from moderation import accounts, sessions, sites
from moderation.sessions import Credentials, Guard

log = structlog.get_logger()

blueprint = Blueprint("Accounts", __name__, description="Registering, signing in and out.")


@blueprint.route("/accounts", methods=["POST"])
@blueprint.arguments(schemas.NewAccountIn)
@blueprint.response(201, schemas.Registered)
def register(wish: dict[str, Any]) -> dict[str, Any]:
    """Register.

    The answer is the same whether or not the address has an account already; its owner gets a letter if it has.

    Where addresses are verified, a letter to the new one has a link. One may sign in and write before it is opened, and
    what one writes waits until then.
    """
    held = services()
    with held.database.read() as session:
        forbidden = ("vorab", *sites.names(session))
    email, name = accounts.check_new(wish["email"], wish["display_name"], wish["password"], forbidden=forbidden)
    now = held.clock()
    taken = slots(held.settings, "registrations", account=accounts.email_key(email))
    with held.hasher.room():
        held.limiters.strict.take(*taken, now=now)
        command = accounts.NewAccount(
            email,
            name,
            held.hasher.hash(wish["password"]),
            language.current(),
            must_confirm=held.settings.verify_addresses,
        )
        with held.database.write() as session:
            accounts.register(session, command, now=now)
    return {"email": email, "display_name": name}


@blueprint.route("/sessions", methods=["POST"])
@blueprint.arguments(schemas.SignInIn)
@blueprint.response(201, schemas.SessionOut)
def sign_in(wish: dict[str, Any]) -> dict[str, Any]:
    """Sign in.

    The token goes into `Authorization: Bearer …` of later requests. Our own pages ask for `transport: cookie` instead:
    then no script ever sees the token, and changes need the header `X-CSRF-Token` with the answer's `csrf_token`.

    An account with a second factor is answered 401 `second_factor_required` until a `code` or a `passkey` comes along.
    """
    in_cookie = wish["transport"] == "cookie"
    if in_cookie:
        browser_sessions.demand_own_origin()
    held = services()
    signed_in = sessions.sign_in(
        held.database,
        held.hasher,
        Credentials(wish["email"], wish["password"], devices.name(request.user_agent.string), wish["proof"]),
        guard=Guard(held.limiters.strict, slots(held.settings, "sign_in", account=accounts.email_key(wish["email"]))),
        checker=held.checker,
        lifetimes=held.lifetimes,
        now=held.clock(),
    )
    log.info("signed_in", account_id=str(signed_in.account.id))
    if in_cookie:
        browser_sessions.hand_over(signed_in)
    with held.database.read() as session:
        return presenting.signed_in(session, signed_in, in_cookie=in_cookie)


@blueprint.route("/sessions/choices", methods=["POST"])
@blueprint.arguments(schemas.CredentialsIn)
@blueprint.response(200, second_factor_schemas.FactorChoiceOut)
def choose(wish: dict[str, Any]) -> Any:
    """What may be shown as a second factor, with a question to a passkey if the account has one."""
    held = services()
    return sessions.choose_second_factor(
        held.database,
        held.hasher,
        Credentials(wish["email"], wish["password"]),
        guard=Guard(held.limiters.strict, slots(held.settings, "sign_in", account=accounts.email_key(wish["email"]))),
        checker=held.checker,
        now=held.clock(),
    )


@blueprint.route("/sessions/current", methods=["DELETE"])
@blueprint.response(204)
@auth.requires("account")
def sign_out() -> None:
    """Sign out. The token is worth nothing from now on."""
    given = auth.credential()
    assert given is not None
    with services().database.write() as session:
        sessions.end(session, given.token)
    if given.is_cookie:
        after_this_request(browser_sessions.clear)
    log.info("signed_out", account_id=str(auth.account().id))


@blueprint.route("/accounts/me", methods=["GET"])
@blueprint.response(200, schemas.OwnAccount)
@auth.requires("account")
def own_account() -> dict[str, Any]:
    """Your own account."""
    with services().database.read() as session:
        return presenting.account(session, auth.account())
