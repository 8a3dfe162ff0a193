"""What is said in another language than the site's counts, however short it is and whatever is around it."""

from __future__ import annotations

import pytest

from moderation.classifiers.blended import BlendedClassifier
from moderation.classifiers.detoxify import load_embedded
from moderation.policies import Policy
from moderation.screening.context import ArticleFacts
from moderation.screening.pipeline import Material, Screening, default_rules, screen
from moderation.screening.verdicts import Outcome


@pytest.fixture(scope="module")
def model() -> BlendedClassifier:
    return load_embedded()


def screened(model: BlendedClassifier, text: str, site_language: str, **facts: ArticleFacts) -> Screening:
    return screen(Material(text, site_language, Policy(), **facts), default_rules(), model)


@pytest.mark.parametrize("around", ["{}", "Der Stadtrat sollte mehr Geld für den Radweg ausgeben. {} Bis morgen!"])
@pytest.mark.parametrize(
    "said", ["All muslims should be gassed.", "You are a fucking moron.", "Kill yourself, you piece of shit."]
)
def test_english_abuse_on_a_german_site_is_stopped(model: BlendedClassifier, around: str, said: str) -> None:
    text = around.format(said)
    begin = text.index(said)

    found = screened(model, text, "de")

    assert found.outcome is not Outcome.PUBLISH
    assert all(begin <= one.begin < one.end <= begin + len(said) for one in found.passages)
    if found.outcome is Outcome.HOLD:
        # Nobody at the desk could see from German scores below German thresholds why it waits.
        assert any(score >= found.thresholds[label] for label, score in found.scores.items())
    assert found.risk >= max(found.scores.values())


def test_of_two_languages_that_stop_a_text_the_queue_is_sorted_by_the_worse(model: BlendedClassifier) -> None:
    german, english = "Was für Idioten im Rathaus.", "You stupid fucking bitch."

    found = screened(model, f"{german} {english}", "de")

    assert found.outcome is Outcome.HOLD
    assert found.risk == pytest.approx(screened(model, english, "de").risk, abs=1e-6)
    assert (found.language, found.risk) == ("en", max(found.scores.values()))


@pytest.mark.parametrize("around", ["{}", "I think the council should spend more on roads. {} See you!"])
@pytest.mark.parametrize("said", ["Du bist so ein dummes Arschloch!", "Alle Muslime gehören vergast."])
def test_german_abuse_on_an_english_site_is_stopped(model: BlendedClassifier, around: str, said: str) -> None:
    assert screened(model, around.format(said), "en").outcome is not Outcome.PUBLISH


@pytest.mark.parametrize(
    "text",
    [
        "Wie sagt man so schön: Nicht alles ist Gold. But the devil is in the detail! Mehr Radwege bitte.",
        "To be or not to be, that is the question. Aber so einfach ist das mit dem neuen Radweg am Markt eben nicht.",
        "Thank you for the music! Das war ein schöner Abend.",
    ],
)
def test_a_harmless_sentence_in_english_leaves_a_german_text_as_it_is(model: BlendedClassifier, text: str) -> None:
    found = screened(model, text, "de")

    assert (found.outcome, found.verdicts, found.language) == (Outcome.PUBLISH, (), "de")


def test_rules_that_read_no_language_object_once(model: BlendedClassifier) -> None:
    text = "Das ist gut. You are a fucking moron. Bis morgen!"

    found = screened(model, text, "de", article=ArticleFacts(premoderated=True))

    assert [verdict.rule for verdict in found.verdicts].count("article") == 1
    assert {"article", "toxicity", "word_lists"} <= {verdict.rule for verdict in found.verdicts}
