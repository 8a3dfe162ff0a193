"""Where the shipped lists and the thresholds that come with the model draw the line, word for word."""

from __future__ import annotations

import pytest

from moderation.classifiers.blended import BlendedClassifier
from moderation.classifiers.detoxify import load_embedded
from moderation.policies import Policy
from moderation.screening.pipeline import Material, default_rules, screen
from moderation.screening.verdicts import Outcome


@pytest.fixture(scope="module")
def model() -> BlendedClassifier:
    return load_embedded()


@pytest.mark.parametrize(
    "text",
    [
        "Verdammt nochmal, wann wird diese Scheißbaustelle endlich fertig?",
        "So ein Scheiß, bei uns ist seit gestern der Strom weg.",
        "Scheiß drauf, wir fahren trotzdem ans Meer.",
    ],
)
def test_crude_words_about_things_wait_for_nobody(model: BlendedClassifier, text: str) -> None:
    assert screen(Material(text, "de", Policy()), default_rules(), model).outcome is Outcome.PUBLISH


@pytest.mark.parametrize("text", ["Du Arschloch", "Du Idiot", "Ihr seid doch alle Vollidioten", "Du blöde Kuh"])
def test_blunt_abuse_is_stopped_by_lists_and_scores_alike(model: BlendedClassifier, text: str) -> None:
    found = screen(Material(text, "de", Policy()), default_rules(), model)
    assert found.outcome is not Outcome.PUBLISH
    assert {"word_lists", "toxicity"} <= {verdict.rule for verdict in found.verdicts}
