"""A passkey in software: what a browser and its authenticator do together, and what they must not be able to do."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url, encode_cbor

_USER_PRESENT, _ATTESTED = 0x01, 0x40


@dataclass
class Authenticator:
    """One key pair. Changes to what it says make answers that must be refused."""

    origin: str = "https://kommentare.example"
    rp_id: str = "kommentare.example"
    sign_count: int = 0
    id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """The answer to ``navigator.credentials.create``."""
        client_data = self._client_data("webauthn.create", options, changes)
        numbers = self.key.public_key().public_numbers()
        public_key = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + encode_cbor(public_key)
        said = self._said(changes, _ATTESTED) + attested
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": said})
        return self._credential({"clientDataJSON": client_data, "attestationObject": attestation})

    def show(self, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """The answer to ``navigator.credentials.get``."""
        self.sign_count = changes.get("sign_count", self.sign_count + 1)
        client_data = self._client_data("webauthn.get", options, changes)
        said = self._said(changes)
        signature = self.key.sign(said + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
        return self._credential({"clientDataJSON": client_data, "authenticatorData": said, "signature": signature})

    def _client_data(self, kind: str, options: dict[str, Any], changes: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps({**said, **{name: value for name, value in changes.items() if name in said}}).encode()

    def _said(self, changes: dict[str, Any], flags: int = 0) -> bytes:
        rp_id = hashlib.sha256(changes.get("rp_id", self.rp_id).encode()).digest()
        return rp_id + bytes([changes.get("flags", _USER_PRESENT) | flags]) + struct.pack(">I", self.sign_count)

    def _credential(self, response: dict[str, bytes]) -> dict[str, Any]:
        own = bytes_to_base64url(self.id)
        return {
            "id": own,
            "rawId": own,
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {name: bytes_to_base64url(value) for name, value in response.items()},
        }
