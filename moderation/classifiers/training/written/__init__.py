"""Comments of our own to learn from, toxic and clean, in the two files beside this one.

The labelled sets hold few of the ways in which people insult each other in German, and name groups mostly where they
are attacked. These were written for Vorab: many ways of saying each, and mostly in pairs that share a theme or their
words, of which one is harmless. They are here so that a screener learns to stop such texts. None is quoted from
anybody; what the harmless ones state as facts is made up.

One comment a line: ``toxic`` or ``clean``, a tab, the text.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from moderation.classifiers.training.corpus import LABELS, LANGUAGES, UNKNOWN, WRITTEN, Example

_FOLDER = Path(__file__).parent
_KINDS = {"toxic": 1.0, "clean": 0.0}


def read_written(normalise: Callable[[str], str]) -> list[Example]:
    """All comments of our own, normalised. Whether they are toxic is all that is known of them.

    Raises:
        ValueError: a line is of another form.
    """
    return [
        _example(line, language, normalise)
        for language in LANGUAGES
        for line in (_FOLDER / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    ]


def _example(line: str, language: str, normalise: Callable[[str], str]) -> Example:
    kind, tab, text = line.partition("\t")
    if kind not in _KINDS or not tab or not text.strip():
        raise ValueError(f"neither toxic nor clean: {line!r}")
    targets = (_KINDS[kind], *[UNKNOWN] * (len(LABELS) - 1))
    return Example(normalise(text), language, WRITTEN, "train", targets)
