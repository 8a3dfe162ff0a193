"""A real OpenID Connect provider in a process of its own: Authlib's server side, with people who sign in by a click.

    python -m tests.identity_provider PORT

It keeps to the standard until it is told not to (``POST /control``): then it makes one mistake, which must be refused.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import re
import secrets
import subprocess
import sys
import time
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core import AuthorizationCodeMixin, UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, Response, request
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from tests.servers import free_port

CLIENT_ID = "vorab"
SECRET = "ein Geheimnis, das nur der Dienst und Vorab kennen"
_REDIRECT = re.compile(r"http://(127\.0\.0\.1|localhost)(:\d+)?/sign-in/[\w-]+/[\w-]+/callback")

PEOPLE: dict[str, dict[str, Any]] = {
    "rosa": {
        "sub": "248289761001",
        "name": "Rosa Maria Lind",
        "nickname": "rosa_l",
        "email": "rosa@example.org",
        "email_verified": True,
    },
    "tom": {"sub": "24400320", "name": "Tom Krug", "email": "tom@example.org", "email_verified": False},
    "mira": {
        "sub": "90342",
        "name": "Mira Mod",
        "preferred_username": "mira@zeitung.example",
        "email": "mira@zeitung.example",
        "email_verified": True,
    },
    "nobody": {"sub": "7"},
}


@dataclass
class Client(ClientMixin):
    client_id: str
    secret: str | None

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(one for one in scope.split() if one in ("openid", "profile", "email"))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return bool(_REDIRECT.fullmatch(redirect_uri))

    def check_client_secret(self, client_secret: str) -> bool:
        return self.secret is not None and hmac.compare_digest(self.secret, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == ("client_secret_basic" if self.secret else "none")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):
    code: str
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    person: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())


@dataclass
class State:
    """What the provider knows, and which mistake it is told to make."""

    issuer: str
    keys: list[RSAKey] = field(default_factory=lambda: [_key()])
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, tuple[str, str]] = field(default_factory=dict)
    mistake: str = ""
    is_terse: bool = False
    """Names and addresses stand at the userinfo endpoint only, as the standard has it for the code flow."""
    clients: dict[str, Client] = field(
        default_factory=lambda: {CLIENT_ID: Client(CLIENT_ID, SECRET), "public": Client("public", None)}
    )


def _key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})


class CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = ["client_secret_basic", "none"]
    state: State

    def save_authorization_code(self, code: str, request: Any) -> None:
        asked = request.payload.data
        self.state.codes[code] = Code(
            code,
            request.client.client_id,
            request.payload.redirect_uri,
            request.scope,
            asked.get("nonce", ""),
            asked.get("code_challenge", ""),
            asked.get("code_challenge_method", ""),
            request.user,
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found = self.state.codes.get(code)
        return found if found is not None and found.client_id == client.client_id else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del self.state.codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> str:
        return authorization_code.person


class Tokens(OpenIDCode):
    def __init__(self, state: State) -> None:
        super().__init__(require_nonce=True)
        self.state = state

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return any(code.nonce == nonce for code in self.state.codes.values())

    def resolve_client_private_key(self, client: Client) -> RSAKey:
        return self.state.keys[-1]

    def get_client_algorithm(self, client: Client) -> str:
        return "RS256"

    def get_encode_header(self, client: Client) -> dict[str, Any]:
        return {"alg": "RS256", "kid": self.state.keys[-1].kid}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": self.state.issuer, "aud": client.client_id}

    def generate_user_info(self, user: str, scope: str) -> UserInfo:
        info = UserInfo(PEOPLE[user])
        return UserInfo(sub=info["sub"]) if self.state.is_terse else info.filter(scope)

    def encode_id_token(self, token: dict[str, Any], request: Any) -> str:
        good: str = super().encode_id_token(token, request)
        return spoil(good, self.state) if self.state.mistake else good


def spoil(good: str, state: State) -> str:
    """The same token with one thing wrong, signed as well as that allows."""
    key, now = state.keys[-1], int(time.time())
    read = jwt.decode(good, key)
    header, claims = {"alg": "RS256", "kid": key.kid}, dict(read.claims)
    changes: dict[str, dict[str, Any]] = {
        "issuer": {"iss": "https://anderswo.example"},
        "audience": {"aud": "somebody-else"},
        "audiences": {"aud": [CLIENT_ID, "somebody-else"]},
        "azp": {"azp": "somebody-else"},
        "nonce": {"nonce": "a-nonce-of-another-sign-in"},
        "no_nonce": {"nonce": None},
        "expired": {"exp": now - 120, "iat": now - 420},
        "future": {"iat": now + 3600, "exp": now + 7200},
        "no_exp": {"exp": None},
        "at_hash": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        "no_sub": {"sub": None},
        "long_sub": {"sub": "x" * 300},
    }
    claims = {name: value for name, value in {**claims, **changes.get(state.mistake, {})}.items() if value is not None}
    spoilers: dict[str, Callable[[], str]] = {
        "unsigned": lambda: _said({"alg": "none"}, claims) + ".",
        # Signed with the public key as if it were a shared secret: a library that believes the header takes it.
        "alg_confused": lambda: _signed_by_hand({**header, "alg": "HS256"}, claims, key.as_pem(private=False)),
        "client_secret_signed": lambda: jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET)),
        "foreign_key": lambda: jwt.encode(header, claims, _key()),
        "unpublished_key": lambda: jwt.encode({"alg": "RS256", "kid": "unheard-of"}, claims, _key()),
        "tampered": lambda: _said(header, {**claims, "sub": "1"}) + "." + good.rpartition(".")[2],
        "garbage": lambda: "no token",
    }
    return spoilers.get(state.mistake, lambda: jwt.encode(header, claims, key))()


def _said(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))


def _signed_by_hand(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    said = _said(header, claims)
    return f"{said}.{_encoded(hmac.digest(secret, said.encode(), 'sha256'))}"


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def make(issuer: str) -> Flask:
    app = Flask("identity_provider")
    state = State(issuer)
    server = _server(app, state)
    _tell_about_itself(app, state)
    _sign_in(app, state, server)

    @app.post("/control")
    def control() -> dict[str, Any]:
        wish = request.get_json()
        state.mistake = wish.get("mistake", "")
        state.is_terse = wish.get("is_terse", False)
        if wish.get("rotate"):
            state.keys[:] = [_key()]
        return {"codes": len(state.codes)}

    return app


def _server(app: Flask, state: State) -> AuthorizationServer:
    class Issuer(IssuerParameter):
        def get_issuer(self) -> str:
            return "https://anderswo.example" if state.mistake == "issuer_of_answer" else state.issuer

    def save(token: dict[str, Any], asked: Any) -> None:
        state.tokens[token["access_token"]] = (asked.user, token["scope"])

    server = AuthorizationServer(app, state.clients.get, save)
    server.register_extension(Issuer())
    grant = type("Grant", (CodeGrant,), {"state": state})
    server.register_grant(grant, [Tokens(state), CodeChallenge(required=True)])
    return server


def _tell_about_itself(app: Flask, state: State) -> None:
    issuer = state.issuer

    @app.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, Any]:
        return {
            "issuer": "https://anderswo.example" if state.mistake == "another_issuer" else issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/keys",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    @app.get("/keys")
    def keys() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in state.keys]}


def _sign_in(app: Flask, state: State, server: AuthorizationServer) -> None:
    @app.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Any:
        consent = server.get_consent_grant(end_user=request.form.get("person"))
        if request.method == "POST":
            # Without a person, whoever was asked said no.
            person = request.form.get("person") or None
            return server.create_authorization_response(grant=consent, grant_user=person)
        buttons = "".join(f'<button name="person" value="{name}">{name}</button>' for name in (*PEOPLE, ""))
        return f"<!doctype html><title>Anmeldedienst</title><h1>Wer bist du?</h1><form method=post>{buttons}</form>"

    @app.post("/token")
    def token() -> Any:
        if state.mistake == "token_down":
            return Response("Bad gateway", 502)
        if state.mistake == "no_id_token":
            return {"access_token": "x", "token_type": "Bearer"}
        return server.create_token_response()

    @app.get("/userinfo")
    def userinfo() -> Any:
        person, scope = state.tokens[request.headers["Authorization"].removeprefix("Bearer ")]
        info = UserInfo(PEOPLE[person]).filter(scope)
        return {**info, "sub": "1"} if state.mistake == "userinfo_of_another" else info


@dataclass(frozen=True)
class Running:
    issuer: str
    process: subprocess.Popen[bytes]

    def control(self, **wish: Any) -> None:
        asked = urllib.request.Request(  # noqa: S310  # Our own address.
            f"{self.issuer}/control", json.dumps(wish).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(asked).close()  # noqa: S310  # Our own address.


@contextlib.contextmanager
def running(port: int | None = None) -> Iterator[Running]:
    port = port or free_port()
    issuer = f"http://127.0.0.1:{port}"
    # Authlib's server refuses plain HTTP, also from the same machine, unless it is told that this is a test.
    environment = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.identity_provider", str(port)], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        _wait(issuer, process)
        yield Running(issuer, process)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(issuer: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{issuer}/keys").close()  # noqa: S310  # Our own address.
            return
        time.sleep(0.1)
    raise AssertionError("the identity provider did not start")


if __name__ == "__main__":
    from werkzeug.serving import run_simple

    number = int(sys.argv[1])
    run_simple("127.0.0.1", number, make(f"http://127.0.0.1:{number}"), threaded=True)
