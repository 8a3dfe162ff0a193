"""A process that screens for the web processes, with a model of its own.

Jobs come over the broker within milliseconds. What comes no other way (the broker is away, a message was lost, a worker
died) is found by the sweep for rows that nobody has, which every worker makes each second.
"""

from __future__ import annotations

import threading
import uuid
from typing import Any

import structlog
from celery import Celery, signals
from celery.concurrency import get_implementation
from prometheus_client import start_http_server

from api import metrics
from api.app import Replacements, begin_to_load, make_services
from api.broker import REQUEST_ID, SCORE, SCREEN, celery_for
from api.mail import mailer_for
from api.maintenance import Maintenance
from api.services import Services
from api.settings import Settings
from moderation import workers
from moderation.classifiers.protocol import ModelIdentity, ScoringInput
from moderation.errors import ClassifierUnavailableError
from moderation.identifiers import new_id

log = structlog.get_logger()


def run(
    settings: Settings,
    *,
    threads: int,
    metrics_at: tuple[str, int] | None = None,
    replacements: Replacements | None = None,
) -> None:
    """Work until SIGTERM, which lets screenings under way finish. ``metrics_at``: host and port of the figures."""
    services = make_services(settings, replacements or Replacements(), queued=False)
    # Whoever answers this signal keeps Celery from logging in its own way: its lines quote arguments, people's texts.
    signals.setup_logging.connect(_leave_logging_alone)
    celery = celery_for(settings)
    add_tasks(celery, services)
    begin_to_load(services.classifier)
    maintenance = Maintenance(services, mailer_for(settings))
    pulse = Pulse(services)
    maintenance.start()
    pulse.start()
    if metrics_at is not None:
        host, port = metrics_at
        start_http_server(port, host, registry=metrics.everything(services))
    try:
        celery.Worker(
            pool_cls=get_implementation("threads"),
            concurrency=threads,
            queues=settings.broker_queue,
            loglevel="WARNING",
            quiet=True,
            without_gossip=True,
            without_mingle=True,
        ).start()
    finally:
        pulse.stop()
        maintenance.stop()
        services.runner.close()
        close = getattr(services.classifier, "close", None)
        if close is not None:
            close()
        services.database.dispose()


def _leave_logging_alone(**_: Any) -> None:
    pass


def add_tasks(celery: Celery, services: Services) -> None:
    """The two things that a web process asks of a worker."""

    @celery.task(name=SCREEN, ignore_result=True, bind=True)  # type: ignore[untyped-decorator]  # Celery has no types.
    def screen(task: Any, revision_id: str, token: str) -> None:
        with structlog.contextvars.bound_contextvars(request_id=task.request.get(REQUEST_ID)):
            services.runner.screener.take_over(uuid.UUID(revision_id), uuid.UUID(token))

    @celery.task(name=SCORE, ignore_result=False)  # type: ignore[untyped-decorator]  # As above.
    def score(asked: list[list[str]]) -> list[dict[str, float]]:
        found = services.classifier.score([ScoringInput(text, language) for text, language in asked])
        return [dict(scores) for scores in found]


class Pulse:
    """Says every few seconds, in the database, that this worker is there and which model it has."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._id = new_id()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="pulse", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def beat(self) -> None:
        model, reason = self._model()
        services = self._services
        with services.database.write() as session:
            workers.beat(session, self._id, model, reason, now=services.clock())

    def _model(self) -> tuple[ModelIdentity | None, str]:
        try:
            return self._services.classifier.identity, ""
        except ClassifierUnavailableError as error:
            return None, str(error)

    def _loop(self) -> None:
        while not self._stop.is_set():
            self._try(self.beat)
            # While the model loads, its readiness is told as soon as it is there.
            self._stop.wait(workers.BEAT_EVERY.total_seconds() if self._model()[0] else 0.5)
        self._try(self._leave)

    def _leave(self) -> None:
        with self._services.database.write() as session:
            workers.leave(session, self._id)

    @staticmethod
    def _try(work: Any) -> None:
        try:
            work()
        except Exception:  # A database that is away for a minute must not end the pulse for good.
            log.exception("pulse_failed")
