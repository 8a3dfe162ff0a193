"""What may be stored. Text is kept as it was written; what no text can mean is refused, with a code that says why."""

from __future__ import annotations

import re
import unicodedata

from moderation.errors import InvalidInputError

MAX_COMBINING_MARKS = 8
"""On one letter. Vietnamese needs two, pointed Hebrew and vocalised Arabic three; beyond this it is "Zalgo" text."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_BIDI = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile(
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_PERHAPS_MARKS = re.compile(f"[\u0300-\U0010ffff]{{{MAX_COMBINING_MARKS + 1}}}")
"""So many in a row that could be marks: none has a lower number."""
_NEWLINES = re.compile(r"\r\n?")


def clean(text: str, *, field: str = "body") -> str:
    """The text as it will be stored: line ends are ``\\n``, no white space around it, otherwise as written.

    Raises:
        InvalidInputError: it holds control characters, lone surrogates or piles of combining marks, or nothing visible.
    """
    _refuse_controls(_NEWLINES.sub("\n", text), field)
    cleaned = _NEWLINES.sub("\n", text).strip()
    if not is_visible(cleaned):
        raise InvalidInputError(field, "empty")
    if _has_pile_of_marks(cleaned):
        raise InvalidInputError(field, "too_many_combining_marks", maximum=MAX_COMBINING_MARKS)
    return cleaned


def clean_name(name: str, *, field: str = "display_name", max_length: int = 80) -> str:
    """A name or title as it will be stored: one line, NFC, single spaces.

    Raises:
        InvalidInputError: it is empty or too long, or holds what would let it pose as something else: line ends, other
            controls, invisible characters, marks that turn the direction of writing.
    """
    _refuse_controls(name, field)
    cleaned = " ".join(unicodedata.normalize("NFC", name).split(" ")).strip()
    if not is_visible(cleaned):
        raise InvalidInputError(field, "empty")
    if len(cleaned) > max_length:
        raise InvalidInputError(field, "too_long", maximum=max_length)
    if any(_INVISIBLE.match(sign) and sign != " " for sign in cleaned) or _has_pile_of_marks(cleaned):
        raise InvalidInputError(field, "invalid_name")
    if "\n" in cleaned or "\t" in cleaned:
        raise InvalidInputError(field, "invalid_name")
    return re.sub(r" {2,}", " ", cleaned)


def is_visible(text: str) -> bool:
    """Whether anything is left to see when white space and invisible characters are taken out."""
    return bool(_INVISIBLE.sub("", text))


def is_readable(text: str) -> bool:
    """Whether a text is free of control characters, lone surrogates and piles of combining marks."""
    return not (_SURROGATES.search(text) or _CONTROLS.search(_NEWLINES.sub("\n", text)) or _has_pile_of_marks(text))


def without_controls(text: str) -> str:
    """The text without control characters; line ends and tabs stay."""
    return _CONTROLS.sub("", _NEWLINES.sub("\n", text))


def without_invisible(line: str) -> str:
    """A line without controls and characters that cannot be seen; blanks stay."""
    return "".join(sign for sign in without_controls(line) if sign == " " or not _INVISIBLE.match(sign))


def strip_bidi(text: str) -> str:
    """Take out the marks that turn the direction of writing: they could reorder what stands around a text."""
    return _BIDI.sub("", text)


def _refuse_controls(text: str, field: str) -> None:
    if _SURROGATES.search(text):
        raise InvalidInputError(field, "lone_surrogate")
    if _CONTROLS.search(text):
        raise InvalidInputError(field, "control_character")


def _has_pile_of_marks(text: str) -> bool:
    if not _PERHAPS_MARKS.search(text):
        return False
    marks = 0
    for sign in text:
        marks = marks + 1 if unicodedata.combining(sign) or unicodedata.category(sign) == "Me" else 0
        if marks > MAX_COMBINING_MARKS:
            return True
    return False
