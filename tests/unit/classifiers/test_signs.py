"""What the linear half sees of listed words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from moderation.classifiers.linear import load_linear, save_linear
from moderation.classifiers.signs import FORMER_SIGNS, SIGNS, signs
from moderation.errors import CheckpointError
from moderation.lexicons.entries import TONES, Entry, Kind, steps_of
from moderation.lexicons.lexicon import Lexicon
from moderation.lexicons.lists import shipped
from moderation.lexicons.tones import toned
from tests.unit.classifiers.conftest import linear_model

GERMAN = Lexicon((*shipped("de"), *toned("de")))


def given(text: str) -> dict[str, float]:
    """The signs that are not 0."""
    return {name: float(value) for name, value in zip(SIGNS, signs([text], GERMAN)[0], strict=True) if value}


LISTED_SIGNS = frozenset(SIGNS[:6])
TONE_SIGNS = frozenset(tone.value for tone in TONES)


@pytest.mark.parametrize(
    ("text", "listed", "tones"),
    [
        ("", {}, set()),
        ("Hurensohn!", {"banned": 1}, {"sexual"}),
        ("So ein Vollpfosten.", {"suspect": 1}, {"wits", "sweeping"}),
        ("Vollpfosten und Flachzangen", {"suspect": 1, "suspect twice": 1}, {"wits"}),
        ("Man rief „Vollpfosten“.", {"context": 1}, {"wits", "person"}),
        ("Eine Gans schnattert.", {"context": 1}, {"beast"}),
        ("Du bist eine Gans.", {"context, aimed": 1}, {"beast"}),
        ("Auf unserem Friedhof", {}, {"dying"}),
    ],
)
def test_signs_tell_of_what_kind_the_words_of_a_text_are(text: str, listed: dict[str, float], tones: set[str]) -> None:
    found = given(text)
    assert {name: value for name, value in found.items() if name in LISTED_SIGNS} == listed
    assert {name for name in found if name in TONE_SIGNS} == tones


@pytest.mark.parametrize(
    ("text", "beside"),
    [
        ("Du bist eine Gans.", {"of people beside somebody addressed"}),
        ("Ich Gans vergaß alles.", {"of people beside oneself"}),
        ("Keine Gans versteht etwas.", {"of people beside a negation", "of people beside a thing"}),
        ("Eine Gans. Du kommst.", set()),
        ("Eine Gans schnattert gern und laut und oft zu mir.", set()),
        ("Du Vollpfosten", {"of people beside somebody addressed", "strong beside somebody addressed"}),
    ],
)
def test_signs_tell_who_is_near_to_what_people_are_called(text: str, beside: set[str]) -> None:
    assert {name for name in given(text) if "beside" in name} == beside


def test_harsh_words_count_for_nothing_in_a_harmless_expression() -> None:
    assert "beast" in given("dieses Schwein")
    assert "beast" not in given("das arme Schwein")


def test_harsh_words_and_their_kinds_are_counted_up_to_a_most() -> None:
    one, three, many = (given(" ".join(["lächerlich"] * times + ["und"] * 40)) for times in (1, 3, 9))
    assert [found["harsh places"] for found in (one, three, many)] == pytest.approx([1 / 6, 1 / 2, 1])
    assert one["harsh density"] < three["harsh density"] < many["harsh density"] < 1
    assert many["harsh kinds"] == one["harsh kinds"]
    assert given("lächerlich, verlogen")["harsh kinds"] > one["harsh kinds"]


def test_a_text_is_short_or_long_by_its_words() -> None:
    short, medium, long = (given(" ".join(["und"] * times)) for times in (3, 20, 90))
    assert short["short"] == pytest.approx(0.75)
    assert "short" not in medium
    assert medium["long"] == pytest.approx(0.25)
    assert long["long"] == 1


def test_exclamations_capitals_and_numbers_are_counted_up_to_a_most() -> None:
    few, many = given("Das ist WAHR! Zu 3 von 10."), given("LAUT! LAUT! LAUT! LAUT! 1 2 3 4 5")
    names = ("exclamation marks", "capitals", "numbers")
    assert [few[name] for name in names] == pytest.approx([1 / 3, 1 / 3, 1 / 2])
    assert [many[name] for name in names] == [1, 1, 1]
    assert not set(names) & set(given("Ganz leise, ÖVP?"))


def test_no_texts_have_no_signs() -> None:
    assert signs([], GERMAN).shape == (0, len(SIGNS))


def test_a_model_keeps_the_words_that_it_was_trained_with(tmp_path: Path) -> None:
    """An entry that is added to the lists later must not change the scores of a model under the same digest."""
    model = linear_model(("toxicity",))
    model.weights[:] = 0
    model.sign_weights[:] = [name == "suspect" for name in SIGNS]
    save_linear(tmp_path / "linear.npz", {"de": model})
    (kept,) = load_linear(tmp_path / "linear.npz", ["de"]).values()
    assert kept.entries == (Entry(Kind.SUSPECT, "*trottel"),)
    known, unknown = kept.logits(["So ein Volltrottel", "So ein Idiot"])[:, 0]
    assert (known, unknown) == (1, 0)
    assert np.array_equal(kept.logits(["Trottel"]), model.logits(["Trottel"]))


def test_a_model_that_does_not_name_its_signs_has_the_former_ones(tmp_path: Path) -> None:
    model = replace(
        linear_model(("toxicity",)),
        sign_names=FORMER_SIGNS,
        sign_weights=np.ones((1, len(FORMER_SIGNS)), np.float32),
        entries=(Entry(Kind.CONTEMPT, "peinlich"),),
    )
    model.weights[:] = 0
    save_linear(tmp_path / "named.npz", {"de": model})
    with np.load(tmp_path / "named.npz") as arrays:
        former = {name: arrays[name] for name in arrays if name != "de.sign_names"}
    np.savez(tmp_path / "former.npz", allow_pickle=False, **former)
    (kept,) = load_linear(tmp_path / "former.npz", ["de"]).values()
    assert kept.sign_names == FORMER_SIGNS
    assert kept.logits(["peinlich", "peinlich, peinlich"])[:, 0] == pytest.approx([1, 4 / 3])


def test_weights_must_fit_the_named_signs(tmp_path: Path) -> None:
    model = replace(linear_model(("toxicity",)), sign_names=SIGNS[:-1])
    save_linear(tmp_path / "linear.npz", {"de": model})
    with pytest.raises(CheckpointError, match="another shape"):
        load_linear(tmp_path / "linear.npz", ["de"])


def test_languages_without_tones_have_none() -> None:
    assert toned("fr") == ()


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_tone_has_words_and_no_entry_is_of_another_class(language: str) -> None:
    kinds = {entry.kind for entry in toned(language)}
    assert kinds <= set(TONES)
    assert kinds >= {Kind.WITS, Kind.SCUM, Kind.BENIGN}
    assert language != "de" or kinds == set(TONES)


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_entry_of_a_tone_can_be_met(language: str) -> None:
    assert not [entry.written for entry in toned(language) if not list(steps_of(entry.written))]
