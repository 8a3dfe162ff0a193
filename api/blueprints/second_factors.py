from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import segno

from api import auth
from api.blueprints.base import Blueprint
from api.limiting import slots
from api.schemas import second_factors as schemas
from api.services import services
from moderation import accounts, second_factor, sessions
from moderation.models import Account
from moderation.sessions import Guard

blueprint = Blueprint("Second factor", __name__, description="Codes from an app (TOTP) besides the password.")

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
        "recovery_codes_left": found.recovery_codes_left,
        "is_required": auth.actor().lacks_second_factor,
    }


@blueprint.route(_PATH, methods=["POST"])
@blueprint.arguments(schemas.PasswordIn)
@blueprint.response(201, schemas.EnrolmentOut)
@auth.requires("account")
def begin(wish: dict[str, Any]) -> dict[str, Any]:
    """Begin to set one up. Nothing is asked for until you confirm it with a first code."""
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
@blueprint.arguments(schemas.PasswordAndCodeIn)
@blueprint.response(201, schemas.RecoveryCodesOut)
@auth.requires("account")
def renew(wish: dict[str, Any]) -> dict[str, Any]:
    """New recovery codes. The old ones are worth nothing from now on."""
    held = services()
    _demand_password(wish["password"])
    _count_a_try()
    with held.database.write() as session:
        second_factor.use(session, held.sealer, _own(session), wish["code"], now=held.clock())
        return {"recovery_codes": second_factor.renew_codes(session, auth.account().id, now=held.clock())}


@blueprint.route(_PATH, methods=["DELETE"])
@blueprint.arguments(schemas.PasswordAndCodeIn)
@blueprint.response(204)
@auth.requires("account")
def turn_off(wish: dict[str, Any]) -> None:
    """Turn it off. Ends every other session."""
    held = services()
    who = auth.demand_identity()
    _demand_password(wish["password"])
    _count_a_try()
    with held.database.write() as session:
        account = _own(session)
        second_factor.use(session, held.sealer, account, wish["code"], now=held.clock())
        second_factor.turn_off(session, account, now=held.clock())
        sessions.end_all(session, account.id, but=who.session_id)
        sessions.mark(session, who.session_id, now=None)


def _own(session: Any) -> Account:
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
