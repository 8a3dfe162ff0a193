"""Text as it was meant: disguises taken off, for rules and classifier only. What is stored and shown stays as written.

Each step rewrites the few places that it is about and leaves ordinary text alone. Every character of the result knows
which character of the original it stands for, so that a passage found here can be shown there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from moderation.text.disguises import INVISIBLE, LEET, look_alikes

Piece = tuple[str, int]
"""A character, and the offset in the match of the one that it stands for."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """``origins[i]`` is the offset in the original of what ``text[i]`` stands for; they never decrease."""

    text: str
    origins: tuple[int, ...]

    def to_original(self, begin: int, end: int) -> tuple[int, int]:
        """The stretch of the original that a non-empty stretch of this text stands for."""
        return self.origins[begin], self.origins[end - 1] + 1


_COMPATIBLE = re.compile(
    r"[^\x00-\x7fÀ-ÖØ-öø-ÿ\u0300-\u036f][\u0300-\u036f]*|[^\x00-\x7f]?[\u0300-\u036f]+|.[\u0300-\u036f]+"
)
_WORD = re.compile(r"[^\W\d_]+")
# Not what an address ends in ("name@example.org"): there the sign means what it is.
_LEET_WORD = re.compile(r"(?<![\w@$€!|.])(?>[^\W_]++|[@$€!|](?=[^\W_@€$]|\$[^\W_]))++(?![\w@$€|]|\.[^\W\d_])")
_SPELLED = re.compile(
    # With digits and signs among the letters ("I.d.1.o.t"), where it begins with two letters and is no number or date.
    r"(?<![^\W_])[^\W\d_]([.·•*_~|/-])[^\W\d_](?:\1[^\W_@$€!]|\1[@$€!013457]){2,}(?![^\W_])"
    r"|(?<![^\W_])[^\W\d_]([ \t.,·•*_~|/-])\2?[^\W\d_](?:\2{1,2}[^\W\d_]){2,}(?![^\W_])"
)
_RUN = re.compile(
    r"(?i:([aiouäöüy])\1{2,}|([^\W\d_])\2{3,})"
    # Compounds have three alike where their parts meet ("Schifffahrt", "Betttuch", "Seeelefant", "Flussstrand"): of few
    # consonants, after a vowel, and of e before what a second part begins with. Capitals mean something ("FFF", "XXL").
    r"|([bcdghjkqvwxzß])\3{2}|(?<![aeiouäöü])([flmnprst])\4{2}|([flmnprst])\5{2}(?![a-zäöü])"
    r"|([fmnpt])\6{2}(?=[bcdghjkqstvwxz])|(?<![dfhlmnrstvA-Z])(e)\7{2}|(e)\8{2}(?![ilnrsuvx])"
)
_DOUBLED = re.compile(r"(?<![^\W_])(?:([^\W\d_])\1){3,}(?![^\W_])", re.IGNORECASE)
_CAPITALS = re.compile(r"[^\W\d_]{2,}")
_LETTERS_OF_A_SHOUT = 10
_DISGUISABLE = frozenset("aeiost")


# A text that is screened is asked for several times: as a whole, by its only window, by its links.
@lru_cache(maxsize=64)
def normalise(text: str) -> Normalised:
    """Take off the disguises that the classifier and the lists would not see through. Linear in the text's length."""
    known = Normalised(text, tuple(range(len(text))))
    if not text.isascii():
        known = _rewrite(known, _COMPATIBLE, _compatible)
        known = _rewrite(known, INVISIBLE, lambda _match: ())
        known = _rewrite(known, _WORD, _latinised(_is_mostly_latin(known.text)))
    known = _rewrite(known, _SPELLED, _joined)
    known = _rewrite(known, _LEET_WORD, _unleeted)
    known = _rewrite(
        known, _DOUBLED, lambda match: [(sign, at) for at, sign in enumerate(match.group()) if at % 2 == 0]
    )
    known = _rewrite(known, _RUN, _once)
    return _rewrite(known, _CAPITALS, _lowered) if _is_shouted(known.text) else known


def legible(text: str) -> str:
    """The text as written, but for what hides its words altogether: invisible characters and letters set apart."""
    seen = INVISIBLE.sub("", text)
    return _rewrite(Normalised(seen, tuple(range(len(seen)))), _SPELLED, _joined).text


def _rewrite(
    known: Normalised, pattern: re.Pattern[str], rewrite: Callable[[re.Match[str]], Iterable[Piece] | None]
) -> Normalised:
    """Replace every match by the pieces that ``rewrite`` makes of it; ``None`` leaves it."""
    texts: list[str] = []
    origins: list[int] = []
    done = 0
    for match in pattern.finditer(known.text):
        pieces = rewrite(match)
        if pieces is None:
            continue
        texts.append(known.text[done : match.start()])
        origins.extend(known.origins[done : match.start()])
        for sign, at in pieces:
            texts.append(sign)
            origins.append(known.origins[match.start() + at])
        done = match.end()
    if not done:
        return known
    return Normalised("".join(texts) + known.text[done:], (*origins, *known.origins[done:]))


