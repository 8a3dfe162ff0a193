"""What has to be remembered while somebody is at an identity provider, in a cookie of their own that only we can read.

Nothing is stored here meanwhile, and there is no cookie before somebody asks to sign in. It is first-party: the browser
is on our own address when it is set and when it comes back.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Response, request

from api import browser_sessions
from api.provider_client import Begun
from api.services import services
from moderation.errors import ProviderSignInLostError, UnreadableSecretError
from moderation.handovers import Purpose

LIFE = dt.timedelta(minutes=15)
"""How long somebody may take at the provider."""
_LONGEST_ADDRESS = 2000


@dataclass(frozen=True, slots=True)
class Flow:
    """Who asked for the sign-in, and how the provider's answer is recognised."""

    provider_id: str
    purpose: Purpose
    challenge: str
    return_to: str
    nonce: str
    code_verifier: str
    expires_at: int

    def begun(self, state: str) -> Begun:
        return Begun("", state, self.nonce, self.code_verifier)


def keep(answer: Response, state: str, flow: Flow) -> None:
    sealed = services().sealer.seal(json.dumps(dataclasses.asdict(flow)), _purpose(state))
    answer.set_cookie(
        _name(state),
        sealed,
        max_age=int(LIFE.total_seconds()),
        path="/",
        secure=not browser_sessions.is_plain(),
        httponly=True,
        # Lax: it comes along when the provider sends the browser back, and with nothing that a page loads.
        samesite="Lax",
    )


def recall(state: str) -> Flow:
    """
    Raises:
        ProviderSignInLostError: this browser began nothing with this state, or too long ago.
    """
    try:
        found = services().sealer.open(request.cookies.get(_name(state), ""), _purpose(state))
    except UnreadableSecretError as error:
        raise ProviderSignInLostError from error
    flow = Flow(**json.loads(found))
    if services().clock().timestamp() >= flow.expires_at:
        raise ProviderSignInLostError
    return flow


def forget(answer: Response, state: str) -> None:
    answer.delete_cookie(_name(state), path="/", secure=not browser_sessions.is_plain(), httponly=True, samesite="Lax")


def origin_of(address: str) -> str | None:
    """The origin of a page's address; ``None`` for what no browser would call one."""
    if len(address) > _LONGEST_ADDRESS or "\\" in address or not address.isascii() or not address.isprintable():
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or " " in address:
        return None
    return f"{parts.scheme}://{parts.netloc}".lower()


def _name(state: str) -> str:
    """One for each sign-in: somebody may begin in two tabs."""
    prefix = "vorab-provider-" if browser_sessions.is_plain() else "__Host-vorab-provider-"
    return prefix + hashlib.sha256(state.encode(errors="surrogatepass")).hexdigest()[:16]


def _purpose(state: str) -> str:
    return f"provider_flow:{state}"
