"""Secrets that must be read back (a shared key, a TOTP seed), kept so that the database alone does not give them away.

AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits. The key is derived from the installation's secret key by
HKDF (RFC 5869); ``purpose`` is authenticated with the text, so that a sealed value moved to another row does not open.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from moderation.errors import UnreadableSecretError

_VERSION = "v1."
_NONCE_BYTES = 12


class Sealer:
    """Seals with ``secret_key``; opens what was sealed with it or with one of the ``previous`` keys."""

    def __init__(self, secret_key: str, previous: Iterable[str] = ()) -> None:
        self._cipher = _cipher(secret_key)
        self._previous = [_cipher(key) for key in previous]

    def seal(self, secret: str, purpose: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, secret.encode(), purpose.encode())
        return _VERSION + base64.urlsafe_b64encode(sealed).decode()

    def open(self, sealed: str, purpose: str) -> str:
        """
        Raises:
            UnreadableSecretError: it was sealed with another secret key or for another purpose, or was changed.
        """
        for cipher in (self._cipher, *self._previous):
            with contextlib.suppress(UnreadableSecretError):
                return _open(cipher, sealed, purpose)
        raise UnreadableSecretError

    def reseal(self, sealed: str, purpose: str) -> str | None:
        """The same secret, sealed with the present key. ``None`` where it is already.

        Raises:
            UnreadableSecretError: none of the keys opens it.
        """
        try:
            _open(self._cipher, sealed, purpose)
        except UnreadableSecretError:
            return self.seal(self.open(sealed, purpose), purpose)
        return None


def _cipher(secret_key: str) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=b"vorab sealing v1").derive(secret_key.encode()))


def _open(cipher: AESGCM, sealed: str, purpose: str) -> str:
    try:
        raw = base64.urlsafe_b64decode(sealed.removeprefix(_VERSION))
        return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], purpose.encode()).decode()
    except (InvalidTag, ValueError, binascii.Error) as error:
        raise UnreadableSecretError from error
