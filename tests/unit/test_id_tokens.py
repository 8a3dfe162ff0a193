"""ID tokens, each wrong in one way, and the ways in which good ones differ."""

from __future__ import annotations

import base64
import datetime as dt
import json
from functools import cache
from typing import Any

import pytest
from authlib.oidc.core.util import create_half_hash
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from moderation import id_tokens
from moderation.errors import IdTokenError, UnknownKeyError
from moderation.id_tokens import Expected

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
AT = int(NOW.timestamp())
EXPECTED = Expected("https://login.example", "vorab", "n-1", "an access token")
CLAIMS: dict[str, Any] = {
    "iss": "https://login.example",
    "aud": "vorab",
    "sub": "4711",
    "nonce": "n-1",
    "iat": AT - 5,
    "exp": AT + 300,
}
MAKERS = {
    "RS256": lambda: RSAKey.generate_key(2048),
    "PS256": lambda: RSAKey.generate_key(2048),
    "ES256": lambda: ECKey.generate_key("P-256"),
    "ES384": lambda: ECKey.generate_key("P-384"),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
}


class _Quiet(JWSRegistry):
    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


@cache
def pair(algorithm: str) -> Any:
    return MAKERS[algorithm]()


def token(algorithm: str = "ES256", key: Any = None, *, kid: str | None = "k", **changes: Any) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    header = {"alg": algorithm, **({"kid": kid} if kid else {})}
    return jwt.encode(header, claims, key or pair(algorithm), registry=_Quiet(algorithms=[algorithm]))


def published(algorithm: str = "ES256", **more: Any) -> dict[str, Any]:
    return {**pair(algorithm).as_dict(private=False), "kid": "k", **more}


def verify(given: str, *keys: Any) -> Any:
    return id_tokens.verify(given, keys or (published(),), EXPECTED, now=NOW)


def refusal(given: str, *keys: Any) -> str:
    with pytest.raises(IdTokenError) as caught:
        verify(given, *keys)
    return str(caught.value.details["reason"])


@pytest.mark.parametrize("algorithm", sorted(MAKERS))
def test_algorithms_with_public_keys_are_accepted(algorithm: str) -> None:
    assert verify(token(algorithm), published(algorithm))["sub"] == "4711"


def test_without_a_name_the_only_key_that_fits_is_taken() -> None:
    assert verify(token(kid=None), published("RS256"), published("ES256"))["sub"] == "4711"


def test_without_a_name_two_keys_that_fit_are_none() -> None:
    other = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "other"}

    with pytest.raises(UnknownKeyError):
        verify(token(kid=None), published(), other)


@pytest.mark.parametrize(
    "key",
    [
        {},
        {"kty": "unheard of", "kid": "k"},
        published(use="enc"),
        published(alg="ES384"),
        published(kid="other"),
        published("RS256"),
        {"kty": "oct", "k": "AAAA", "kid": "k"},
    ],
    ids=["empty", "unknown type", "for encryption", "another algorithm", "another name", "another type", "shared"],
)
def test_a_key_that_does_not_fit_is_none(key: dict[str, Any]) -> None:
    assert refusal(token(), key) == "unknown_key"


def test_a_weak_key_is_refused() -> None:
    with pytest.warns(match="1024|2048"):
        weak = RSAKey.generate_key(1024)

    assert refusal(token("RS256"), {**weak.as_dict(private=False), "kid": "k"}) == "weak_key"


@pytest.mark.parametrize("algorithm", ["HS256", "none", "HS512", "RS1", "es256", ""])
def test_other_algorithms_are_refused_whatever_the_keys_are(algorithm: str) -> None:
    said = token().split(".")
    header = {"alg": algorithm, "kid": "k"}
    forged = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")

    assert refusal(f"{forged}.{said[1]}.{said[2]}") == "algorithm"


def test_a_shared_secret_among_the_published_keys_signs_nothing() -> None:
    secret = OctKey.import_key("ein Geheimnis mit mehr als zweiunddreißig Zeichen")
    signed = jwt.encode({"alg": "HS256", "kid": "k"}, CLAIMS, secret)

    assert refusal(signed, {**secret.as_dict(private=True), "kid": "k"}) == "algorithm"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://login.example/"}, "issuer"),
        ({"iss": ["https://login.example"]}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "Vorab"}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": []}, "audience"),
        ({"aud": {"vorab": True}}, "audience"),
        ({"aud": ["vorab", "other"]}, "azp"),
        ({"aud": ["vorab", 7]}, "aud"),
        ({"azp": "other"}, "azp"),
        ({"nonce": "N-1"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": AT - 31}, "expired"),
        ({"exp": True}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"exp": None}, "exp"),
        ({"iat": AT + 31}, "iat"),
        ({"iat": None}, "iat"),
        ({"nbf": AT + 31}, "nbf"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "at_hash"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 4711}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"sub": "a\x00b"}, "sub"),
        ({"auth_time": "yesterday"}, "auth_time"),
    ],
    ids=str,
)
def test_a_wrong_claim_is_refused_with_its_name(changes: dict[str, Any], reason: str) -> None:
    assert refusal(token(**changes)) == reason


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": AT - 29},
        {"iat": AT + 29},
        {"aud": ["vorab"]},
        {"aud": ["vorab", "other"], "azp": "vorab"},
        {"azp": "vorab"},
        {"at_hash": create_half_hash("an access token", "ES256").decode()},
        {"sub": "x" * 255},
    ],
    ids=str,
)
def test_what_the_standard_allows_is_accepted(changes: dict[str, Any]) -> None:
    assert verify(token(**changes))["nonce"] == "n-1"


@pytest.mark.parametrize("given", ["", ".", "..", "a.b.c", "x" * 40_000, "e30.e30.", "\ud800"], ids=repr)
def test_what_is_no_token_is_refused(given: str) -> None:
    assert refusal(given) in ("malformed", "algorithm", "too_long")


def test_a_changed_signature_is_refused() -> None:
    good = token()
    last = "A" if good[-10] != "A" else "B"

    assert refusal(f"{good[:-10]}{last}{good[-9:]}") == "signature"
