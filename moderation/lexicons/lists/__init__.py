"""The word lists that come with Vorab, written for it. One entry a line.

``de.txt`` is for German texts, ``en.txt`` for English ones; ``shared.txt`` is for texts in any language and holds what
means nothing harmless in the other. A line is a class and an entry::

    banned   *arschloch
    suspect  idiot
    context  esel
    allowed  schwanzlurch*

``banned`` words reject. ``suspect`` words hold. ``context`` words hold only where the classifier has its doubts too;
smaller ones will do where they are aimed at somebody. ``allowed`` words are none of the three, whatever they contain. A
*banned* word that is quoted or spoken about ("nannte mich …") holds, a *suspect* one then counts as a *context* one.

Entries are in any case; umlauts may be written either way. An entry matches the word itself with the usual endings
(``idiot`` also "Idioten", "Idiotinnen", "Idiot*innen"), and

- ``wort=`` nothing but this form,
- ``*wort`` also compounds that end so ("Vollidiot" for ``*idiot``),
- ``wort*`` every word that begins so,
- ``*wort*`` every word that contains it,
- ``eins+zwei`` both written together, with a hyphen or apart,
- several words one after the other; ``…`` stands for up to three words in between, ``dich|euch`` for either, and ``=``
  and ``*`` mean what they mean elsewhere. In a phrase, words of less than four letters have no endings.

A site's own entries (``policy.word_lists``) may use the same signs. They are words, never regular expressions.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from moderation.lexicons.entries import Entry, read_entries

_FOLDER = Path(__file__).parent


def shipped(language: str) -> tuple[Entry, ...]:
    """The entries for a text in this language (ISO 639-1): its own, if there are any, and the shared ones."""
    own = _read(language) if language in _languages() else ()
    return (*own, *_read("shared"))


@cache
def _languages() -> frozenset[str]:
    return frozenset(path.stem for path in _FOLDER.glob("*.txt")) - {"shared"}


@cache
def _read(name: str) -> tuple[Entry, ...]:
    return read_entries(_FOLDER / f"{name}.txt")
