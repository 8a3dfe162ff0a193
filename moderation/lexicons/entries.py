"""Entries of word lists, and the patterns of single words that they are made of."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from moderation.text.words import fold, folded

MOST_SKIPPED = 3
"""So many words may stand where an entry has ``…``."""

_SHORT = 4
"""In a phrase, shorter words have no endings: "die" is not "dies"."""


class Kind(StrEnum):
    """The first four are those of the lists, the others those of the tones: what each is, their files say."""

    __hash__ = str.__hash__  # An enumeration's own is many times slower, and kinds are looked up at every word.

    BANNED = "banned"
    SUSPECT = "suspect"
    CONTEXT = "context"
    ALLOWED = "allowed"
    CONTEMPT = "contempt"
    CRUDE = "crude"
    VIOLENCE = "violence"
    WITS = "wits"
    STUPID = "stupid"
    NAIVE = "naive"
    WITLESS = "witless"
    MAD = "mad"
    BEAST = "beast"
    SCUM = "scum"
    FAECAL = "faecal"
    SEXUAL = "sexual"
    WEAK = "weak"
    CROOK = "crook"
    SERVILE = "servile"
    LABEL = "label"
    POLITICS = "politics"
    CRANK = "crank"
    OTHERING = "othering"
    MIGRATION = "migration"
    GROUP = "group"
    PERSON = "person"
    BELITTLE = "belittle"
    BUNCH = "bunch"
    DOUBTED = "doubted"
    WOMAN = "woman"
    LOOKS = "looks"
    VAIN = "vain"
    MEAN = "mean"
    SHAME = "shame"
    INEPT = "inept"
    NONSENSE = "nonsense"
    RIDICULE = "ridicule"
    DISGUST = "disgust"
    DRUNK = "drunk"
    DEATH = "death"
    DYING = "dying"
    THREAT = "threat"
    PUNISH = "punish"
    DISMISS = "dismiss"
    CURSE = "curse"
    OUTRAGE = "outrage"
    SCORN = "scorn"
    SWEEPING = "sweeping"
    FACT = "fact"
    ASK = "ask"
    BENIGN = "benign"


LISTED = (Kind.BANNED, Kind.SUSPECT, Kind.CONTEXT)
"""What the screening objects to."""
PLAIN_TONES = (Kind.CONTEMPT, Kind.CRUDE, Kind.VIOLENCE)
"""Tones of models trained before there were finer ones."""
TONES = tuple(kind for kind in Kind if kind not in (*LISTED, Kind.ALLOWED, *PLAIN_TONES))


class Entry(NamedTuple):
    """One line of a list, as it is written there."""

    kind: Kind
    written: str


class Pattern(NamedTuple):
    """What one word of a text has to be: ``stem``, perhaps with something before, behind, or with endings."""

    stem: str
    is_open_before: bool = False
    is_open_behind: bool = False
    takes_endings: bool = True


class Step(NamedTuple):
    """One place of an entry: any of the patterns, after at most ``skipped`` other words."""

    patterns: tuple[Pattern, ...]
    skipped: int = 0


def read_entries(path: Path) -> tuple[Entry, ...]:
    """The entries of a file: a class and its entries, apart by commas, a line; ``#`` begins a comment."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#"))
    return tuple(Entry(Kind(kind), one.strip()) for kind, written in pairs for one in written.split(","))


def steps_of(written: str) -> Iterator[tuple[Step, ...]]:
    """The ways to meet an entry in a text, each a sequence of words; none if it has nothing that a word is made of."""
    variants = [written] if "+" not in written else [written.replace("+", ""), _apart(written)]
    for variant in variants:
        steps = tuple(_steps(variant))
        if steps:
            yield steps


def _apart(written: str) -> str:
    """``scheiss+verein`` with "scheiß", "scheiss" or "scheiße" as a word before it."""
    parts = written.split("+")
    # What opens the whole word opens the first part; endings of it are those of an adjective or of a joint ("Drecks-").
    return " ".join([f"{part}|{part}e|{part}er|{part}es|{part}en|{part}s" for part in parts[:-1]] + parts[-1:])


def _steps(written: str) -> Iterator[Step]:
    skipped = 0
    parts = written.replace("...", "…").replace("…", " … ").split()
    is_phrase = len(parts) > 1
    for part in parts:
        if part == "…":
            skipped = MOST_SKIPPED
            continue
        patterns = tuple(pattern for choice in part.split("|") for pattern in _patterns(choice, is_phrase=is_phrase))
        if patterns:
            yield Step(patterns, skipped)
            skipped = 0


def _patterns(choice: str, *, is_phrase: bool) -> Iterator[Pattern]:
    bare = choice.strip("*=")
    stem = fold(bare) if bare.isalnum() else "".join(folded(bare))
    if not stem:
        return
    is_fixed = choice.endswith("=") or (is_phrase and len(stem) < _SHORT)
    yield Pattern(stem, choice.startswith("*"), choice.endswith("*"), takes_endings=not is_fixed)
