"""Small damage done to training texts, so that the model doesn't hang on single words or spellings."""

from __future__ import annotations

import random

_WORD_DROPOUT = 0.07
_TYPO = 0.02


def noisy(text: str, chance: random.Random) -> str:
    """The text with some words left out and some characters dropped, doubled or swapped; a third stays as it is."""
    if chance.random() < 1 / 3:
        return text
    words = text.split(" ")
    kept = [word for word in words if chance.random() >= _WORD_DROPOUT] or words
    return " ".join(_typed(word, chance) if chance.random() < _TYPO * len(word) else word for word in kept)


def _typed(word: str, chance: random.Random) -> str:
    if len(word) < 3:
        return word
    at = chance.randrange(1, len(word) - 1)
    kind = chance.randrange(3)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at] + word[at:]
    return word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]
