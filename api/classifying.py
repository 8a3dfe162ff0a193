"""Which classifier a setting means. torch is imported only when one is loaded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import structlog

from api.settings import PUBLISHED_MODELS, Settings
from moderation.classifiers.protocol import Classifier
from moderation.errors import CheckpointError, ClassifierError, ClassifierUnavailableError
from moderation.policies import Policy
from moderation.screening.pipeline import Material, default_rules, screen
from moderation.text.languages import make_ready

log = structlog.get_logger()

_SENTENCES = {
    "de": "Guten Morgen, dieser Satz wärmt nur den Motor an — mehr will er gar nicht.",
    "en": "Good morning, this sentence only warms the engine up — that is all it wants.",
}

_LOADING_S = 600.0
_MOST_THREADS = 4
"""Beyond this, what each does in Python keeps the others waiting."""

_FETCHED = Path("var/models")
"""Where published models are fetched to, each into the folder of its name."""


def classifier_for(settings: Settings) -> Classifier:
    """The scoring service for ``VORAB_MODEL``; it loads its model in its own thread when it is started."""
    from moderation.classifiers.service import ScoringService

    timeout_s = settings.classifier_timeout.total_seconds()
    return ScoringService(lambda: _for_serving(settings), timeout_s=timeout_s, threads=_threads(settings))


def _threads(settings: Settings) -> int:
    """The embedded model uses one core for a batch, every other model all of them."""
    return min(len(os.sched_getaffinity(0)), _MOST_THREADS) if settings.model == "embedded" else 1


def _for_serving(settings: Settings) -> Classifier:
    try:
        with ThreadPoolExecutor(1) as beside:
            # Unpacking what languages are told apart by leaves Python to others.
            languages = beside.submit(make_ready)
            model = load(settings)
            languages.result()
        return warmed(model)
    except ClassifierError as error:
        # Nobody watches this thread, and until it is mended every comment waits for a person.
        log.error("classifier_not_loaded", reason=str(error))
        raise


def warmed(classifier: Classifier) -> Classifier:
    """Screen a sentence of each language, so that no reader waits for what is read on first use, word lists say; it
    also shows that the model works.

    Raises:
        ClassifierError: it does not.
    """
    covered = classifier.identity.languages
    for language in [one for one in _SENTENCES if covered & {one, "*"}] or ["en"]:
        screen(Material(_SENTENCES[language], language, Policy()), default_rules(), classifier)
    return classifier


@contextmanager
def running_service(settings: Settings, *, patience_s: float, queue_limit: int) -> Iterator[Classifier]:
    """A scoring service of the caller's own, loaded, for work that nobody waits for.

    Raises:
        ClassifierUnavailableError: the model cannot be loaded.
    """
    from moderation.classifiers.service import ScoringService, ServiceState

    service = ScoringService(
        lambda: load(settings), timeout_s=patience_s, queue_limit=queue_limit, threads=_threads(settings)
    )
    service.start()
    try:
        if service.wait_until_loaded(_LOADING_S) is not ServiceState.READY:
            raise ClassifierUnavailableError(service.failure)
        yield service
    finally:
        service.close()


def load(settings: Settings) -> Classifier:
    """
    Raises:
        CheckpointError: the files are missing, can't be fetched, or are not what they should be.
    """
    if settings.model not in ("embedded", *PUBLISHED_MODELS) and Path(settings.model).is_dir():
        from moderation.classifiers import onnx_int8

        return onnx_int8.read_quantized(Path(settings.model), _demanded_digest(settings))
    from moderation.classifiers import detoxify

    if settings.model == "embedded":
        return detoxify.load_embedded()
    if settings.model in PUBLISHED_MODELS:
        from moderation.classifiers import published

        folder = _FETCHED / settings.model
        return published.load_published(
            settings.model, folder, digest=settings.model_digest, languages=settings.model_languages
        )
    return detoxify.load_checkpoint(settings.model, _demanded_digest(settings), languages=settings.model_languages)


def _demanded_digest(settings: Settings) -> str:
    if settings.model_digest is None:
        raise CheckpointError("VORAB_MODEL_DIGEST, the model's SHA-256, must be set with VORAB_MODEL")
    return settings.model_digest
