"""How people write what a filter must not see. Each takes a text and a source of chance and disguises its words."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

_LOOK_ALIKES = str.maketrans("aceiopxyABEHKMOPTXС", "асеіорхуАВЕНКМОРТХС")
_LEET = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_LONG = re.compile(r"[^\W\d_]{4,}")


def _each(change: Callable[[str, random.Random], str]) -> Callable[[str, random.Random], str]:
    """Half of the longer words are disguised: nobody disguises every word."""
    return lambda text, chance: _LONG.sub(
        lambda match: change(match.group(), chance) if chance.random() < 0.5 else match.group(), text
    )


def _doubled(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word))
    return word[:at] + word[at - 1] * chance.randrange(2, 5) + word[at:]


EVASIONS: dict[str, Callable[[str, random.Random], str]] = {
    "look-alikes": _each(lambda word, _: word.translate(_LOOK_ALIKES)),
    "zero-width": _each(lambda word, _: "\u200b".join(word)),
    "dots": _each(lambda word, _: ".".join(word)),
    "spaces": _each(lambda word, _: " ".join(word)),
    "leetspeak": _each(lambda word, _: word[0] + word[1:-1].translate(_LEET) + word[-1]),
    "letters repeated": _each(_doubled),
    "umlauts spelled out": lambda text, _: text.translate(_UMLAUTS),
    "capitals": lambda text, _: text.upper().replace("ẞ", "SS"),
}
