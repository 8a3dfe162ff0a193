"""What a site's server does: keep a key, and sign tokens for its readers with it."""

from __future__ import annotations

import hmac
import json
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from moderation import site_keys, sites
from moderation.site_sign_in import audience
from moderation.site_tokens import Algorithm
from tests.world import World

SECRET = "ein-geteiltes-Geheimnis-mit-genug-Zeichen"


@dataclass
class Signer:
    """A site with one key. Changes to claims and headers make tokens that must be refused."""

    world: World
    algorithm: str
    key: Any
    kid: str
    site: str = "demo"

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a good token; a change to ``None`` leaves one out."""
        now = int(self.world.clock().timestamp())
        good = {
            "aud": audience(self.world.services.settings.base_url, self.site),
            "sub": "leser-17",
            "name": "Rosa Lind",
            "email": "rosa@example.org",
            "iat": now,
            "exp": now + 60,
            "jti": str(uuid.uuid4()),
        }
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def token(self, header: dict[str, Any] | None = None, **changes: Any) -> str:
        headers = {"alg": self.algorithm, "kid": self.kid, **(header or {})}
        registry = _Quiet(algorithms=[headers["alg"]])
        return jwt.encode(headers, self.claims(**changes), self.key, registry=registry)


class _Quiet(JWSRegistry):
    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


def shared_key(world: World, *, site: str = "demo", kid: str = "k1", secret: str = SECRET) -> Signer:
    with world.database.write() as session:
        owner = sites.by_key(session, site)
        site_keys.add_shared(session, world.services.sealer, owner, kid, secret=secret, now=world.clock())
    return Signer(world, "HS256", OctKey.import_key(secret), kid, site)


_PAIRS: dict[str, Any] = {}


def key_pair(algorithm: str) -> Any:
    """A private key; made once, because RSA's take a while."""
    makers = {
        "RS256": lambda: RSAKey.generate_key(2048),
        "ES256": lambda: ECKey.generate_key("P-256"),
        "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
    }
    if algorithm not in _PAIRS:
        _PAIRS[algorithm] = makers[algorithm]()
    return _PAIRS[algorithm]


def public_key(world: World, algorithm: Algorithm, *, kid: str = "k1") -> Signer:
    pair = key_pair(algorithm)
    with world.database.write() as session:
        owner = sites.by_key(session, "demo")
        pem = pair.as_pem(private=False).decode()
        site_keys.add_public(session, owner, kid, algorithm, pem, now=world.clock())
    return Signer(world, algorithm, pair, kid)


def unsigned(claims: dict[str, Any], kid: str) -> str:
    """A token of algorithm ``none``, which no library worth its salt writes."""
    return ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "none", "kid": kid}, claims)) + "."


def signed_by_hand(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """HMAC-SHA-256 with whatever secret: the library refuses to misuse a public key."""
    said = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    return f"{said}.{_encoded(hmac.digest(secret, said.encode(), 'sha256'))}"


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
