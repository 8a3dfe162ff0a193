"""ID tokens of OpenID Connect providers, checked by Core 1.0, section 3.1.3.7, and RFC 8725.

The keys decide which algorithms there are, and only those with a public key: what is signed with nothing, or with what
both sides know, is refused whatever the header says. Pure: token, keys and time come in, claims come out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import import_key
from joserfc.jws import JWSRegistry

from moderation.errors import IdTokenError, UnknownKeyError

LEEWAY_S = 30
"""How far the provider's clock may be off."""
MIN_RSA_BITS = 2048

_LONGEST_TOKEN = 32_768
_LONGEST_SUBJECT = 255
_FAMILIES: Mapping[str, tuple[str, ...]] = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("EdDSA", "Ed25519"),
}
_ALGORITHMS = frozenset(name for names in _FAMILIES.values() for name in names)

Key = Mapping[str, Any]
"""A public key as JWK (RFC 7517)."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a good token says: who it is from, for whom, and in answer to which question."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str | None = None


class _Registry(JWSRegistry):
    """The library's, without its warning about the name EdDSA, which providers go on writing."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name] if name in (self.allowed or ()) else super().get_alg(name)


def verify(token: str, keys: Sequence[Key], expected: Expected, *, now: dt.datetime) -> Mapping[str, Any]:
    """The claims, if they may be believed now.

    Raises:
        UnknownKeyError: signed with a key that is not among these: perhaps the provider has a new one.
        IdTokenError: refused; ``details`` have the ``reason`` for the operator's log.
    """
    header, claims = _signed(token, keys)
    if claims.get("iss") != expected.issuer:
        raise IdTokenError(reason="issuer")
    if expected.client_id not in _audiences(claims.get("aud")):
        raise IdTokenError(reason="audience")
    found = CodeIDToken(
        claims,
        header,
        params={
            "nonce": expected.nonce,
            "client_id": expected.client_id,
            "access_token": expected.access_token,
        },
    )
    try:
        found.validate(now=int(now.timestamp()), leeway=LEEWAY_S)
    except ExpiredTokenError as error:
        raise IdTokenError(reason="expired") from error
    except (JoseError, TypeError, ValueError) as error:
        raise IdTokenError(reason=getattr(error, "claim", None) or "claims") from error
    _check_subject(claims["sub"])
    return claims


def _signed(token: str, keys: Sequence[Key]) -> tuple[Mapping[str, Any], dict[str, Any]]:
    if len(token) > _LONGEST_TOKEN:
        raise IdTokenError(reason="too_long")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError) as error:
        raise IdTokenError(reason="malformed") from error
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
        raise IdTokenError(reason="algorithm")
    key = _choose(keys, header.get("kid"), algorithm)
    try:
        read = jwt.decode(token, _import(key), registry=_Registry(algorithms=[algorithm]))
    except (JoseError, ValueError, TypeError) as error:
        raise IdTokenError(reason="signature") from error
    return header, read.claims


def _choose(keys: Sequence[Key], kid: object, algorithm: str) -> Key:
    """The key that the header names; where it names none, the only one that it can be."""
    fitting = [key for key in keys if _fits(key, algorithm)]
    if kid is not None:
        fitting = [key for key in fitting if key.get("kid") == kid]
    if len(fitting) != 1:
        raise UnknownKeyError
    return fitting[0]


def _fits(key: Key, algorithm: str) -> bool:
    if key.get("use", "sig") != "sig" or key.get("alg", algorithm) != algorithm:
        return False
    return algorithm in _FAMILIES.get(str(key.get("kty")), ())


def _import(key: Key) -> Any:
    # The modulus in base64url has six bits a letter. Before the library looks at it, which only warns.
    if key.get("kty") == "RSA" and len(str(key.get("n", ""))) * 6 < MIN_RSA_BITS:
        raise IdTokenError(reason="weak_key")
    return import_key(dict(key))


def _audiences(claim: object) -> list[object]:
    return claim if isinstance(claim, list) else [claim]


def _check_subject(subject: object) -> None:
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
        raise IdTokenError(reason="sub")
