"""Control F13: what anybody may type is read in linear time. Each of these took minutes or for ever when it was not."""

from __future__ import annotations

import time

import pytest

from moderation.text.input import is_visible
from moderation.text.normalising import normalise
from moderation.text.passages import sentences, windows
from moderation.text.rendering import to_html
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


MARKUP = (
    "<http://",
    "[a](",
    "[a](<",
    "*a_",
    "`a``b",
    "i*d*",
    "> ",
    "- ",
    "a\n=\n",
    "http://a.de/(",
    "a@a.",
    "&#x1",
    "|a|\n|-|\n",
)


@pytest.mark.parametrize("piece", MARKUP, ids=ascii)
def test_f13_the_markup_of_a_long_comment_is_read_in_linear_time(piece: str) -> None:
    def took_s(length: int) -> float:
        text = (piece * length)[:length]
        tries = []
        for number in range(3):
            begun = time.process_time()
            to_html(f"{number}\n\n{text}")  # Another text each time: answers are kept.
            tries.append(time.process_time() - begun)
        return min(tries)

    to_html("warm")

    assert took_s(20_000) < 10 * took_s(4_000) + 0.05


def test_a_text_full_of_colons_has_no_links_but_those_that_are_marked_as_such() -> None:
    text = "http://a.de " * 201 + "[hier](http://b.de)"

    assert to_html(text).count("<a ") == 1
    assert to_html("http://a.de " * 20).count("<a ") == 20
