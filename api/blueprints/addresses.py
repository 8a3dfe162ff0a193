from __future__ import annotations

from typing import Any

from api import auth
from api.blueprints.base import Blueprint
from api.limiting import slots
from api.schemas import accounts as schemas
from api.services import services
from moderation import accounts, address_changes, addresses
from moderation.sessions import Guard

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
        addresses.ask(session, accounts.demand_present(session, asking.id), now=now)
    return {"email": asking.email}


@blueprint.route("/accounts/me/email", methods=["PUT"])
@blueprint.arguments(schemas.EmailChangeIn)
@blueprint.response(202, schemas.LetterPromised)
@auth.requires("account")
def change(wish: dict[str, Any]) -> dict[str, Any]:
    """Ask for another address, with your password. It counts once you have opened the link in the letter to it.

    The answer is the same whether or not the address has an account already; its owner gets a letter if it has.
    """
    held, who = services(), auth.demand_identity()
    email = accounts.check_email(wish["email"])
    # Neither may one person write to many addresses, nor many to one.
    letters = {
        *slots(held.settings, "mails", account=accounts.email_key(email)),
        *slots(held.settings, "mails", account=str(who.account.id)),
    }
    address_changes.request(
        held.database,
        held.hasher,
        who,
        address_changes.Wish(email, wish["current_password"]),
        guard=Guard(held.limiters.strict, slots(held.settings, "sign_in", account=str(who.account.id))),
        letters=Guard(held.limiters.strict, tuple(letters)),
        now=held.clock(),
    )
    return {"email": email}


@blueprint.route("/address-confirmations", methods=["POST"])
@blueprint.arguments(schemas.ConfirmationIn)
@blueprint.response(204)
def confirm(wish: dict[str, Any]) -> None:
    """Confirm an address with the token from the letter, and with it a change of address that you asked for.

    What waited for that is screened now. A new address ends every session but the one that asked for it.

    A token that was used, replaced or is too old is answered like one that never was: 400 `invalid_token`.
    """
    held = services()
    with held.database.write() as session:
        released = address_changes.confirm(session, wish["token"], now=held.clock())
    for revision_id in released:
        held.runner.screen_later(revision_id)
