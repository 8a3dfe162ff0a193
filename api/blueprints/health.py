"""Alive, and ready. Plain enough for a load balancer, telling enough for an operator."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api import migrating
from api.services import Services, services
from moderation.errors import ClassifierUnavailableError

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """The process answers. Asks nothing of anybody else."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """Database reachable, migrations current, classifier loaded; 503 names what is not.

    A broker that is away is named too, and is no reason to turn readers away: workers find in the database what waits.
    """
    held = services()
    checks = {"database": _database(held), "migrations": _migrations(held), "classifier": _classifier(held)}
    is_ready = all(check["ok"] for check in checks.values())
    if held.settings.screening == "celery":
        checks["broker"] = _broker(held)
    answer = jsonify({"status": "ready" if is_ready else "not_ready", "checks": checks})
    answer.headers["Cache-Control"] = "no-store"
    return answer, 200 if is_ready else 503


def _database(held: Services) -> dict[str, Any]:
    try:
        with held.database.read() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return {"ok": False, "reason": type(error).__name__}
    return {"ok": True}


def _migrations(held: Services) -> dict[str, Any]:
    try:
        present, wanted = migrating.present_and_wanted(held.database)
    except SQLAlchemyError as error:
        return {"ok": False, "reason": type(error).__name__}
    return {"ok": migrating.works_with(present), "present": present, "wanted": wanted}


def _broker(held: Services) -> dict[str, Any]:
    reason = held.runner.missing()
    return {"ok": True} if reason is None else {"ok": False, "reason": reason}


def _classifier(held: Services) -> dict[str, Any]:
    try:
        identity = held.classifier.identity
    except ClassifierUnavailableError as error:
        return {"ok": False, "reason": str(error)}
    return {"ok": True, "name": identity.name, "digest": identity.digest}
