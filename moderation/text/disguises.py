"""What letters hide behind: characters that cannot be seen, letters of other scripts, digits and signs."""

from __future__ import annotations

import re
from functools import cache

INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]+"
)

LEET = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "€": "e", "!": "i", "|": "l"}

_FROM_OTHER_SCRIPTS = {"CYRILLIC", "GREEK", "ARMENIAN", "COMMON", "CHEROKEE", "LATIN"}
_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_REAL_LETTERS = frozenset(
    "äöüßÄÖÜẞáàâãåæçéèêëíìîïıñóòôõøœúùûýÿžšřčćđğşęąłńśźżőűțșăîÁÀÂÃÅÆÇÉÈÊËÍÌÎÏİÑÓÒÔÕØŒÚÙÛÝŽŠŘČĆĐĞŞĘĄŁŃŚŹŻŐŰȚȘĂ"
)
"""Letters of the languages of Europe are what they are, whatever they resemble."""


@cache
def look_alikes() -> dict[str, str]:
    """Letters that are drawn like a Latin one, by the confusables of Unicode Technical Standard 39."""
    from confusable_homoglyphs import categories, confusables

    found: dict[str, str] = {}
    for plain in _PLAIN:
        for entry in confusables.confusables_data.get(plain, ()):
            sign = entry["c"]
            if len(sign) == 1 and sign.isalpha() and not sign.isascii() and sign not in _REAL_LETTERS:
                if categories.alias(sign) in _FROM_OTHER_SCRIPTS:
                    # The first plain letter wins, but for case: a capital is drawn like a capital.
                    found.setdefault(sign, plain)
    return found | _BY_HAND


_BY_HAND = {"а": "a", "е": "e", "о": "o", "р": "p", "с": "c", "у": "y", "х": "x", "і": "i", "ѕ": "s", "ј": "j", "һ": "h",
            "ԁ": "d", "ɡ": "g", "ո": "n", "υ": "u", "ν": "v", "ο": "o", "α": "a", "ι": "i", "κ": "k", "τ": "t", "ρ": "p",
            "А": "A", "В": "B", "Е": "E", "К": "K", "М": "M", "Н": "H", "О": "O", "Р": "P", "С": "C", "Т": "T", "Х": "X",
            "Α": "A", "Β": "B", "Ε": "E", "Ζ": "Z", "Η": "H", "Ι": "I", "Κ": "K", "Μ": "M", "Ν": "N", "Ο": "O", "Ρ": "P",
            "Τ": "T", "Υ": "Y", "Χ": "X"}  # fmt: skip
"""The usual ones, with the reading that a German or English text means where the standard knows several."""
