"""Where sentences end: no phrase of a list goes from one into the next."""

from __future__ import annotations

import pytest

from moderation.text.words import words


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("eins zwei drei", [0, 0, 0]),
        ("eins. zwei", [0, 1]),
        ("eins.zwei", [0, 0]),
        ("eins\nzwei", [0, 1]),
        ("eins\tzwei", [0, 0]),
        ("eins, zwei - drei", [0, 0, 0]),
        ("eins!? »zwei«. drei", [0, 1, 2]),
        ("\neins\n\nzwei", [1, 2]),
        ("\n eins", [1]),
        ("eins😀zwei\n😀", [0, 0, 0, 1]),
        ("z.B. eins", [0, 0, 1]),
    ],
)
def test_a_sentence_ends_at_a_sign_before_a_blank_or_at_a_lines_end(text: str, sentences: list[int]) -> None:
    assert [word.sentence for word in words(text)] == sentences
