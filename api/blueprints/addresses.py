from __future__ import annotations

from typing import Any

from api import auth
from api.blueprints.base import Blueprint
from api.limiting import slots
from api.schemas import accounts as schemas
from api.services import services
from moderation import accounts, addresses

blueprint = Blueprint("Addresses", __name__, description="Showing that an address is yours.")


@blueprint.route("/accounts/me/address-confirmation", methods=["POST"])
@blueprint.response(202, schemas.LetterPromised)
@auth.requires("account")
def ask() -> dict[str, Any]:
    """Ask for the letter once more whose link confirms your address. It replaces the earlier one."""
    held, asking = services(), auth.account()
    now = held.clock()
    with held.database.read() as session:
        addresses.demand_unconfirmed(accounts.get(session, asking.id))
    held.limiters.strict.take(*slots(held.settings, "mails", account=asking.email_key or str(asking.id)), now=now)
    with held.database.write() as session:
        addresses.ask(session, accounts.get(session, asking.id), now=now)
    return {"email": asking.email}


@blueprint.route("/address-confirmations", methods=["POST"])
@blueprint.arguments(schemas.ConfirmationIn)
@blueprint.response(204)
def confirm(wish: dict[str, Any]) -> None:
    """Confirm an address with the token from the letter. What waited for it is screened now.

    A token that was used, replaced or is too old is answered like one that never was: 400 `invalid_token`.
    """
    held = services()
    with held.database.write() as session:
        released = addresses.confirm(session, wish["token"], now=held.clock())
    for revision_id in released:
        held.runner.screen_later(revision_id)
