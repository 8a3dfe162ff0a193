from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.orm import Session

from api import auth, sanction_texts
from api.blueprints.base import Blueprint
from api.schemas import sanctions as schemas
from api.services import services
from moderation import sanctions, standings
from moderation.models import SanctionKind
from moderation.sanctions import Author, NewSanction

blueprint = Blueprint("Sanctions", __name__, description="Warning, pre-moderating, suspending and banning authors.")

_AUTHOR = "/sites/<site>/authors/<uuid:account_id>"


@blueprint.route(f"{_AUTHOR}/sanctions", methods=["GET"])
@blueprint.response(200, schemas.AuthorSanctionsOut)
@auth.requires("staff")
def history(site: str, account_id: uuid.UUID) -> dict[str, Any]:
    """An author's standing on your site, and every sanction they ever had there."""
    with services().database.read() as session:
        return _shown(session, sanctions.author_of(session, site, account_id, actor=auth.actor()))


@blueprint.route(f"{_AUTHOR}/sanctions", methods=["POST"])
@blueprint.arguments(schemas.SanctionIn)
@blueprint.response(201, schemas.AuthorSanctionsOut)
@auth.requires("staff")
def impose(wish: dict[str, Any], site: str, account_id: uuid.UUID) -> dict[str, Any]:
    """Warn, pre-moderate, suspend or ban an author on your site, in place of an earlier sanction of the same kind.

    They are told why and until when. A warning has to be acknowledged before they write again; a ban ends their
    sessions. Moderators of the site and admins cannot be sanctioned.
    """
    held, actor = services(), auth.actor()
    command = NewSanction(SanctionKind(wish["kind"]), wish["reason_code"], wish["note"], wish["until"])
    with held.database.write() as session:
        author = sanctions.author_of(session, site, account_id, actor=actor, lock=True)
        sanctions.impose(session, author, command, actor_id=actor.account_id, now=held.clock())
        return _shown(session, author)


@blueprint.route(f"{_AUTHOR}/sanctions/<uuid:sanction_id>", methods=["DELETE"])
@blueprint.response(200, schemas.AuthorSanctionsOut)
@auth.requires("staff")
def lift(site: str, account_id: uuid.UUID, sanction_id: uuid.UUID) -> dict[str, Any]:
    """Take a sanction back that is in force. It stays in the history, and so does that you took it back."""
    held, actor = services(), auth.actor()
    with held.database.write() as session:
        author = sanctions.author_of(session, site, account_id, actor=actor, lock=True)
        sanctions.lift(session, author, sanction_id, actor_id=actor.account_id, now=held.clock())
        return _shown(session, author)


@blueprint.route("/sites/<site>/standing", methods=["GET"])
@blueprint.response(200, schemas.OwnStandingOut)
@auth.requires("account")
def own(site: str) -> dict[str, Any]:
    """What a site lets you do: whether you may write, and if not, why and until when."""
    held = services()
    with held.database.read() as session:
        found = sanctions.own(session, site, auth.actor(), now=held.clock())
        return sanction_texts.own(*found, auth.account())


@blueprint.route("/accounts/me/warnings/<uuid:sanction_id>/acknowledgement", methods=["PUT"])
@blueprint.response(204)
@auth.requires("account")
def acknowledge(sanction_id: uuid.UUID) -> None:
    """Say that you have read a warning. After that you may write again."""
    held = services()
    with held.database.write() as session:
        sanctions.acknowledge(session, sanction_id, actor=auth.actor(), now=held.clock())


def _shown(session: Session, author: Author) -> dict[str, Any]:
    now = services().clock()
    standing = standings.of(session, author.account.id, author.site.id, now=now)
    return {
        "author": {"id": author.account.id, "display_name": author.account.display_name},
        "standing": standing.standing.value,
        "until": standing.until,
        "items": [sanction_texts.entry(entry, standing) for entry in sanctions.history(session, author)],
    }
