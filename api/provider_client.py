"""Talking to identity providers (OpenID Connect): authorization code with PKCE, state and nonce.

What a provider says about itself and its keys is kept for a while, so that signing in costs it little, and asked for
anew when a token is signed with a key that is not known yet. Nothing of it waits long: a provider that is down is said
to be down within seconds, and for some seconds is not asked again.
"""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
import structlog
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from moderation import id_tokens
from moderation.errors import IdTokenError, ProviderRefusedError, ProviderUnavailableError, UnknownKeyError
from moderation.id_tokens import Expected, Key
from moderation.identity_providers import Provider, is_safe_address

log = structlog.get_logger()

TIMEOUT_S = (3.0, 5.0)
"""To connect, and between two pieces of an answer."""
_METADATA_FOR_S = 60.0
_KEYS_FOR_S = 600.0
_DOWN_FOR_S = 5.0
_LONGEST_ANSWER = 512 * 1024
_SLOWEST_S = 10.0
_NAMES = ("nickname", "preferred_username", "name")
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a provider says of itself (OpenID Connect Discovery 1.0, section 3)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    auth_methods: tuple[str, ...]
    names_issuer: bool
    """Whether its answers say whose they are (RFC 9207)."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser goes, and what has to be remembered until it comes back."""

    url: str
    state: str
    nonce: str
    code_verifier: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser brought back from the provider."""

    code: str
    issuer: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a provider signed in. ``email`` is one that it says it has verified."""

    subject: str
    name: str | None
    email: str | None


@dataclass(slots=True)
class _Kept:
    """The answer to one question, or that there was none."""

    at: float
    content: Mapping[str, Any] | None


