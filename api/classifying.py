"""Which classifier a setting means."""

from __future__ import annotations

from api.settings import Settings
from moderation.classifiers.protocol import Classifier


def classifier_for(settings: Settings) -> Classifier:
    """The scoring service for ``VORAB_MODEL``; its model is loaded when it is started."""
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
    return detoxify.load_checkpoint(settings.model, settings.model_digest)