def _compatible(match: re.Match[str]) -> Iterable[Piece] | None:
    """NFKC of one character with its marks: fullwidth and mathematical letters, ligatures, decomposed umlauts."""
    composed = unicodedata.normalize("NFKC", match.group())
    if composed == match.group() and len(composed) == 1:
        return None
    # What cannot be composed into a letter that exists is decoration ("Zalgo").
    kept = [sign for sign in composed if not unicodedata.combining(sign)]
    return [(sign, 0) for sign in kept]


def _joined(match: re.Match[str]) -> Iterable[Piece]:
    """Letters set apart, as a word. Where blanks set them apart, only a capital shows that another word begins."""
    before = ""
    for at, sign in enumerate(match.group()):
        if _is_spelled(sign):
            if sign.isupper() and before.islower() and match.group()[at - 1].isspace():
                yield " ", at - 1
            yield sign, at
            before = sign


def _is_spelled(sign: str) -> bool:
    return sign.isalnum() or sign in "@$€!"


def _latinised(in_latin_text: bool) -> Callable[[re.Match[str]], Iterable[Piece] | None]:  # noqa: FBT001  # Made once.
    def rewrite(match: re.Match[str]) -> Iterable[Piece] | None:
        word = match.group()
        if word.isascii():
            return None
        latin = [look_alikes().get(sign, sign) for sign in word]
        is_mixed = any(sign.isascii() or _is_latin(sign) for sign in word)
        is_readable = all(_is_latin(sign) for sign in latin)
        if "".join(latin) == word or not (is_readable and (is_mixed or in_latin_text)):
            return None
        return [(sign, at) for at, sign in enumerate(latin)]

    return rewrite


@cache
def _is_latin(sign: str) -> bool:
    return sign.isascii() or unicodedata.name(sign, "").startswith("LATIN")


def _is_mostly_latin(text: str) -> bool:
    letters = [sign for sign in text[:2000] if sign.isalpha()]
    return 2 * sum(_is_latin(sign) for sign in letters) > len(letters)


def _unleeted(match: re.Match[str]) -> Iterable[Piece] | None:
    """Digits and signs between letters of one word, read as the letters that they look like.

    Digits at a word's ends mean what they say (G20, 3D, Covid19, 2jährig), and so do those among few letters, but for a
    word in which all that can be is disguised ("M0d3r470r").
    """
    word = match.group()
    if word.isalpha():
        return None
    letters = sum(map(str.isalpha, word))
    if letters < 3 or (letters * 2 <= len(word) and not _is_all_disguise(word, letters)):
        return None
    pieces = [(LEET[sign], at) if _stands_for_a_letter(word, at) else (sign, at) for at, sign in enumerate(word)]
    return None if all(sign == word[at] for sign, at in pieces) else pieces


def _is_all_disguise(word: str, letters: int) -> bool:
    """Whether every letter within the word that could be disguised is."""
    inner = word[1:-1]
    return (
        word[0].isalpha() and word[-1].isalpha() and letters * 3 > len(word) and inner.islower()
        and all(sign.isalpha() or sign in LEET for sign in inner) and _DISGUISABLE.isdisjoint(inner)
    )  # fmt: skip


def _stands_for_a_letter(word: str, at: int) -> bool:
    if word[at] not in LEET or at == len(word) - 1:
        return False
    if at == 0:
        return word[at] == "$" and word[1:4].isalpha() and word[1:4].islower()
    if word[at - 1].islower() and word[at + 1].isupper():
        return False  # "Fridays4Future": two words with a digit between them.
    return (word[at - 1].isalpha() or word[at - 1] in LEET) and (word[at + 1].isalpha() or word[at + 1] in LEET)


def _once(match: re.Match[str]) -> Iterable[Piece] | None:
    run, text = match.group(), match.string
    stands_alone = not (
        text[max(0, match.start() - 1) : match.start()].isalpha() or text[match.end() : match.end() + 1].isalpha()
    )
    return None if stands_alone and len(run) == 3 else [(run[0], 0)]


def _is_shouted(text: str) -> bool:
    letters = sum(map(str.isalpha, text))
    return letters >= _LETTERS_OF_A_SHOUT and sum(map(str.isupper, text)) * 10 > letters * 7


def _lowered(match: re.Match[str]) -> Iterable[Piece] | None:
    word = match.group()
    if not word.isupper():
        return None
    return [(lower, at) for at, sign in enumerate(word) for lower in sign.lower()]
