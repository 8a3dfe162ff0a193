"""Errors in HTTP: RFC 9457 problems. The one place where a domain's code meets a status."""

from __future__ import annotations

import datetime as dt
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, request
from marshmallow import ValidationError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, default_exceptions

from api import google_errors, headers, language, logs
from api.embed import times
from moderation.errors import (
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    TooBusyError,
    VorabError,
)

log = structlog.get_logger()

STATUS_OF = {
    "address_unconfirmed": 403,
    "already_appealed": 409,
    "already_confirmed": 409,
    "already_exists": 409,
    "already_flagged": 409,
    "appeal_too_late": 409,
    "appeals_off": 403,
    "article_closed": 403,
    "author_banned": 403,
    "author_suspended": 403,
    "classifier_failed": 503,
    "classifier_unavailable": 503,
    "csrf_failed": 403,
    "duplicate_comment": 409,
    "edit_window_closed": 409,
    "foreign_site_account": 403,
    "forbidden": 403,
    "id_token_refused": 403,
    "idempotency_key_reused": 422,
    "invalid_input": 422,
    "invalid_token": 400,
    "last_admin": 409,
    "limiter_unavailable": 503,
    "malformed_json": 400,
    "no_password": 409,
    "no_staff_account": 403,
    "not_author": 403,
    "not_editable": 409,
    "not_found": 404,
    "not_refused": 409,
    "not_reviewable": 409,
    "not_sanctionable": 409,
    "not_signed_in": 401,
    "not_undoable": 409,
    "nothing_to_remove": 409,
    "origin_not_allowed": 403,
    "own_comment": 403,
    "passkey_refused": 403,
    "passkeys_unavailable": 409,
    "provider_refused": 403,
    "provider_sign_in_lost": 400,
    "provider_unavailable": 503,
    "rate_limited": 429,
    "removal_under_way": 409,
    "request_in_progress": 409,
    "sanction_over": 409,
    "second_factor_missing": 403,
    "second_factor_required": 401,
    "site_token_expired": 401,
    "site_token_incomplete": 422,
    "site_token_invalid": 401,
    "site_token_not_yet_valid": 401,
    "site_token_replayed": 401,
    "site_token_role_not_allowed": 403,
    "site_token_too_long_lived": 401,
    "site_token_wrong_audience": 401,
    "stale_review": 409,
    "too_busy": 503,
    "unreadable_secret": 500,
    "unsupported_media_type": 415,
    "warning_pending": 403,
    "wrong_code": 403,
    "wrong_credentials": 401,
    "wrong_password": 403,
}

_HTTP_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "body_too_large",
    414: "uri_too_long",
    415: "unsupported_media_type",
    431: "headers_too_large",
    501: "bad_request",
}
_UNAVAILABLE_S = 5
TYPE_PREFIX = "/api/v1/docs#problem-"


def register(app: Flask) -> None:
    app.register_error_handler(VorabError, domain_error)
    app.register_error_handler(ValidationError, validation_error)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(OperationalError, database_error)
    app.register_error_handler(PoolTimeoutError, database_error)
    app.register_error_handler(Exception, unexpected_error)


def domain_error(error: VorabError) -> Response:
    if isinstance(error, InvalidInputError):
        entry = {"code": error.reason, "message": language.text("fields", error.reason, **error.details)}
        return problem(422, "invalid_input", errors={error.field: [entry]})
    code = f"{error.what}_not_found" if isinstance(error, NotFoundError) else error.code
    answer = problem(STATUS_OF[error.code], code, details=error.details)
    if answer.status_code in (401, 403, 429):
        identity = g.get("identity")
        log.warning(
            "access_refused",
            code=code,
            actor_id=str(identity.account.id) if identity else None,
            route=logs.route(),
        )
    if isinstance(error, RateLimitedError | TooBusyError):
        answer.headers["Retry-After"] = str(error.retry_after_s)
    if answer.status_code == 503:
        answer.headers.setdefault("Retry-After", str(_UNAVAILABLE_S))
    if answer.status_code == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="vorab"'
    return answer


def validation_error(error: ValidationError) -> Response:
    """What marshmallow found. Our fields give codes for messages; webargs puts the location around them."""
    found: dict[str, list[dict[str, str]]] = {}
    messages = error.messages_dict
    for location in ("json", "query", "headers", "path"):
        if isinstance(messages.get(location), dict):
            _collect(messages[location], "", found)
        elif location in messages:
            _collect({"body": messages[location]}, "", found)
    return problem(422, "invalid_input", errors=found)


def _collect(messages: dict[Any, Any], prefix: str, found: dict[str, list[dict[str, str]]]) -> None:
    for name, entry in messages.items():
        field = prefix + ("body" if name == "_schema" else str(name)[:100])
        if isinstance(entry, dict):
            _collect(entry, f"{field}.", found)
        else:
            codes = [code if language.has_text("fields", code) else "invalid" for code in entry]
            found[field] = [{"code": code, "message": language.text("fields", code)} for code in codes]


def http_error(error: HTTPException) -> Response:
    if request.path.startswith(google_errors.PREFIX):
        # An address that leads nowhere belongs to no blueprint.
        return google_errors.answer(error)
    status = error.code or 500
    answer = problem(status, _HTTP_CODES.get(status, "bad_request" if status < 500 else "internal_error"))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    return answer


def outside_of_requests(app: Flask, status: int) -> Response:
    """The answer to what never became a request: in our first language, as nobody knows what was asked for."""
    with app.test_request_context(headers.API_PREFIX):
        headers.begin()
        return app.process_response(http_error(default_exceptions[status]()))


def database_error(error: DBAPIError | PoolTimeoutError) -> Response:
    log.error("database_unavailable", error=type(error).__name__)
    answer = problem(503, "database_unavailable")
    answer.headers["Retry-After"] = str(_UNAVAILABLE_S)
    return answer


def unexpected_error(error: Exception) -> Response:
    log.error("unexpected_error", exc_info=error)
    return problem(500, "internal_error")


def _in_words(details: dict[str, Any]) -> dict[str, Any]:
    return {
        name: times.in_words(fact, language.current()) if isinstance(fact, dt.datetime) else fact
        for name, fact in details.items()
    }


def problem(
    status: int, code: str, *, details: dict[str, Any] | None = None, errors: dict[str, Any] | None = None
) -> Response:
    """A problem with its words in the caller's language, and the request's id to ask about it with."""
    content: dict[str, Any] = {
        "type": f"{TYPE_PREFIX}{code}",
        "title": language.text("titles", code),
        "status": status,
        "detail": language.text("details", code, **_in_words(details or {})),
        "code": code,
        "request_id": g.get("request_id", ""),
    }
    if errors is not None:
        content["errors"] = errors
    answer = current_app.response_class(current_app.json.dumps(content), status=status)
    answer.content_type = "application/problem+json"
    return answer
