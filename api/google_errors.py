"""Errors in the shape of Google's APIs, for the calls of the Perspective API."""

from __future__ import annotations

import json
from typing import Any

import structlog
from flask import Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from moderation.errors import InvalidInputError, VorabError

PREFIX = "/v1alpha1/"
_STATUS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_UNAVAILABLE = {"classifier_unavailable", "classifier_failed", "too_busy"}

log = structlog.get_logger()


class RefusedError(VorabError):
    """The request is not what the API takes. ``kind`` is Google's ``errorType``."""

    code = "perspective_refused"

    def __init__(self, message: str, kind: str = "INVALID_REQUEST", **facts: Any) -> None:
        super().__init__(message)
        self.kind = kind
        self.facts = facts


class WrongKeyError(VorabError):
    """No key, or one that is not valid (any more)."""

    code = "perspective_key"


def answer(error: Exception) -> Response:
    """Whatever went wrong, as Google would put it."""
    if isinstance(error, RefusedError):
        return shaped(400, str(error), [{"errorType": error.kind, **error.facts}])
    if isinstance(error, WrongKeyError):
        log.warning("access_refused", code=error.code, actor=None)
        return shaped(403, str(error))
    if isinstance(error, VorabError):
        return _domain(error)
    if isinstance(error, HTTPException):
        return _http(error)
    if isinstance(error, DBAPIError | PoolTimeoutError):
        log.error("database_unavailable", error=type(error).__name__)
        return _retry_later(shaped(503, "The service is currently unavailable."))
    log.error("unexpected_error", exc_info=error)
    return shaped(500, "Internal error encountered.")


def _domain(error: VorabError) -> Response:
    if error.code in _UNAVAILABLE:
        log.warning("perspective_unavailable", code=error.code)
        return _retry_later(shaped(503, "The service is currently unavailable."))
    if isinstance(error, InvalidInputError):
        message = f"Invalid JSON payload received. {error.field}: {error.reason}"
        return shaped(400, message, [{"errorType": "INVALID_REQUEST"}])
    return shaped(
        400, "Invalid JSON payload received. Unable to parse the request.", [{"errorType": "INVALID_REQUEST"}]
    )


def _http(error: HTTPException) -> Response:
    if isinstance(error, RequestEntityTooLarge):
        # Only a long text makes a request this large.
        return shaped(400, "Comment text too long.", [{"errorType": "COMMENT_TOO_LONG"}])
    status = error.code if error.code in _STATUS else 400
    assert status is not None
    made = shaped(404 if status == 405 else status, error.name)
    for name, value in error.get_headers():
        if name == "Allow":
            made.headers[name] = value
    return made


def _retry_later(made: Response) -> Response:
    made.headers["Retry-After"] = "5"
    return made


def shaped(code: int, message: str, details: list[dict[str, Any]] | None = None) -> Response:
    error: dict[str, Any] = {"code": code, "message": message, "status": _STATUS[code]}
    if details:
        error["details"] = details
    return Response(json.dumps({"error": error}, ensure_ascii=False), status=code, content_type="application/json")
