"""What the linear half sees of listed words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from moderation.classifiers.linear import load_linear, save_linear
from moderation.classifiers.signs import SIGNS, signs
from moderation.lexicons.entries import Entry, Kind
from moderation.lexicons.lexicon import Lexicon
from moderation.lexicons.lists import shipped
from moderation.lexicons.tones import toned
from tests.unit.classifiers.conftest import linear_model

GERMAN = Lexicon((*shipped("de"), *toned("de")))


def given(text: str) -> dict[str, float]:
    """The signs that are not 0."""
    return {name: float(value) for name, value in zip(SIGNS, signs([text], GERMAN)[0], strict=True) if value}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("Das Konzert war schön, die Mitgliedschaft kostet nichts.", {}),
        ("Hurensohn!", {"banned": 1, "crude": 1}),
        ("So ein Vollpfosten.", {"suspect": 1}),
        ("Vollpfosten und Flachzangen", {"suspect": 1, "suspect twice": 1}),
        ("Sie riefen „Vollpfosten“.", {"context": 1}),
        ("Die Gans schnattert.", {"context": 1, "contempt": 1}),
        ("Du bist eine Gans.", {"context, aimed": 1, "contempt": 1}),
        ("Auf dem Friedhof", {"violence": 1}),
    ],
)
def test_signs_tell_of_what_kind_the_words_of_a_text_are(text: str, expected: dict[str, float]) -> None:
    assert given(text) == expected


def test_further_words_of_a_tone_count_up_to_three() -> None:
    counted = [given(" ".join(["lächerlich"] * times)).get("contempt, further", 0.0) for times in (1, 2, 4, 9)]
    assert counted == pytest.approx([0, 1 / 3, 1, 1])


def test_no_texts_have_no_signs() -> None:
    assert signs([], GERMAN).shape == (0, len(SIGNS))


def test_a_model_keeps_the_words_that_it_was_trained_with(tmp_path: Path) -> None:
    """An entry that is added to the lists later must not change the scores of a model under the same digest."""
    model = linear_model(("toxicity",))
    model.weights[:] = 0
    save_linear(tmp_path / "linear.npz", {"de": model})
    (kept,) = load_linear(tmp_path / "linear.npz", ["de"]).values()
    assert kept.entries == (Entry(Kind.SUSPECT, "*trottel"),)
    known, unknown = kept.logits(["So ein Volltrottel", "So ein Idiot"])[:, 0]
    assert (known, unknown) == (1, 0)
    assert np.array_equal(kept.logits(["Trottel"]), model.logits(["Trottel"]))


def test_languages_without_tones_have_none() -> None:
    assert toned("fr") == ()
    assert {entry.kind for entry in toned("en")} == {Kind.CONTEMPT, Kind.CRUDE, Kind.VIOLENCE}
