"""What a loaded model answers, whatever it is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from detoxify import Detoxify

from moderation.classifiers import library
from moderation.classifiers.blended import BlendedClassifier
from moderation.classifiers.checkpoints import read_checkpoint
from moderation.classifiers.detoxify import load_checkpoint, load_embedded
from moderation.classifiers.files import file_digest
from moderation.classifiers.library import CheckedDetoxify
from moderation.classifiers.protocol import Classifier, ScoringInput
from moderation.errors import ClassifierError

TEXTS = [
    "Der Hund bellt laut.",
    "",
    "Du bist ein Trottel!",
    "the quick brown fox " * 40,
    "ein\ud83d Ersatz\ude00",
    "Was für ein Unsinn 😀",
] * 4


@pytest.fixture(scope="module")
def blended(pristine: Path) -> BlendedClassifier:
    return load_embedded(pristine)


@pytest.fixture(scope="module", params=["blended", "plain"])
def classifier(request: pytest.FixtureRequest, pristine: Path) -> Classifier:
    if request.param == "blended":
        return load_embedded(pristine)
    path = pristine / "model.ckpt"
    return load_checkpoint(path, file_digest(path), languages={"de"})


def german(*texts: str) -> list[ScoringInput]:
    return [ScoringInput(text, "de") for text in texts]


def test_g9_no_texts_give_no_scores(classifier: Classifier) -> None:
    assert classifier.score([]) == []


def test_g9_a_batch_scores_like_its_texts_one_by_one_and_in_order(classifier: Classifier) -> None:
    together = classifier.score(german(*TEXTS))
    for text, scores in zip(TEXTS, together, strict=True):
        (alone,) = classifier.score(german(text))
        assert scores == pytest.approx(alone, abs=1e-5)
    assert len({round(scores["toxicity"], 6) for scores in together}) > 3


@pytest.mark.parametrize(
    "text",
    ["\ud800", "\x00", "e" + "\u0301" * 10_000, "x" * 1_000_000, "x " * 500_000, "\u200b" * 50, "\ufdfa" * 400],
    ids=["surrogate", "nul", "combining marks", "1 MB word", "1 MB words", "zero width", "ligatures"],
)
def test_hostile_text_is_scored_like_any_other(classifier: Classifier, text: str) -> None:
    (scores,) = classifier.score(german(text))
    assert all(0 <= score <= 1 for score in scores.values())


def test_detoxify_itself_loads_the_checkpoint_and_gives_the_same_scores(
    pristine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = CheckedDetoxify(read_checkpoint(pristine / "model.ckpt", file_digest(pristine / "model.ckpt")), pristine)
    monkeypatch.chdir(pristine)
    theirs = Detoxify(checkpoint="model.ckpt").predict(["Der Hund bellt.", "Unsinn"])
    ours = checked.predict(["Der Hund bellt.", "Unsinn"])
    assert ours.keys() == theirs.keys()
    for label, scores in ours.items():
        assert scores == pytest.approx(theirs[label], abs=1e-6)


def test_predict_always_answers_with_lists(pristine: Path) -> None:
    path = pristine / "model.ckpt"
    model = CheckedDetoxify(read_checkpoint(path, file_digest(path)), pristine)
    assert model.predict([]) == {label: [] for label in model.class_names}
    assert model.predict("eins") == model.predict(["eins"])
    assert all(isinstance(scores, list) for scores in model.predict("eins").values())


def test_each_language_has_its_own_labels(blended: BlendedClassifier) -> None:
    inputs = [ScoringInput("ein Hund", "de"), ScoringInput("a dog", "en"), ScoringInput("der Hund", "de")]
    first, second, third = blended.score(inputs)
    assert set(second) == {"toxicity"}
    assert set(first) == set(third) == {"toxicity", "obscene", "insult", "identity_attack"}


def test_a_language_that_the_model_was_not_trained_for_is_an_error(blended: BlendedClassifier) -> None:
    with pytest.raises(ClassifierError, match="not trained for 'fr'"):
        blended.score([ScoringInput("bonjour", "fr")])


def test_a_crash_inside_the_library_is_our_error(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("Already borrowed")

    monkeypatch.setattr(library.Detoxify, "predict", crash)
    with pytest.raises(ClassifierError, match="RuntimeError"):
        classifier.score(german("text"))


def test_a_score_that_is_not_a_number_is_an_error(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = dict.fromkeys(classifier.identity.labels, float("nan"))
    monkeypatch.setattr(library.Detoxify, "predict", lambda *_: nothing)
    with pytest.raises(ClassifierError, match="not a number"):
        classifier.score(german("text"))


def test_a_linear_half_that_is_not_a_number_is_an_error(pristine: Path) -> None:
    broken = load_embedded(pristine)
    broken._linear["de"].bias[:] = float("nan")
    with pytest.raises(ClassifierError, match="not a number"):
        broken.score(german("text"))


@pytest.mark.parametrize(("load", "threads"), [(load_embedded, 1), (None, 3)])
def test_only_a_large_network_uses_all_cores_for_one_batch(
    pristine: Path, monkeypatch: pytest.MonkeyPatch, load: Callable[[Path], object] | None, threads: int
) -> None:
    before = torch.get_num_threads()
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2})
    path = pristine / "model.ckpt"
    _ = load(pristine) if load else load_checkpoint(path, file_digest(path))
    assert torch.get_num_threads() == threads
    torch.set_num_threads(before)
