"""The domain's own words for what can go wrong.

Every error carries a stable ``code``. What a code means in HTTP, and how it reads in German and English, is decided in
``api``; nothing here knows about either.
"""

from __future__ import annotations

from typing import ClassVar


class VorabError(Exception):
    """Base of every error that the domain raises on purpose.

    ``details`` are facts that the texts for people may name (a limit, a date); they are never secret.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str = "", **details: object) -> None:
        super().__init__(message or self.code)
        self.details = details


class InvalidInputError(VorabError):
    """A field's value is not acceptable. ``field`` names it, ``code`` says why."""

    code = "invalid_input"

    def __init__(self, field: str, reason: str, **details: object) -> None:
        super().__init__(f"{field}: {reason}", **details)
        self.field = field
        self.reason = reason


class ClassifierError(VorabError):
    """The classifier could not score a text that it was given."""

    code = "classifier_failed"


class ClassifierUnavailableError(ClassifierError):
    """There is no classifier to ask: not loaded yet, its files are missing or not what they claim to be."""

    code = "classifier_unavailable"


class CheckpointError(ClassifierUnavailableError):
    """A checkpoint was refused: wrong digest, missing or surplus weights, unknown architecture, wrong labels."""

    code = "checkpoint_refused"
