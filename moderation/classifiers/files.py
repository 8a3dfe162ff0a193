"""Files that a model is made of: read only after their digest is known to be right. Imports no torch."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from moderation.errors import CheckpointError


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hex.

    Raises:
        CheckpointError: the file can't be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(f"{path}: can't be read ({error.strerror})") from error


def demand_digest(path: Path, expected: str) -> None:
    """Compare a file with its SHA-256 (hex).

    Raises:
        CheckpointError: it is another file.
    """
    actual = file_digest(path)
    if not hmac.compare_digest(actual, expected.lower()):
        raise CheckpointError(f"{path}: wrong digest: the file has SHA-256 {actual}, expected was {expected}")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file that the model can't do without.

    Raises:
        CheckpointError: it is missing or not a JSON object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: missing or not JSON ({error})") from error
    if not isinstance(found, dict):
        raise CheckpointError(f"{path}: not a JSON object")
    return found
