"""Which classifier a setting means. torch is imported only when one is loaded."""

from __future__ import annotations

from api.settings import Settings
from moderation.classifiers.protocol import Classifier
from moderation.errors import CheckpointError
from moderation.policies import Policy
from moderation.screening.pipeline import Material, default_rules, screen

_SENTENCES = {
    "de": "Guten Morgen, dieser Satz wärmt nur den Motor an — mehr will er gar nicht.",
    "en": "Good morning, this sentence only warms the engine up — that is all it wants.",
}


def classifier_for(settings: Settings) -> Classifier:
    """The scoring service for ``VORAB_MODEL``; it loads its model in its own thread when it is started."""
    from moderation.classifiers.service import ScoringService

    return ScoringService(lambda: warmed(load(settings)), timeout_s=settings.classifier_timeout.total_seconds())


def warmed(classifier: Classifier) -> Classifier:
    """Screen one sentence, so that no reader waits for what is read on first use; it also shows that the model works.

    Raises:
        ClassifierError: it does not.
    """
    language = "de" if classifier.identity.languages & {"de", "*"} else "en"
    screen(Material(_SENTENCES[language], language, Policy()), default_rules(), classifier)
    return classifier


def load(settings: Settings) -> Classifier:
    """
    Raises:
        CheckpointError: the files are missing, or not what they should be.
    """
    from moderation.classifiers import detoxify

    if settings.model == "embedded":
        return detoxify.load_embedded()
    if settings.model_digest is None:
        raise CheckpointError("VORAB_MODEL_DIGEST, the checkpoint's SHA-256, must be set with VORAB_MODEL")
    return detoxify.load_checkpoint(settings.model, settings.model_digest, languages=settings.model_languages)