class ProviderClient:
    """One for a process. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def begin(self, provider: Provider, redirect_uri: str) -> Begun:
        """
        Raises:
            ProviderUnavailableError: it does not answer, or says nothing that could be used.
        """
        metadata = self.metadata(provider)
        nonce, code_verifier = generate_token(43), generate_token(64)
        with self._session(provider, metadata, redirect_uri) as session:
            url, state = session.create_authorization_url(
                metadata.authorization_endpoint, code_verifier=code_verifier, nonce=nonce, state=generate_token(43)
            )
        return Begun(url, state, nonce, code_verifier)

    def finish(
        self, provider: Provider, redirect_uri: str, begun: Begun, answer: Answer, *, now: dt.datetime
    ) -> Person:
        """Exchange the code for a token and read who was signed in.

        Raises:
            ProviderUnavailableError: it does not answer.
            ProviderRefusedError: it refuses the code, or its answer is not to be believed; the log says why.
        """
        metadata = self.metadata(provider)
        if answer.issuer not in ((provider.issuer,) if metadata.names_issuer else (None, provider.issuer)):
            raise _refused(provider, "issuer_of_answer")
        tokens = self._tokens(provider, metadata, redirect_uri, begun, answer.code)
        id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(id_token, str):
            raise _refused(provider, "no_id_token")
        access_token = access_token if isinstance(access_token, str) else None
        expected = Expected(provider.issuer, provider.client_id, begun.nonce, access_token)
        try:
            claims = self._verify(id_token, metadata, provider, expected, now=now)
        except IdTokenError as error:
            raise _refused(provider, error.details["reason"]) from error
        return _person(provider, claims, self._more(provider, metadata, claims, access_token))

    def metadata(self, provider: Provider) -> Metadata:
        """
        Raises:
            ProviderUnavailableError: as :meth:`begin`.
        """
        address = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
        said = self._ask(provider, address, _METADATA_FOR_S)
        if said.get("issuer") != provider.issuer:
            raise _unavailable(provider, "another_issuer")
        endpoints = {
            name: said.get(name)
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
        }
        userinfo = endpoints.pop("userinfo_endpoint")
        for name, endpoint in endpoints.items():
            if not isinstance(endpoint, str) or not is_safe_address(endpoint):
                raise _unavailable(provider, name)
        methods = said.get("token_endpoint_auth_methods_supported") or ("client_secret_basic",)
        return Metadata(
            **{name: str(endpoint) for name, endpoint in endpoints.items()},
            userinfo_endpoint=userinfo if isinstance(userinfo, str) and is_safe_address(userinfo) else None,
            auth_methods=tuple(map(str, methods)),
            names_issuer=said.get("authorization_response_iss_parameter_supported") is True,
        )

    def _verify(
        self, token: str, metadata: Metadata, provider: Provider, expected: Expected, *, now: dt.datetime
    ) -> Mapping[str, Any]:
        try:
            return id_tokens.verify(token, self._keys(provider, metadata), expected, now=now)
        except UnknownKeyError:
            log.info("provider_keys_renewed", issuer=provider.issuer)
            return id_tokens.verify(token, self._keys(provider, metadata, anew=True), expected, now=now)

    def _keys(self, provider: Provider, metadata: Metadata, *, anew: bool = False) -> list[Key]:
        found = self._ask(provider, metadata.jwks_uri, 0.0 if anew else _KEYS_FOR_S).get("keys")
        return [key for key in found if isinstance(key, dict)] if isinstance(found, list) else []

    def _more(
        self, provider: Provider, metadata: Metadata, claims: Mapping[str, Any], access_token: str | None
    ) -> Mapping[str, Any]:
        """What the provider says at its userinfo endpoint, which by the standard is where names and addresses are."""
        if metadata.userinfo_endpoint is None or access_token is None:
            return claims
        if _name(provider, claims) is not None and "email" in claims:
            return claims
        more = _get(provider, metadata.userinfo_endpoint, {"Authorization": f"Bearer {access_token}"})
        if more.get("sub") != claims["sub"]:
            raise _refused(provider, "userinfo_of_another")
        return {**more, **claims}

    def _tokens(
        self, provider: Provider, metadata: Metadata, redirect_uri: str, begun: Begun, code: str
    ) -> Mapping[str, Any]:
        try:
            with self._session(provider, metadata, redirect_uri) as session:
                found: Mapping[str, Any] = session.fetch_token(
                    metadata.token_endpoint,
                    code=code,
                    grant_type="authorization_code",
                    code_verifier=begun.code_verifier,
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            raise _unavailable(provider, type(error).__name__) from error
        except OAuthError as error:
            raise _refused(provider, str(error.error)[:80]) from error
        except ValueError as error:
            raise _unavailable(provider, "no_json") from error
        return found

    def _session(self, provider: Provider, metadata: Metadata, redirect_uri: str) -> OAuth2Session:
        method = "none"
        if provider.secret is not None:
            is_basic = "client_secret_basic" in metadata.auth_methods
            method = "client_secret_basic" if is_basic else "client_secret_post"
        return OAuth2Session(
            provider.client_id,
            provider.secret,
            token_endpoint_auth_method=method,
            scope=provider.scopes,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            default_timeout=TIMEOUT_S,
        )

    def _ask(self, provider: Provider, address: str, good_for_s: float) -> Mapping[str, Any]:
        """What is at an address, asked for once however many wait for it."""
        with self._lock:
            lock = self._locks.setdefault(address, threading.Lock())
        begun_at = self._clock()
        with lock:
            kept = self._kept.get(address)
            if kept is not None and kept.content is None and self._clock() - kept.at < _DOWN_FOR_S:
                raise _unavailable(provider, "down")
            # What another thread fetched while this one waited is as new as can be.
            is_good = kept is not None and (kept.at >= begun_at or self._clock() - kept.at < good_for_s)
            if kept is not None and kept.content is not None and is_good:
                return kept.content
            self._kept[address] = _Kept(self._clock(), None)
            content = _get(provider, address, {})
            self._kept[address] = _Kept(self._clock(), content)
            return content


def _get(provider: Provider, address: str, headers: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        with requests.get(
            address,
            headers={"Accept": "application/json", **headers},
            timeout=TIMEOUT_S,
            allow_redirects=False,
            stream=True,
        ) as answer:
            if answer.status_code != 200:
                raise _unavailable(provider, f"status_{answer.status_code}")
            return _object(provider, _read(provider, answer))
    except (requests.RequestException, UnicodeError) as error:
        raise _unavailable(provider, type(error).__name__) from error


def _read(provider: Provider, answer: requests.Response) -> bytes:
    """The body, unless it is too long or comes so slowly that nobody should wait for it."""
    raw, until = bytearray(), time.monotonic() + _SLOWEST_S
    for piece in answer.iter_content(64 * 1024):
        raw += piece
        if len(raw) > _LONGEST_ANSWER or time.monotonic() > until:
            raise _unavailable(provider, "too_much")
    return bytes(raw)


def _object(provider: Provider, raw: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise _unavailable(provider, "no_json")
    return content


def _person(provider: Provider, claims: Mapping[str, Any], more: Mapping[str, Any]) -> Person:
    email = more.get("email") if more.get("email_verified") is True else None
    return Person(claims["sub"], _name(provider, more), email if isinstance(email, str) else None)


def _name(provider: Provider, claims: Mapping[str, Any]) -> str | None:
    """What readers will see: the claim that the operator chose; else a pseudonym before a real name, for privacy."""
    wanted = (provider.name_claim,) if provider.name_claim is not None else _NAMES
    found = (claims.get(name) for name in wanted)
    # A user name that is an address must not be published.
    names = (" ".join(name.split())[:_LONGEST_NAME] for name in found if isinstance(name, str) and "@" not in name)
    return next((name for name in names if name), None)


def _unavailable(provider: Provider, reason: str) -> ProviderUnavailableError:
    log.error("provider_unavailable", issuer=provider.issuer, reason=reason)
    return ProviderUnavailableError(name=provider.name, reason=reason)


def _refused(provider: Provider, reason: str) -> ProviderRefusedError:
    log.warning("provider_refused", issuer=provider.issuer, reason=reason)
    return ProviderRefusedError(name=provider.name, reason=reason)
