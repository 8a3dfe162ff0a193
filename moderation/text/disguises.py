"""What letters hide behind: characters that cannot be seen, letters of other scripts, digits and signs."""

from __future__ import annotations

import re
from functools import cache

INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]+"
)

LEET = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "€": "e", "!": "i", "|": "l"}

_SCRIPTS = {"CYRILLIC", "GREEK", "ARMENIAN", "COMMON", "CHEROKEE", "LATIN"}
_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_REAL_LETTERS = frozenset(
    "äöüßáàâãåæçéèêëíìîïıñóòôõøœúùûýÿžšřčćđğşęąłńśźżőűțșăÄÖÜẞÁÀÂÃÅÆÇÉÈÊËÍÌÎÏİÑÓÒÔÕØŒÚÙÛÝŸŽŠŘČĆĐĞŞĘĄŁŃŚŹŻŐŰȚȘĂ"
)
"""Letters of the languages of Europe are what they are, whatever they resemble."""

_USUAL = dict(
    zip(
        "аеорсухіѕјһԁɡոуνοαικτρ" + "АВЕКМНОРСТХІЅЈ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "aeopcyxisjhdgnyvoaiktp" + "ABEKMHOPCTXISJ" + "ABEZHIKMNOPTYX",
        strict=True,
    )
)
"""The usual ones, with the reading that a German or English text means where the standard knows several."""


@cache
def look_alikes() -> dict[str, str]:
    """Letters that are drawn like a Latin one, by the confusables of Unicode Technical Standard 39."""
    from confusable_homoglyphs import confusables

    found: dict[str, str] = {}
    for plain in _PLAIN:
        for entry in confusables.confusables_data.get(plain, ()):
            if _is_disguise(entry["c"]):
                # The first plain letter wins, but for case: a capital is drawn like a capital.
                found.setdefault(entry["c"], plain)
    return found | _USUAL


def _is_disguise(sign: str) -> bool:
    from confusable_homoglyphs import categories

    if len(sign) != 1 or sign.isascii() or not sign.isalpha() or sign in _REAL_LETTERS:
        return False
    return categories.alias(sign) in _SCRIPTS
