from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlsplit

import segno
from sqlalchemy.orm import Session

from api import auth
from api.blueprints.base import Blueprint
from api.limiting import slots
from api.schemas import second_factors as schemas
from api.services import services
from moderation import accounts, passkeys, second_factor, sessions
from moderation.models import Account
from moderation.passkeys import Shown
from moderation.proofs import Presented
from moderation.sessions import Guard

blueprint = Blueprint(
    "Second factor", __name__, description="Codes from an app (TOTP) or passkeys besides the password."
)

_PATH = "/accounts/me/second-factor"


@blueprint.route(_PATH, methods=["GET"])
@blueprint.response(200, schemas.SecondFactorOut)
@auth.requires("account")
def own() -> dict[str, Any]:
    """Whether your account asks for a second factor."""
    with services().database.read() as session:
        found = second_factor.state(session, auth.account().id)
    return {
        "is_on": found.is_on,
        "has_app": found.has_app,
        "passkeys": found.passkeys,
        "recovery_codes_left": found.recovery_codes_left,
        "is_required": auth.actor().lacks_second_factor,
        "passkeys_available": services().checker.party is not None,
    }


@blueprint.route(_PATH, methods=["POST"])
@blueprint.arguments(schemas.PasswordIn)
@blueprint.response(201, schemas.EnrolmentOut)
@auth.requires("account")
def begin(wish: dict[str, Any]) -> dict[str, Any]:
    """Begin to set up an app. Nothing is asked for until you confirm it with a first code."""
    held = services()
    _demand_password(wish["password"])
    issuer = urlsplit(held.settings.base_url).hostname or "Vorab"
    with held.database.write() as session:
        begun = second_factor.begin(session, held.sealer, _own(session), issuer=issuer, now=held.clock())
    rows = segno.make(begun.uri, error="m", micro=False).matrix_iter(border=4)
    return {"secret": begun.secret, "uri": begun.uri, "qr": ["".join(map(str, row)) for row in rows]}


@blueprint.route(f"{_PATH}/confirmation", methods=["PUT"])
@blueprint.arguments(schemas.CodeIn)
@blueprint.response(200, schemas.RecoveryCodesOut)
@auth.requires("account")
def confirm(wish: dict[str, Any]) -> dict[str, Any]:
    """Turn it on with a first code. Ends every other session; the answer has the recovery codes."""
    held, now = services(), services().clock()
    who = auth.demand_identity()
    _count_a_try()
    with held.database.write() as session:
        codes = second_factor.confirm(session, held.sealer, _own(session), wish["code"], now=now)
        sessions.end_all(session, who.account.id, but=who.session_id)
        sessions.mark(session, who.session_id, now=now)
    return {"recovery_codes": codes}


@blueprint.route(f"{_PATH}/recovery-codes", methods=["POST"])
@blueprint.arguments(schemas.PasswordAndProofIn)
@blueprint.response(201, schemas.RecoveryCodesOut)
@auth.requires("account")
def renew(wish: dict[str, Any]) -> dict[str, Any]:
    """New recovery codes. The old ones are worth nothing from now on."""
    held, now = services(), services().clock()
    presented = _present(wish)
    with held.database.write() as session:
        held.checker.demand(session, _own(session), presented, now=now)
        return {"recovery_codes": second_factor.renew_codes(session, auth.account().id, now=now)}


@blueprint.route(_PATH, methods=["DELETE"])
@blueprint.arguments(schemas.PasswordAndProofIn)
@blueprint.response(204)
@auth.requires("account")
def remove_app(wish: dict[str, Any]) -> None:
    """Ask for no codes of the app any more. Ends every other session."""
    held, now = services(), services().clock()
    presented = _present(wish)
    with held.database.write() as session:
        held.checker.demand(session, _own(session), presented, now=now)
        second_factor.remove_app(session, _own(session), now=now)
        _end_other_sessions(session)


@blueprint.route(f"{_PATH}/questions", methods=["POST"])
@blueprint.response(200, schemas.FactorChoiceOut)
@auth.requires("account")
def ask() -> Any:
    """What you may show now, with a question to your passkeys."""
    held = services()
    with held.database.write() as session:
        return held.checker.choice(session, auth.account().id, now=held.clock())


@blueprint.route("/accounts/me/passkeys/questions", methods=["POST"])
@blueprint.arguments(schemas.PasswordIn)
@blueprint.response(200, schemas.PasskeyQuestionOut)
@auth.requires("account")
def begin_passkey(wish: dict[str, Any]) -> Any:
    """Begin to make a passkey. Browsers do that on this server's own pages alone."""
    held = services()
    party = held.checker.demand_party()
    _demand_password(wish["password"])
    with held.database.write() as session:
        return passkeys.ask_for_new(session, _own(session), party, now=held.clock())


@blueprint.route("/accounts/me/passkeys", methods=["POST"])
@blueprint.arguments(schemas.NewPasskeyIn)
@blueprint.response(201, schemas.RegisteredPasskeyOut)
@auth.requires("account")
def add_passkey(wish: dict[str, Any]) -> dict[str, Any]:
    """Keep the new passkey. If it is your first second factor: ends every other session, and gives recovery codes."""
    held, now = services(), services().clock()
    party = held.checker.demand_party()
    answer = passkeys.take(
        held.database, auth.account().id, Shown(wish["challenge_id"], wish["credential"]), "register", now=now
    )
    with held.database.write() as session:
        account = _own(session)
        is_first = not second_factor.is_on(session, account.id)
        made = passkeys.register(session, account, party, wish["name"], answer, now=now)
        codes = second_factor.first_codes(session, account.id, now=now)
        if is_first:
            _end_other_sessions(session)
    return {"passkey": made, "recovery_codes": codes}


@blueprint.route("/accounts/me/passkeys/<uuid:passkey_id>", methods=["DELETE"])
@blueprint.arguments(schemas.PasswordAndProofIn)
@blueprint.response(204)
@auth.requires("account")
def remove_passkey(wish: dict[str, Any], passkey_id: uuid.UUID) -> None:
    """Accept a passkey no more. Ends every other session."""
    held, now = services(), services().clock()
    presented = _present(wish)
    with held.database.write() as session:
        held.checker.demand(session, _own(session), presented, now=now)
        passkeys.remove(session, _own(session), passkey_id, now=now)
        _end_other_sessions(session)


def _present(wish: dict[str, Any]) -> Presented:
    """The password, and what is shown besides it. Whoever tries is counted."""
    held = services()
    _demand_password(wish["password"])
    _count_a_try()
    return held.checker.present(held.database, auth.account().id, wish["proof"], now=held.clock())


def _end_other_sessions(session: Session) -> None:
    """After a change. The one that asks goes on, and counts as one that has shown a second factor if there is one."""
    who = auth.demand_identity()
    is_on = second_factor.is_on(session, who.account.id)
    sessions.end_all(session, who.account.id, but=who.session_id)
    sessions.mark(session, who.session_id, now=services().clock() if is_on else None)


def _own(session: Session) -> Account:
    return accounts.get(session, auth.account().id)


def _guard() -> Guard:
    held = services()
    return Guard(held.limiters.strict, slots(held.settings, "sign_in", account=str(auth.account().id)))


def _demand_password(password: str) -> None:
    held = services()
    sessions.demand_password(held.hasher, auth.account(), password, guard=_guard(), now=held.clock())


def _count_a_try() -> None:
    """Somebody who found a screen unlocked must not try codes until one fits."""
    guard = _guard()
    guard.limiter.take(*guard.slots, now=services().clock())
