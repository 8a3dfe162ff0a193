"""Which language a text is in, said only where it can be said."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_CANDIDATES = tuple(
    "ar cs da de el en es fa fi fr he hr hu it ja ko nl pl pt ro ru sq sr sv tr uk vi zh".split(" ")  # noqa: SIM905
)
"""What is spoken in Europe, and its neighbours' and largest immigrant languages. Fewer candidates, fewer mistakes."""
_LATIN_LANGUAGES = frozenset(_CANDIDATES) - {"ar", "el", "fa", "he", "ja", "ko", "ru", "sr", "uk", "zh"}
_FEWEST_LETTERS = 30
"""Below this, dialect, slang and names are taken for other languages more often than other languages are met."""
_SURE = 0.6
_UNLIKELY = 0.05
_NOISE = re.compile(r"https?://\S+|@\w+|[\W\d_]+")
_OTHER_SCRIPTS = re.compile("[\u0370-\u03ff\u0400-\u052f\u0590-\u06ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Those that candidates are written in: Greek, Cyrillic, Hebrew, Arabic, Japanese, Chinese, Korean."""
_LATIN = re.compile(r"[A-Za-zÀ-ɏḀ-ỿ]")


def detect(text: str, *, expected: str) -> str:
    """The language of a text as an ISO 639-1 code, ``und`` for an unknown one in another script.

    Short or doubtful texts are taken to be in the ``expected`` language, unless they are in another script, which no
    model of a language in Latin letters knows anything about: those are told apart at any length.
    """
    letters = _NOISE.sub(" ", text).strip()
    if not letters:
        return expected
    is_latin = len(_LATIN.findall(letters)) * 2 >= len(letters.replace(" ", ""))
    if is_latin and len(letters) < _FEWEST_LETTERS:
        return expected
    ranked = dict(_identifier().rank(letters.casefold()))
    best = max(ranked, key=ranked.__getitem__)
    if not is_latin:
        return best if best not in _LATIN_LANGUAGES and _OTHER_SCRIPTS.search(letters) else "und"
    return best if ranked[best] >= _SURE and ranked.get(expected, 0.0) <= _UNLIKELY else expected


def likelihood(text: str, language: str, *, against: str) -> float:
    """How likely (0..1) a text is in ``language`` rather than in another one, if it is in either. At any length."""
    if not {language, against} <= frozenset(_CANDIDATES):
        return 0.0
    ranked = dict(_identifier().rank(_NOISE.sub(" ", text).strip().casefold()))
    both = ranked[language] + ranked[against]
    return float(ranked[language] / both) if both else 0.5


def make_ready() -> None:
    """Read what languages are told apart by, which takes the first text that is looked at a while otherwise."""
    _identifier()


@cache
def _identifier() -> Any:
    # Only read after this, so threads may share it.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(_CANDIDATES))
    return identifier
