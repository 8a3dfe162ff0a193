from __future__ import annotations

import uuid
from typing import Any

import structlog

from api import auth, language
from api.blueprints.base import Blueprint
from api.limiting import slots
from api.schemas import accounts as schemas
from api.services import services
from moderation import accounts, password_changes, sites
from moderation.sessions import Guard

log = structlog.get_logger()

blueprint = Blueprint("Passwords", __name__, description="Choosing another password.")


@blueprint.route("/password-resets", methods=["POST"])
@blueprint.arguments(schemas.PasswordResetIn)
@blueprint.response(202, schemas.PasswordResetRequested)
def request_reset(wish: dict[str, Any]) -> dict[str, str]:
    """Ask for a letter with which a new password can be chosen, within an hour and once.

    The answer is the same whether or not the address has an account.
    """
    held = services()
    email = accounts.check_email(wish["email"])
    now = held.clock()
    held.limiters.strict.take(*slots(held.settings, "mails", account=accounts.email_key(email)), now=now)
    with held.database.write() as session:
        password_changes.request_reset(session, email, language.current(), now=now)
    return {"email": email}


@blueprint.route("/password-resets/completions", methods=["POST"])
@blueprint.arguments(schemas.NewPasswordIn)
@blueprint.response(204)
def reset(wish: dict[str, Any]) -> None:
    """Choose a new password with the token from the letter. Ends every session; sign in with the new password.

    A token that was used, replaced or is too old is answered like one that never was: 400 `invalid_token`.
    """
    held = services()
    account_id = password_changes.reset(
        held.database, held.hasher, wish["token"], wish["password"], forbidden=_forbidden(), now=held.clock()
    )
    log.info("password_reset", account_id=str(account_id))


@blueprint.route("/accounts/me/password", methods=["PUT"])
@blueprint.arguments(schemas.PasswordChangeIn)
@blueprint.response(204)
@auth.requires("account")
def change(wish: dict[str, Any]) -> None:
    """Choose a new password with the current one. Ends every other session."""
    held = services()
    who = auth.demand_identity()
    password_changes.change(
        held.database,
        held.hasher,
        who,
        wish["current_password"],
        wish["password"],
        guard=Guard(held.limiters.strict, slots(held.settings, "sign_in", account=str(who.account.id))),
        forbidden=_forbidden(),
        now=held.clock(),
    )
    log.info("password_changed", account_id=str(who.account.id))


@blueprint.route("/accounts/<uuid:account_id>/password-reset", methods=["POST"])
@blueprint.response(204)
@auth.requires("staff")
def demand_another(account_id: uuid.UUID) -> None:
    """Make somebody choose a new password, as an admin: the old one and all sessions end, and they get a letter.

    Nobody but they themselves chooses or learns it.
    """
    actor = auth.actor()
    actor.demand_admin()
    held = services()
    with held.database.write() as session:
        password_changes.demand_another(session, account_id, actor_id=actor.account_id, now=held.clock())


def _forbidden() -> tuple[str, ...]:
    with services().database.read() as session:
        return ("vorab", *sites.names(session))
