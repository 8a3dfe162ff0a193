"""Tokens that a site signs to say who its reader is (JWT, RFC 7519), checked by the rules of RFC 8725.

The key decides the algorithm, never the token: what a header says can only be compared with it. Pure: keys and time
come in, a statement comes out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from moderation.errors import (
    InvalidInputError,
    SiteTokenEarlyError,
    SiteTokenExpiredError,
    SiteTokenIncompleteError,
    SiteTokenInvalidError,
    SiteTokenLongLivedError,
    SiteTokenWrongAudienceError,
)

Algorithm = Literal["HS256", "RS256", "ES256", "EdDSA"]
ALGORITHMS: tuple[Algorithm, ...] = ("HS256", "RS256", "ES256", "EdDSA")
LONGEST_LIFE = dt.timedelta(minutes=5)
LEEWAY = dt.timedelta(seconds=30)
"""How far the site's clock may be off."""
MIN_SECRET_BYTES = 32
MIN_RSA_BITS = 2048

_LONGEST_TOKEN = 8192
_LONGEST_ID = 255
_NAMES: Mapping[str, tuple[str, ...]] = {"EdDSA": ("EdDSA", "Ed25519")}
"""RFC 9864 renamed EdDSA with Ed25519; libraries write either."""
_ROLES = ("reader", "moderator")


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """``material`` is the shared secret, or the public key in PEM."""

    algorithm: Algorithm
    material: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What a site says of its reader, and for how long it wants to be believed."""

    subject: str
    name: str
    email: str | None
    role: str
    token_id: str
    expires_at: dt.datetime


class _Registry(JWSRegistry):
    """The library's, without its warning about the name EdDSA, which JWT libraries go on writing."""

    def get_alg(self, name: str) -> Any:
        if name not in (self.allowed or ()):
            return super().get_alg(name)
        return self.algorithms[name]


def check_secret(secret: str) -> None:
    """
    Raises:
        InvalidInputError: for ``key``: it is too short for HS256 (RFC 7518, section 3.2).
    """
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise InvalidInputError("key", "weak_key")


def check_public_key(algorithm: Algorithm, pem: str) -> None:
    """
    Raises:
        InvalidInputError: for ``key``: it is none for this algorithm, a private one, or too weak.
    """
    if "PRIVATE KEY" in pem:
        raise InvalidInputError("key", "private_key")
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidInputError("key", "invalid_key") from error
    if algorithm == "RS256" and isinstance(key, RSAPublicKey):
        is_weak = key.key_size < MIN_RSA_BITS
    elif algorithm == "ES256" and isinstance(key, EllipticCurvePublicKey):
        is_weak = not isinstance(key.curve, SECP256R1)
    elif algorithm == "EdDSA" and isinstance(key, Ed25519PublicKey):
        is_weak = False
    else:
        raise InvalidInputError("key", "invalid_key")
    if is_weak:
        raise InvalidInputError("key", "weak_key")


def verify(token: str, keys: Mapping[str, VerificationKey], audience: str, *, now: dt.datetime) -> Statement:
    """What the token says, if it may be believed now. ``keys`` are the site's, by ``kid``.

    Raises:
        SiteTokenInvalidError: no token, an unknown key, another algorithm than the key's, or a wrong signature.
        SiteTokenError: its other kinds, each for one reason, only once the signature was found right.
    """
    claims = _signed_claims(token, keys)
    if audience not in _audiences(claims.get("aud")):
        raise SiteTokenWrongAudienceError
    expires_at = _check_times(claims, now)
    role = claims.get("role", "reader")
    if role not in _ROLES:
        raise SiteTokenIncompleteError(claim="role")
    email = claims.get("email")
    return Statement(
        subject=_text(claims, "sub"),
        name=_text(claims, "name"),
        email=_text(claims, "email") if email is not None else None,
        role=role,
        token_id=_text(claims, "jti"),
        expires_at=expires_at,
    )


def _signed_claims(token: str, keys: Mapping[str, VerificationKey]) -> Mapping[str, Any]:
    if len(token) > _LONGEST_TOKEN:
        raise SiteTokenInvalidError
    try:
        kid = jws.extract_compact(token.encode()).headers().get("kid")
        key = keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise SiteTokenInvalidError
        registry = _Registry(algorithms=_NAMES.get(key.algorithm, (key.algorithm,)))
        return jwt.decode(token, _import(key.algorithm, key.material), registry=registry).claims
    except (JoseError, ValueError, TypeError) as error:
        raise SiteTokenInvalidError from error


def _import(algorithm: Algorithm, material: str) -> OctKey | RSAKey | ECKey | OKPKey:
    if algorithm == "HS256":
        return OctKey.import_key(material)
    if algorithm == "RS256":
        return RSAKey.import_key(material)
    return ECKey.import_key(material) if algorithm == "ES256" else OKPKey.import_key(material)


def _audiences(claim: object) -> list[object]:
    return claim if isinstance(claim, list) else [claim]


def _check_times(claims: Mapping[str, Any], now: dt.datetime) -> dt.datetime:
    expires_at, issued_at = _time(claims, "exp"), _time(claims, "iat")
    begins_at = max(issued_at, _time(claims, "nbf")) if "nbf" in claims else issued_at
    if now >= expires_at + LEEWAY:
        raise SiteTokenExpiredError
    if now < begins_at - LEEWAY:
        raise SiteTokenEarlyError
    if expires_at - issued_at > LONGEST_LIFE:
        raise SiteTokenLongLivedError(maximum_s=int(LONGEST_LIFE.total_seconds()))
    return expires_at + LEEWAY


def _time(claims: Mapping[str, Any], name: str) -> dt.datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SiteTokenIncompleteError(claim=name)
    try:
        return dt.datetime.fromtimestamp(value, dt.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise SiteTokenIncompleteError(claim=name) from error


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_ID or not value.isprintable():
        raise SiteTokenIncompleteError(claim=name)
    return value
