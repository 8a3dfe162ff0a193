"""Words that say how heated a text is. They lead to nothing by themselves: only the embedded model weighs them.

A line is a class and entries of it, apart by commas, written as in the lists; what the class holds stands above. Most
have a harmless use ("Galgen", "Friedhof"), so that only the model, which sees the rest of the text, can tell what they
are worth. Within an entry of the class ``benign`` ("armes Schwein") harsh words count for nothing.
"""

from __future__ import annotations

from pathlib import Path

from moderation.lexicons.entries import Entry, read_entries

_FOLDER = Path(__file__).parent


def toned(language: str) -> tuple[Entry, ...]:
    """The entries for a text in this language (ISO 639-1); none where there are none."""
    path = _FOLDER / f"{language}.txt"
    return read_entries(path) if path.name in {known.name for known in _FOLDER.glob("*.txt")} else ()
