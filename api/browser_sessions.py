"""Sessions of our own pages: a cookie that no script can read, and proof that a request comes from one of our pages.

A browser sends a cookie along whoever made it ask. So a cookie counts for a request that changes something only if the
request also carries a token that our pages alone can know, and the ``Origin`` of our pages. A bearer token needs
neither: no foreign page can make a browser send it.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from flask import Response, after_this_request, request

from api.services import services
from moderation import sessions
from moderation.errors import VorabError
from moderation.sessions import SignedIn

SECURE_NAME = "__Host-vorab-session"
"""Browsers keep this name only from HTTPS, for this host alone and for all of its paths (RFC 6265bis, 4.1.3.2)."""
PLAIN_NAME = "vorab-session"
"""For a server that is reached over plain HTTP on its own machine, as the demo is: there is no HTTPS to demand."""
CSRF_HEADER = "X-CSRF-Token"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class CsrfError(VorabError):
    """A request with our cookie does not prove that one of our own pages sent it."""

    code = "csrf_failed"


def is_plain() -> bool:
    """Whether the cookie must do without HTTPS. Only ``VORAB_BASE_URL`` says so, never a request."""
    base = urlsplit(services().settings.base_url)
    return base.scheme == "http" and base.hostname in _LOOPBACK


def cookie_name() -> str:
    return PLAIN_NAME if is_plain() else SECURE_NAME


def read() -> str | None:
    """The token in the request's cookie."""
    return request.cookies.get(cookie_name()) or None


def put(answer: Response, signed_in: SignedIn) -> Response:
    # Lax, not Strict: a moderator who follows a link from a letter to the desk is signed in there.
    answer.set_cookie(
        cookie_name(),
        signed_in.token,
        expires=signed_in.expires_at,
        path="/",
        secure=not is_plain(),
        httponly=True,
        samesite="Lax",
    )
    return answer


def hand_over(signed_in: SignedIn) -> None:
    """Put a new session into the cookie of the answer under way, and end the one that was there (ASVS 7.2.4)."""
    before = read()
    if before is not None:
        with services().database.write() as session:
            sessions.end(session, before)
    after_this_request(lambda answer: put(answer, signed_in))


def clear(answer: Response) -> Response:
    answer.delete_cookie(cookie_name(), path="/", secure=not is_plain(), httponly=True, samesite="Lax")
    return answer


def csrf_token(session_token: str) -> str:
    """What a page of ours sends back with each change. It belongs to one session and cannot be made without our key."""
    return _csrf_token(services().settings.secret_key, session_token)


def _csrf_token(secret_key: str, session_token: str) -> str:
    return hmac.new(secret_key.encode(), b"csrf:" + session_token.encode(), hashlib.sha256).hexdigest()


def demand_csrf(session_token: str) -> None:
    """
    Raises:
        CsrfError: the token is missing or another session's, or the request comes from a foreign page.
    """
    demand_own_origin()
    given = request.headers.get(CSRF_HEADER, "").encode()
    settings = services().settings
    # Pages that were open while the secret key was changed go on.
    for key in (settings.secret_key, *settings.previous_secret_keys):
        if hmac.compare_digest(given, _csrf_token(key, session_token).encode()):
            return
    raise CsrfError


def demand_own_origin() -> None:
    """
    Raises:
        CsrfError: no ``Origin``, which browsers send with every change, or that of a foreign page.
    """
    if request.headers.get("Origin", "") not in own_origins():
        raise CsrfError


def own_origins() -> tuple[str, str]:
    """The address that the operator gave, and the one that the request came to: behind a proxy the two may differ."""
    base = urlsplit(services().settings.base_url)
    return f"{base.scheme}://{base.netloc}".lower(), f"{request.scheme}://{request.host}".lower()
