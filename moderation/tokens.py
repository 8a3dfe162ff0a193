"""Secrets that are told once and stored as their hash only: whoever reads the database can use none of them."""

from __future__ import annotations

import hashlib
import secrets

_BYTES = 32


def new() -> str:
    """256 random bits, as text that fits into an address."""
    return secrets.token_urlsafe(_BYTES)


def digest(token: str) -> str:
    """What is stored (SHA-256, hex). A slow hash would add nothing: nobody guesses such a token."""
    return hashlib.sha256(token.encode()).hexdigest()
