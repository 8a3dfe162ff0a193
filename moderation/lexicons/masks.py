"""Words with asterisks in them, as people write what they know is not allowed: "A****loch", "f*ck", "Sch***"."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

_FEWEST_SHOWN = 2
_FEWEST_LETTERS = 4


class Masked:
    """Tells whether a masked word could be one of these, which are folded."""

    def __init__(self, forms: Iterable[str]) -> None:
        self._by_first_letter: dict[str, list[str]] = defaultdict(list)
        for form in forms:
            if len(form) >= _FEWEST_LETTERS:
                self._by_first_letter[form[0]].append(form)

    def could_be_listed(self, masked: str) -> bool:
        """One asterisk hides one letter, three or more hide any number of them."""
        shown = masked.replace("*", "")
        if len(shown) < _FEWEST_SHOWN or len(masked) < _FEWEST_LETTERS or not masked[0].isalpha():
            return False
        parts = (_hidden(part) for part in re.split(r"(\*+)", masked))
        pattern = re.compile("".join(parts))
        return any(pattern.fullmatch(form) for form in self._by_first_letter.get(masked[0], ()))


def _hidden(part: str) -> str:
    if not part.startswith("*"):
        return re.escape(part)
    return rf"[^\W_]{{{len(part)}}}" if len(part) < 3 else rf"[^\W_]{{{len(part) - 1},{len(part) + 2}}}"
