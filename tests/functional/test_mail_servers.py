"""Letters to a mail server: encrypted, to the right one, and no password to anybody else."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api import mail
from api.settings import Settings
from moderation.models import OutboxMessage
from tests.servers import free_port


class Desk:
    """What a server got to see."""

    def __init__(self) -> None:
        self.letters = 0
        self.passwords: list[bytes] = []

    async def handle_DATA(self, _server: Any, session: Any, _envelope: Any) -> str:
        self.letters += 1
        return "250 OK"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        self.passwords.append(data.password)
        return AuthResult(success=True)


@contextmanager
def listening(context: ssl.SSLContext | None, *, at_once: bool = False) -> Iterator[tuple[int, Desk]]:
    """A server that offers STARTTLS with this certificate, or speaks nothing else from the start."""
    desk = Desk()
    controller = Controller(
        desk,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=desk.authenticate,
        auth_require_tls=False,
        ssl_context=context if at_once else None,
        **({} if at_once else {"tls_context": context}),
    )
    controller.start()
    yield controller.port, desk
    controller.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for 127.0.0.1 that nobody but itself vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("mail") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def speaking_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def sends() -> Callable[[str], bool]:
    """Whether a letter got through to the server at this address."""

    def send(address: str) -> bool:
        settings = Settings(secret_key="t" * 32, database_url="sqlite://", mail=address)
        now = dt.datetime.now(dt.UTC)
        context = {"display_name": "Ada", "forgotten_url": "https://comments.example/account/forgotten"}
        letter = OutboxMessage(
            kind="password_changed",
            recipient="ada@example.org",
            language="de",
            context=context,
            created_at=now,
            due_at=now,
        )
        return mail.mailer_for(settings).send(letter)

    return send


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the server stood elsewhere."""
    monkeypatch.setattr(mail, "_is_this_machine", lambda _host: False)


@pytest.mark.usefixtures("far_away")
@pytest.mark.parametrize(("scheme", "at_once"), [("smtp", False), ("smtps", True)])
def test_a_certificate_that_nobody_vouches_for_gets_no_letter_and_no_password(
    sends: Callable[[str], bool], speaking_tls: ssl.SSLContext, scheme: str, at_once: bool
) -> None:
    with listening(speaking_tls, at_once=at_once) as (port, desk):
        assert not sends(f"{scheme}://vorab:geheim@127.0.0.1:{port}")
    assert (desk.letters, desk.passwords) == (0, [])


@pytest.mark.usefixtures("far_away")
@pytest.mark.parametrize(("scheme", "at_once"), [("smtp", False), ("smtps", True)])
def test_a_certificate_that_the_operator_vouches_for_is_good(
    sends: Callable[[str], bool],
    speaking_tls: ssl.SSLContext,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    at_once: bool,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with listening(speaking_tls, at_once=at_once) as (port, desk):
        assert sends(f"{scheme}://vorab:geheim@127.0.0.1:{port}")
    assert (desk.letters, desk.passwords) == (1, [b"geheim"])


@pytest.mark.usefixtures("far_away")
def test_without_encryption_no_password_is_sent_to_another_machine(sends: Callable[[str], bool]) -> None:
    with listening(None) as (port, desk):
        assert not sends(f"smtp://vorab:geheim@127.0.0.1:{port}")
        assert desk.passwords == []
        assert sends(f"smtp://127.0.0.1:{port}")
    assert desk.letters == 1


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_server_on_this_machine_is_trusted(
    sends: Callable[[str], bool], speaking_tls: ssl.SSLContext, encrypted: bool
) -> None:
    with listening(speaking_tls if encrypted else None) as (port, desk):
        assert sends(f"smtp://vorab:geheim@127.0.0.1:{port}")
    assert (desk.letters, desk.passwords) == (1, [b"geheim"])
