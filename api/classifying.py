"""Which classifier a setting means. torch is imported only when one is loaded."""

from __future__ import annotations

from api.settings import Settings
from moderation.classifiers.protocol import Classifier
from moderation.errors import CheckpointError


def classifier_for(settings: Settings) -> Classifier:
    """The scoring service for ``VORAB_MODEL``; it loads its model in its own thread when it is started."""
    from moderation.classifiers.service import ScoringService

    return ScoringService(lambda: load(settings), timeout_s=settings.classifier_timeout.total_seconds())


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
