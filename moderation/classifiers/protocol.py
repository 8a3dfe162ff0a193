"""What the screening needs from a classifier, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model gave a score. Stored with every screening.

    ``digest`` is the SHA-256 (hex) over everything that the scores depend on; ``languages`` are the ISO 639-1 codes
    that the model may be asked about: a text in any other language goes to a moderator.
    """

    name: str
    digest: str
    labels: tuple[str, ...]
    languages: frozenset[str]
    hold_thresholds: Mapping[str, Mapping[str, float]]
    """What the model's makers hold at: language (or ``*``) to label to score. A site's policy overrides it."""


@dataclass(frozen=True, slots=True)
class ScoringInput:
    """One text to score, already cut to a window, with the language (ISO 639-1) it is taken to be in."""

    text: str
    language: str


Scores = Mapping[str, float]
"""Label to probability, 0..1, one entry for every label that the model was trained on *in that language*."""


class Classifier(Protocol):
    """Scores texts. Safe to call from several threads."""

    @property
    def identity(self) -> ModelIdentity: ...

    def score(self, inputs: Sequence[ScoringInput]) -> list[Scores]:
        """Score each input, in order. ``[]`` gives ``[]``.

        Raises:
            ClassifierUnavailableError: there is no model to ask.
            ClassifierError: this input could not be scored.
        """
        ...
