"""Headers that every answer carries, and who may read answers from other origins."""

from __future__ import annotations

import re
from collections.abc import Mapping

import structlog
from flask import Flask, Response, g, request
from sqlalchemy import bindparam, select
from sqlalchemy.exc import SQLAlchemyError

from api import language
from api.services import services
from moderation.identifiers import new_id, parse_id
from moderation.models import Site

API_PREFIX = "/api/v1/"
_SITE_PATH = re.compile(r"/api/v1/sites/([^/]+)(?:/|$)")
_ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, Accept-Language"
_EXPOSED_HEADERS = "Retry-After, Idempotent-Replay"
_PREFLIGHT_AGE_S = 600
_VARIES = "Authorization, Cookie, Origin"

_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def register(app: Flask) -> None:
    app.before_request(begin)
    app.after_request(finish)


def begin() -> None:
    g.request_id = request_id(request.headers.get("X-Request-Id"))
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def request_id(given: str | None) -> str:
    """The caller's if it is one of ours in form (a proxy's, a colleague's), else a new one."""
    return str((given and parse_id(given)) or new_id())


def finish(answer: Response) -> Response:
    _add_missing(answer, _SECURITY)
    answer.headers["X-Request-Id"] = g.get("request_id", "")
    if request.is_secure:
        answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.path.startswith(API_PREFIX):
        varies = _VARIES
        if "public" not in answer.headers.get("Cache-Control", ""):
            _add_missing(answer, {"Cache-Control": "no-store", "Content-Language": language.current()})
            varies = f"{_VARIES}, Accept-Language"
        _add_missing(answer, {"Vary": varies})
        _share(answer)
    return answer


def _add_missing(answer: Response, wanted: Mapping[str, str]) -> None:
    """Many times ``Headers.setdefault``, which reads all that there are each time."""
    present = {name.lower() for name, _ in answer.headers}
    answer.headers.extend([(name, value) for name, value in wanted.items() if name.lower() not in present])


def _share(answer: Response) -> None:
    """Let pages of a site's own origins read the answer (Fetch standard, CORS protocol).

    Never with credentials: the embed sends its token in a header, which no foreign page can make a browser do.
    """
    origin = request.headers.get("Origin")
    if origin is None or not (origin == g.get("may_read") or is_allowed(origin)):
        return
    answer.headers["Access-Control-Allow-Origin"] = origin
    answer.headers["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        answer.headers["Access-Control-Allow-Methods"] = answer.headers.get("Allow", "")
        answer.headers["Access-Control-Allow-Headers"] = _ALLOWED_HEADERS
        answer.headers["Access-Control-Max-Age"] = str(_PREFLIGHT_AGE_S)


def let_read(origin: str | None) -> None:
    """Say that pages of this origin may read the answer: the view has found it on the list of the site."""
    g.may_read = origin


def is_allowed(origin: str) -> bool:
    """Whether the site that the address names lists this origin; for addresses without a site, whether any does."""
    named = _SITE_PATH.match(request.path)
    database = services().database
    try:
        if named is None:
            with database.read() as session:
                return any(origin in origins for origins in session.scalars(select(Site.allowed_origins)))
        site = database.ask(_ORIGINS, {"site": named.group(1)})
        return site is not None and origin in site[0]
    except SQLAlchemyError:
        # Without the database nobody is known, and the answer is an error that no other origin needs to read.
        return False


_ORIGINS = select(Site.allowed_origins).where(Site.key == bindparam("site"))
