"""Control F13: what anybody may type is read in linear time. Each of these took minutes or for ever when it was not."""

from __future__ import annotations

import pytest

from moderation.text.input import is_visible
from moderation.text.normalising import normalise
from moderation.text.passages import sentences, windows
from moderation.text.words import words

HOSTILE = (
    "a" * 100_000 + "$$",
    "a$" * 50_000,
    "$a" * 50_000,
    "!" * 100_000,
    "." * 100_000,
    '."' * 50_000,
    "." + '"' * 100_000,
    "a b " * 25_000,
    "i.d." * 25_000,
    "aA" * 50_000,
    "*" * 100_000,
    "a*" * 50_000,
    "a**" * 33_000,
    "a'" * 50_000,
    "a\u0301" * 50_000,
    "\u0301" * 100_000,
    "\u200b" * 100_000,
    "\u0430a" * 50_000,
    "\ud800" * 100_000,
    "„" * 100_000,
)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:8]))
@pytest.mark.timeout(20)
def test_f13_a_hundred_thousand_hostile_characters_are_read_in_linear_time(text: str) -> None:
    normalised = normalise(text)

    assert len(normalised.text) == len(normalised.origins)
    assert list(normalised.origins) == sorted(normalised.origins)
    assert all(window.end <= len(text) for window in windows(text, max_chars=400))
    assert sentences(normalised.text) is not None
    assert is_visible("".join(word.folded for word in words(text))) or not words(text)
