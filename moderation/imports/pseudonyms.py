"""Something in place of an address: the same for the same address, and of no use to whoever has not the secret key."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Pseudonyms:
    """Made with the first of the keys; who looks for somebody tries the earlier ones, too (HMAC, RFC 2104)."""

    def __init__(self, secret_key: str, previous: Iterable[str] = ()) -> None:
        self._keys = [_derived(key) for key in (secret_key, *previous)]

    def of(self, address: str) -> str:
        return self.all_of(address)[0]

    def all_of(self, address: str) -> list[str]:
        plain = address.strip().casefold().encode("utf-8", "replace")
        return [f"mail:{hmac.new(key, plain, hashlib.sha256).hexdigest()}" for key in self._keys]


def _derived(secret_key: str) -> bytes:
    info = b"vorab imported authors v1"
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret_key.encode())
