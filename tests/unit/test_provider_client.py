"""What a provider may say of itself, how often it is asked, and what is not waited for."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from api import provider_client
from api.provider_client import ProviderClient
from moderation.errors import ProviderUnavailableError
from moderation.identity_providers import Provider
from tests.parallel import at_once


@dataclass
class Elsewhere:
    """A server that answers what it is told to."""

    url: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def content(self) -> bytes:
        good = {
            "issuer": self.url,
            **{name: f"{self.url}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")},
        }
        said = {name: value for name, value in {**good, **self.changes}.items() if value is not None}
        return self.body if self.body is not None else json.dumps(said).encode()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    made = Elsewhere()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            content = made.content()
            self.send_response(made.status)
            for name, value in {"Content-Length": str(len(content)), **made.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Seconds:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def client(seconds: Seconds) -> ProviderClient:
    return ProviderClient(seconds)


@pytest.fixture
def provider(elsewhere: Elsewhere) -> Provider:
    return Provider(uuid.uuid4(), "Dienst", elsewhere.url, "vorab", "geheim", "openid", None)


def reason(client: ProviderClient, provider: Provider) -> str:
    with pytest.raises(ProviderUnavailableError) as caught:
        client.metadata(provider)
    return str(caught.value.details["reason"])


def test_what_a_provider_says_is_kept_for_a_minute(
    client: ProviderClient, provider: Provider, elsewhere: Elsewhere, seconds: Seconds
) -> None:
    for now in (0, 59.9, 60):
        seconds.now = 1000 + now
        client.metadata(provider)

    assert elsewhere.asked == ["/.well-known/openid-configuration"] * 2


def test_many_who_ask_at_once_ask_it_once(client: ProviderClient, provider: Provider, elsewhere: Elsewhere) -> None:
    at_once([partial(client.metadata, provider) for _ in range(8)])

    assert len(elsewhere.asked) == 1


def test_one_that_is_down_is_not_asked_again_for_five_seconds(
    client: ProviderClient, provider: Provider, elsewhere: Elsewhere, seconds: Seconds
) -> None:
    elsewhere.status = 500
    assert [reason(client, provider), reason(client, provider)] == ["status_500", "down"]
    elsewhere.status = 200
    seconds.now += 5

    client.metadata(provider)

    assert len(elsewhere.asked) == 2


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"issuer": "https://anderswo.example"}, "another_issuer"),
        ({"issuer": None}, "another_issuer"),
        ({"token_endpoint": None}, "token_endpoint"),
        ({"token_endpoint": 7}, "token_endpoint"),
        ({"token_endpoint": "http://192.0.2.1/token"}, "token_endpoint"),
        ({"jwks_uri": "file:///etc/passwd"}, "jwks_uri"),
        ({"jwks_uri": "https:///keys"}, "jwks_uri"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"),
        ({"token_endpoint": "https://["}, "token_endpoint"),
    ],
    ids=str,
)
def test_j3_an_endpoint_that_is_none_is_not_used(
    client: ProviderClient, provider: Provider, elsewhere: Elsewhere, changes: dict[str, Any], found: str
) -> None:
    elsewhere.changes = changes

    assert reason(client, provider) == found


def test_a_userinfo_endpoint_that_is_not_safe_is_left_alone(
    client: ProviderClient, provider: Provider, elsewhere: Elsewhere
) -> None:
    elsewhere.changes = {"userinfo_endpoint": "http://192.0.2.1/userinfo"}

    assert client.metadata(provider).userinfo_endpoint is None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>", b"\xff\xfe", b'{"issuer": ' + b'"x"' * 5, b"[" * 20_000], ids=range(6)
)
def test_what_is_no_json_object_is_no_answer(
    client: ProviderClient, provider: Provider, elsewhere: Elsewhere, body: bytes
) -> None:
    elsewhere.body = body

    assert reason(client, provider) == "no_json"


def test_an_endless_answer_is_not_read_to_its_end(
    client: ProviderClient, provider: Provider, elsewhere: Elsewhere
) -> None:
    elsewhere.body = b"x" * (1024 * 1024)

    assert reason(client, provider) == "too_much"


def test_an_answer_that_drips_is_given_up(
    client: ProviderClient, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_client, "_SLOWEST_S", -1.0)

    assert reason(client, provider) == "too_much"


def test_j3_a_redirect_is_not_followed(client: ProviderClient, provider: Provider, elsewhere: Elsewhere) -> None:
    elsewhere.status, elsewhere.headers = 302, {"Location": f"{elsewhere.url}/anderswo"}

    assert reason(client, provider) == "status_302"
    assert "/anderswo" not in elsewhere.asked


def test_a_broken_encoding_is_no_answer(client: ProviderClient, provider: Provider, elsewhere: Elsewhere) -> None:
    elsewhere.headers = {"Content-Encoding": "gzip"}

    assert reason(client, provider) == "ContentDecodingError"


def test_a_port_where_nobody_listens_is_no_answer(client: ProviderClient) -> None:
    nobody = Provider(uuid.uuid4(), "Dienst", "http://127.0.0.1:9", "vorab", None, "openid", None)

    assert reason(client, nobody) == "ConnectionError"


@pytest.mark.parametrize(
    ("methods", "secret", "method"),
    [
        (None, "geheim", "client_secret_basic"),
        (["client_secret_post"], "geheim", "client_secret_post"),
        (["client_secret_post", "client_secret_basic"], "geheim", "client_secret_basic"),
        (["client_secret_basic"], None, "none"),
    ],
)
def test_the_secret_travels_as_the_provider_wants_it(
    client: ProviderClient, elsewhere: Elsewhere, methods: list[str] | None, secret: str | None, method: str
) -> None:
    elsewhere.changes = {"token_endpoint_auth_methods_supported": methods}
    provider = Provider(uuid.uuid4(), "Dienst", elsewhere.url, "vorab", secret, "openid", None)

    session = client._session(provider, client.metadata(provider), "https://kommentare.example/zurueck")

    assert session.token_endpoint_auth_method == method
