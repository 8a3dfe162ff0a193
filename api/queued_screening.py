"""Screening by workers: a web process stores, hands over, and waits for the outcome only so long."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from amqp.exceptions import AMQPError
from celery import Celery
from celery.exceptions import CeleryError
from kombu import pools
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from api import logs
from api.broker import REQUEST_ID, SCORE, SCREEN
from api.screening_runner import RunnerLimits, tell_of
from moderation import screening_jobs, workers
from moderation.classifiers.protocol import ModelIdentity, Scores, ScoringInput
from moderation.db import Database
from moderation.errors import ClassifierError, ClassifierUnavailableError, TooBusyError
from moderation.screener import Screener
from moderation.screening_jobs import Job

log = structlog.get_logger()

BROKER_ERRORS = (CeleryError, KombuError, AMQPError, RedisError, OSError)
"""Not all of what the transports raise comes wrapped."""
_PUBLISHERS = 4
_BROKER_RETURNS_S = 5.0
_LOOK_AFTER_S = (0.01, 0.015, 0.025, 0.04, 0.06, 0.1)
"""When to look whether a worker is done: soon at first, then ever more seldom, in the end every tenth of a second."""


class QueuedRunner:
    """Hands claimed jobs to the workers. What cannot be handed over is given back, and a worker finds the row."""

    def __init__(self, screener: Screener, limits: RunnerLimits, celery: Celery) -> None:
        self.screener = screener
        self._database = screener.database
        self._limits = limits
        self._celery = celery
        self._pool = ThreadPoolExecutor(_PUBLISHERS, "publishing")
        self._publishing: set[Future[None]] = set()
        self._is_patient = True
        self._watch = ThreadPoolExecutor(1, "watching")
        self._watched: Future[None] | None = None
        self._broker_away_until = 0.0

    def demand_room(self) -> None:
        """
        Raises:
            TooBusyError: more posts than that wait for the broker in this process.
        """
        if len(self._publishing) >= self._limits.backlog:
            raise TooBusyError

    def expecting(self) -> contextlib.AbstractContextManager[None]:
        """See ``Runner.expecting``. Workers gather what they find."""
        return contextlib.nullcontext()

    def run(self, job: Job) -> None:
        """Hand a claimed job over, and wait for the outcome until the deadline at the most; it is in the database then.

        After a job that missed the deadline nobody waits until one is done in time again: workers that are slow or gone
        must not make every reader wait for nothing.
        """
        tell_of(job)
        handing_over = self._pool.submit(logs.carrying(lambda: self._hand_over(job)))
        self._publishing.add(handing_over)
        handing_over.add_done_callback(self._publishing.discard)
        if self._is_patient:
            self._is_patient = self._wait(job.revision_id)
        elif self._watched is None or self._watched.done():
            self._watched = self._watch.submit(self._look_whether_waiting_is_worth_it, job.revision_id)

    def _look_whether_waiting_is_worth_it(self, revision_id: uuid.UUID) -> None:
        self._is_patient = self._wait(revision_id)

    def missing(self) -> str | None:
        """See ``Runner.missing``. Asks the broker, for a second at the most."""
        try:
            with self._celery.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, interval_start=0, timeout=1)
        except BROKER_ERRORS as error:
            return f"the broker does not answer: {type(error).__name__}"
        return None

    def screen_later(self, revision_id: uuid.UUID) -> None:
        """Nothing: the workers look for themselves after what was left over."""

    def close(self) -> None:
        """Hand over what was begun, take on nothing more."""
        self._pool.shutdown(wait=True)
        self._watch.shutdown(wait=True, cancel_futures=True)
        pools.reset()  # type: ignore[no-untyped-call]  # kombu has no types.
        with contextlib.suppress(AttributeError):  # Celery's own way to say that no answer was ever waited for.
            self._celery.backend.result_consumer.stop()

    def _hand_over(self, job: Job) -> None:
        try:
            self._publish(job)
        except BROKER_ERRORS as error:
            self._broker_away_until = time.monotonic() + _BROKER_RETURNS_S
            log.warning("broker_unavailable", error=type(error).__name__, revision_id=str(job.revision_id))
            self._give_back(job)

    def _publish(self, job: Job) -> None:
        if time.monotonic() < self._broker_away_until:
            raise ConnectionError
        age = self._limits.deadline.total_seconds() + 60
        self._celery.send_task(
            SCREEN,
            (str(job.revision_id), str(job.token)),
            expires=age,
            ignore_result=True,
            headers={REQUEST_ID: structlog.contextvars.get_contextvars().get("request_id")},
        )

    def _give_back(self, job: Job) -> None:
        with self._database.write() as session:
            screening_jobs.release(session, job)

    def _wait(self, revision_id: uuid.UUID) -> bool:
        """Whether the revision was screened before the deadline."""
        deadline = time.monotonic() + self._limits.deadline.total_seconds()
        for pause in itertools.chain(_LOOK_AFTER_S, itertools.repeat(_LOOK_AFTER_S[-1])):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(pause, left))
            with self._database.read() as session:
                is_done = screening_jobs.is_done(session, revision_id)
            if is_done:
                # Whoever is told of the outcome shall see it on the next page.
                self._database.forget_recent()
                return True
        raise AssertionError("the pauses never end")


class RemoteClassifier:
    """The workers' classifier, asked through the broker: for previews, of which nothing is stored."""

    _IDENTITY_S = 2.0

    def __init__(
        self, database: Database, celery: Celery, clock: Callable[[], dt.datetime], timeout: dt.timedelta
    ) -> None:
        self._database, self._celery, self._clock = database, celery, clock
        self._timeout_s = timeout.total_seconds()
        self._known: tuple[float, ModelIdentity] | None = None

    @property
    def identity(self) -> ModelIdentity:
        """
        Raises:
            ClassifierUnavailableError: no worker is there, or none has a model.
        """
        known = self._known
        if known is not None and time.monotonic() - known[0] < self._IDENTITY_S:
            return known[1]
        with self._database.read() as session:
            found = workers.identity(session, now=self._clock())
        self._known = (time.monotonic(), found)
        return found

    def score(self, inputs: Sequence[ScoringInput]) -> list[Scores]:
        """See ``Classifier.score``.

        Raises:
            ClassifierUnavailableError: the broker or the workers do not answer.
            ClassifierError: the workers could not score it.
        """
        asked = [[one.text, one.language] for one in inputs]
        try:
            sent = self._celery.send_task(SCORE, (asked,), expires=self._timeout_s, ignore_result=False)
            answer = sent.get(timeout=self._timeout_s, propagate=False)
        except (
            *BROKER_ERRORS,
            TimeoutError,
            RuntimeError,
        ) as error:  # The last is Celery's for a backend that is away.
            raise ClassifierUnavailableError(f"the workers do not answer: {type(error).__name__}") from error
        if not isinstance(answer, list) or len(answer) != len(inputs):
            raise ClassifierError("the workers could not score it")
        return answer
