"""What a provider said of a person, on its way from our callback to the page that asked: sealed, for minutes, once.

The callback is a GET and so changes nothing (a link can make a browser send it). It hands a sealed statement to the
page behind the address's hash sign; the page sends it back together with the verifier whose hash it gave at the start,
as in PKCE (RFC 7636). So nobody else can use it: neither who reads it, nor who made somebody else's browser begin.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import re
import secrets
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hmac import compare_digest
from typing import Literal

from moderation.errors import ProviderSignInLostError, UnreadableSecretError
from moderation.sealing import Sealer

LIFE = dt.timedelta(minutes=5)
Purpose = Literal["section", "desk", "link"]
PURPOSES: tuple[Purpose, ...] = ("section", "desk", "link")

_SEAL = "provider_handover"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST = 8192


@dataclass(frozen=True, slots=True)
class Handover:
    """Whom a provider signed in, and for what. ``email`` is one that the provider says it has verified."""

    provider_id: uuid.UUID
    purpose: Purpose
    subject: str
    name: str | None
    email: str | None
    challenge: str
    expires_at: dt.datetime
    id: str = dataclasses.field(default_factory=lambda: secrets.token_urlsafe(16))


def is_challenge(text: str) -> bool:
    """Whether it has the form of a SHA-256 in base64url, as :func:`challenge_of` makes them."""
    return bool(_CHALLENGE.fullmatch(text))


def challenge_of(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode(errors="surrogatepass")).digest()).decode().rstrip("=")


def seal(sealer: Sealer, handover: Handover) -> str:
    facts = dataclasses.asdict(handover)
    facts["provider_id"] = str(handover.provider_id)
    facts["expires_at"] = int(handover.expires_at.timestamp())
    return sealer.seal(json.dumps(facts), _SEAL)


def unseal(sealer: Sealer, sealed: str, verifier: str, *, now: dt.datetime) -> Handover:
    """
    Raises:
        ProviderSignInLostError: it is none, is too old, or belongs to whoever has another verifier.
    """
    if len(sealed) > _LONGEST:
        raise ProviderSignInLostError
    try:
        facts = json.loads(sealer.open(sealed, _SEAL))
    except (UnreadableSecretError, ValueError) as error:
        raise ProviderSignInLostError from error
    facts["provider_id"] = uuid.UUID(facts["provider_id"])
    facts["expires_at"] = dt.datetime.fromtimestamp(facts["expires_at"], dt.UTC)
    handover = Handover(**facts)
    if now >= handover.expires_at or not compare_digest(challenge_of(verifier), handover.challenge):
        raise ProviderSignInLostError
    return handover
